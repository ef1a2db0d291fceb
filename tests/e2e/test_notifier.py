"""The notifier as processes: status events from Kafka, each state change told once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import ascii_lowercase
from uuid import uuid4

from syncline.contracts.events import COMPLETED, PROGRESS, RunStatus
from syncline.contracts.status import status_message
from syncline.contracts.topics import DLQ, STATUS
from syncline.contracts.wire import Outbound
from syncline.domain.notification.subscription import SubscriptionConfig
from syncline.kafka.admin import KafkaAdmin
from syncline.postgres.database.database import open_database
from syncline.postgres.notifications.subscriptions import Subscriptions
from syncline.security.secrets import Keyring
from syncline.security.signature import new_signing_secret
from tests.support.configured import configure
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.kafka import KafkaPlace
from tests.support.receiver import Receiver, receiver
from tests.support.stored_runs import store_runs
from tests.support.topics import lying

T0 = datetime(2026, 1, 1, tzinfo=UTC)
INSTANCES = [f"instance-{n}" for n in range(20)]
BROKEN = Outbound(STATUS, b"?", b"{nope", 1)


def event(instance: str, state: str, minute: int, type_: str = COMPLETED) -> Outbound:
    at = T0 + timedelta(minutes=minute)
    cause = ascii_lowercase[INSTANCES.index(instance)] * 4  # each fails for a reason of its own
    run = RunStatus(
        str(uuid4()), "default", instance, "item", "incremental", "cli", state, minute, 1,
        finished_at=at.isoformat(), reason=cause if state == "failed" else None,
    )  # fmt: skip
    return status_message(type_, "finalize", run, at)


def quiet() -> list[Outbound]:
    """Nothing to tell of a stream that is failing already."""
    again = [event(i, "failed", 2) for i in INSTANCES]
    return again + [event(i, "in_progress", 2, PROGRESS) for i in INSTANCES]


async def test_two_processes_tell_every_change_once(
    kafka: KafkaPlace, postgres: str, tmp_path: Path
) -> None:
    place = Installation(kafka, postgres, tmp_path, {})
    await KafkaAdmin(place.connection).create_topics(4, 1)
    async with receiver() as hook:
        secret = await _subscribe(place, hook)
        try:
            for name in ("notifier-1", "notifier-2"):
                await place.start("notifier", name)
            await place.ready()
            failures = [event(i, "failed", 1) for i in INSTANCES]
            await _publish(place, [*failures, BROKEN, *failures, *quiet()])
            await eventually(lambda: len(hook.received) >= len(INSTANCES), within=60)
            await _publish(place, [event(i, "succeeded", 3) for i in INSTANCES] + quiet())
            await eventually(lambda: len(hook.received) >= 2 * len(INSTANCES), within=60)
        finally:
            for name in list(place.processes):
                assert await place.stop(name) == 0
            await place.producer.stop()
    told = Counter((r.event["data"]["instance"], r.event["data"]["alert"]) for r in hook.received)
    assert told == Counter((i, alert) for i in INSTANCES for alert in ("run_failed", "recovered"))
    assert all(received.signed_by(secret) for received in hook.received)
    assert len(await lying(place.connection, DLQ)) == 1
    logs = _logs(tmp_path)
    assert "notification_delivered" in logs
    assert secret.removeprefix("whsec_") not in logs


async def _publish(place: Installation, events: list[Outbound]) -> None:
    """Publish events, of runs that there are."""
    run_ids = {event.key.decode() for event in events if event is not BROKEN}
    async with open_database(place.dsn, size=1) as database:
        await store_runs(database, run_ids)
    await place.producer.send(events)


def _logs(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.glob("*.log"))


async def _subscribe(place: Installation, hook: Receiver) -> str:
    secret = new_signing_secret()
    keys = Keyring.parse(place.environment["SYNCLINE_SECRET_KEYS"])
    config = SubscriptionConfig(name="ops", events=("run_failed",), url=hook.url)
    async with open_database(place.dsn, size=1) as database:
        await configure(database)
        await Subscriptions(database, keys).create("default", "test", config, secret)
    return secret
