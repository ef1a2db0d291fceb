"""Each service with a user of its own on Kafka: all works, and none can do what is not its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from syncline.bootstrap.services import SERVICES
from syncline.contracts.rights import RIGHTS
from syncline.contracts.topics import TENANT_TRIGGERS, TOPICS
from syncline.contracts.wire import Outbound
from syncline.domain.run import State
from syncline.domain.service_status import Dot
from syncline.kafka.acl_commands import commands
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.failures import BrokerRefusedError
from syncline.kafka.producer import KafkaProducer
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.monitoring.service_status import ServiceStatusStore
from syncline.postgres.runs.auditor import audit
from tests.support.erp_shop import store_erp_shop
from tests.support.eventually import eventually
from tests.support.guarded_kafka import PREFIX, GuardedKafka, guarded_kafka
from tests.support.installation import Installation
from tests.support.kafka import KafkaPlace

BY_COMMAND = "trigger"
"""This service's rights are granted by the printed commands, each of which starts a JVM."""


@pytest.fixture(scope="module")
async def broker() -> AsyncIterator[GuardedKafka]:
    async with guarded_kafka() as broker:
        yield broker


@pytest.fixture(scope="module")
async def place(
    broker: GuardedKafka, module_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    logs = tmp_path_factory.mktemp("logs")
    place = Installation(KafkaPlace(broker.bootstrap, PREFIX), module_postgres, logs, {})
    place.of_service = {name: broker.settings_of(name) for name in SERVICES}
    await KafkaAdmin(place.connection).create_topics(4, 1)
    await broker.grant([name for name in SERVICES if name != BY_COMMAND])
    printed = commands(PREFIX, "syncline-SERVICE", broker.bootstrap)
    await broker.run_commands([c for c in printed if f"syncline-{BY_COMMAND}'" in c])
    for name in SERVICES:
        if name != "gateway":
            await place.start(name)
    try:
        yield place
    finally:
        await place.producer.stop()
        for name in list(place.processes):
            await place.stop(name)


@pytest.fixture(scope="module")
async def client(place: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with await place.start_gateway() as client:
        yield client


async def test_what_was_granted_can_be_asked_by_who_may(
    place: Installation, broker: GuardedKafka
) -> None:
    assert await KafkaAdmin(place.connection).missing_rights() == {}
    with pytest.raises(BrokerRefusedError):
        await KafkaAdmin(broker.connection_of("execute")).missing_rights()


async def test_everything_works(
    place: Installation, broker: GuardedKafka, client: httpx.AsyncClient
) -> None:
    async with open_database(place.dsn) as db:
        await store_erp_shop(db, place)
        await db.execute("update source_items set name = null where code = 'A7'")
        asked = {"instance": "erp-shop", "entityType": "item"}
        accepted = await client.post("/api/v1/sync-events", json=asked)
        assert accepted.status_code == 202, accepted.text
        run = await place.ended(accepted.json()["correlationId"])
        assert (run.state, run.counters.failed) == (State.PARTIAL_SUCCESS, 1)

        shown = await client.get("/api/v1/records/passport", params={"sourceId": "A8"})
        assert shown.status_code == 200, shown.text
        passport = shown.json()
        kept = {payload["kind"]: payload["state"] for payload in passport["payloads"]}
        assert set(kept.values()) == {"kept"}, "read from the topics of the stages"

        dead = await eventually(lambda: pending(client), within=30)
        await db.execute("update source_items set name = 'mended' where code = 'A7'")
        replayed = await client.post(f"/api/v1/dlq/{dead}/replay", json={})
        assert replayed.status_code in (200, 202), replayed.text

        tenant = await client.post("/api/v1/tenants", json={"id": "acme"})
        assert tenant.status_code == 201, tenant.text
        own = f"{PREFIX}{TENANT_TRIGGERS}acme"
        assert own in await topics_of(broker)

        services = await eventually(lambda: all_green(db), within=60)
        assert set(services) == set(SERVICES)
        assert await audit(db) == []


async def test_a_run_is_cancelled_over_the_api(client: httpx.AsyncClient) -> None:
    async def accepted() -> str | None:  # the replay of before may not be over
        fields = {"instance": "erp-shop", "entityType": "item", "mode": "force_full"}
        answer = await client.post("/api/v1/sync-events", json=fields)
        return answer.json()["correlationId"] if answer.status_code == 202 else None

    run_id = await eventually(accepted, within=30)
    cancelled = await client.post(f"/api/v1/sync-events/{run_id}/cancel")
    assert cancelled.status_code == 202, cancelled.text


async def pending(client: httpx.AsyncClient) -> str | None:
    entries = (await client.get("/api/v1/dlq", params={"status": "pending"})).json()["items"]
    return entries[0]["id"] if entries else None


async def topics_of(broker: GuardedKafka) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        return set(await admin.list_topics())
    finally:
        await admin.close()


async def all_green(db: Database) -> list[str]:
    _, services = await ServiceStatusStore(db).services()
    assert [(s.service, s.why) for s in services if s.dot is not Dot.GREEN] == []
    return [s.service for s in services]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_writes_to_no_topic_of_others(broker: GuardedKafka, service: str) -> None:
    others = [topic.name for topic in TOPICS if topic.name not in RIGHTS[service].writes]
    producer = KafkaProducer(broker.connection_of(service))
    written = []
    for topic in others:
        try:
            await producer.send([Outbound(topic, b"key", b"{}", 0)])
        except BrokerRefusedError:
            continue
        written.append(topic)
    await producer.stop()
    assert others
    assert written == []
