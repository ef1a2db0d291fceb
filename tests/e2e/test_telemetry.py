"""What operators see of real services: metrics, health, logs, traces."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from syncline.contracts.topics import TRIGGERS
from syncline.contracts.wire import Outbound
from syncline.domain.run import Run, State
from syncline.postgres.database.database import Database, open_database
from syncline.testing.http_api import HttpApi, Trouble
from tests.support.collector import Collector, collector
from tests.support.configured import store_instance
from tests.support.erp_shop import store_erp_shop
from tests.support.eventually import eventually
from tests.support.http_world import SINGLE, listening
from tests.support.installation import SERVICES, Installation, installation
from tests.support.kafka import KafkaPlace
from tests.support.prometheus import prometheus
from tests.support.stored_runs import store_runs
from tests.support.watch import WATCH, queries

RIGHTLY_EMPTY = {"SynclineFiguresAreMissing": "it asks for what is not there"}
_DUE = """
insert into schedules (id, tenant, name, instance_id, entity_type, cron, timezone, sentence,
  next_at, changed_at)
select gen_random_uuid(), s.tenant, 'due', i.id, 'item',
  to_char(now(), 'FMMI FMHH24 FMDD FMMM *'), 'UTC', '', date_trunc('minute', now()), now()
from streams s join instances i on i.id = s.instance_id where i.name = 'erp-shop'
"""
ON_THE_WAY = {"trigger", "ingest", "normalize", "transform", "execute", "finalize"}
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Watched(msgspec.Struct):
    """An installation, its database, who collects its spans, and a client of its gateway."""

    place: Installation
    db: Database
    collecting: Collector
    api: httpx.AsyncClient


@pytest.fixture(scope="module")
async def watched(
    module_kafka: KafkaPlace, module_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Watched]:
    async with collector() as collecting, open_database(module_postgres) as db:
        extra = {"SYNCLINE_OTLP_ENDPOINT": collecting.endpoint, "SYNCLINE_METRICS_NAMES": "true"}
        logs = tmp_path_factory.mktemp("logs")
        async with installation(module_kafka, module_postgres, logs, extra) as place:
            await store_erp_shop(db, place)
            await db.execute("update source_items set active = 'maybe' where code = 'A4'")
            await place.start("scheduler")
            async with await place.start_gateway() as api:
                yield Watched(place, db, collecting, api)


async def test_operators_see_what_the_services_do(watched: Watched) -> None:
    place, collecting = watched.place, watched.collecting
    key = b"01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"
    await store_runs(watched.db, [key.decode()])
    named = (("correlation-id", key), ("tenant", b"default"))
    await place.producer.send([Outbound("raw", key, b"{not json", 0, named)])
    run = await place.run(instance="erp-shop", entityType="item", maxEntities=200)
    assert (run.state, run.counters.success) == (State.PARTIAL_SUCCESS, 199)
    given = await continued(place)

    await eventually(lambda: metrics_are_right(place), within=20)
    await health_is_told(place)
    logs_can_be_read(place, key.decode())
    await eventually(lambda: logs_tell_of(place, run), within=20)
    await eventually(lambda: is_one_trace(collecting, UUID(run.id).hex), within=20)
    assert {s.trace for s in collecting.spans} == {
        UUID(run.id).hex,
        TRACE,
        UUID(key.decode()).hex,
    }
    await eventually(lambda: is_one_trace(collecting, TRACE, parent="00f067aa0ba902b7"), within=20)
    assert given.state is State.SUCCEEDED
    await requests_are_traced(watched)


async def test_prometheus_has_an_answer_to_every_query_of_rules_and_dashboards(
    watched: Watched, tmp_path: Path
) -> None:
    place, db, api = watched.place, watched.db, watched.api
    async with listening(HttpApi()) as shop:
        run = await place.run(instance="erp-shop", entityType="item", sourceIds=["A1"])
        assert run.state is State.SUCCEEDED
        for service in ("notifier", "monitor"):
            await place.start(service)
        await place.ready()
        await store_api_sync(db, place, shop)
        async with prometheus(place.ports, WATCH / "rules.yml", tmp_path) as asked:
            refused = await things_happen(db, place, shop)
            await eventually(lambda: asked.answers("syncline_open_breaker"), within=60)
            left = dict.fromkeys(queries())

            async def all_are_answered() -> bool:
                assert (await api.get("/api/v1/instances")).status_code == 200
                for where, query in list(left):
                    if where in RIGHTLY_EMPTY or await asked.answers(query):
                        del left[where, query]
                assert not left, sorted(where for where, _ in left)
                return True

            await eventually(all_are_answered, within=60)
            await eventually(lambda: failures_are_told(place, refused.id), within=30)
            rules = await asked.get("rules")
            assert {r["health"] for g in rules["groups"] for r in g["rules"]} == {"ok"}


async def store_api_sync(db: Database, place: Installation, shop: HttpApi) -> None:
    """Store an instance from the items' table to an API, one call for each record."""
    document = {
        "entityType": "item",
        "extraction": {"mode": "config", "table": "source_items", "idColumn": "code"},
        "normalization": {"fields": [{"source": n, "target": n} for n in ("code", "name")]},
        "transformation": {
            "matchKey": "sku", "target": SINGLE,
            "fields": [{"source": "code", "target": "sku"}, {"source": "name", "target": "name"}],
        },
    }  # fmt: skip
    source = await db.fetchval("select id from profiles where name = 'erp'")
    async with db.transaction() as c:
        target = await place.profiles(c).store("web", "http", {"baseUrl": shop.url}, {})
        await store_instance(c, "erp-web", (source, target), "web-items", document)


async def things_happen(db: Database, place: Installation, shop: HttpApi) -> Run:
    """Let a call fail and be tried again, a record be refused, and the API go away."""
    await db.execute(_DUE)
    shop.trouble += [Trouble(method="POST", status=503), Trouble(method="POST", status=422)]
    run = await place.run(instance="erp-web", entityType="item", maxEntities=5)
    assert (run.counters.success, run.counters.failed) == (4, 1)
    await shop.close()
    await place.trigger(instance="erp-web", entityType="item", maxEntities=50, mode="force_full")

    async def is_open() -> bool:
        return bool(await db.fetchval("select 1 from profile_breakers where closed_at is null"))

    await eventually(is_open, within=30)
    return run


async def continued(place: Installation) -> Run:
    """Trigger a run as part of somebody's trace."""
    run_id = "01996f4e-8a4c-7d50-b3c5-000000000001"
    header = ("traceparent", f"00-{TRACE}-{PARENT}-01".encode())
    data = {"instance": "erp-shop", "entityType": "item", "sourceIds": ["A1"], "mode": "force_full"}
    value = json.dumps(data).encode()
    await place.producer.send([Outbound(TRIGGERS, run_id.encode(), value, 0, (header,))])
    return await place.ended(run_id)


Metrics = dict[tuple[str, str], float]


async def scraped(place: Installation, service: str) -> Metrics:
    """Read a service's metrics as name and label values, in the order of the labels' names."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{place.ports[service]}/metrics")
    return {
        (sample.name, ",".join(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def metrics_are_right(place: Installation) -> bool:
    found = {service: await scraped(place, service) for service in SERVICES}

    def value(service: str, name: str, labels: str = "") -> float | None:
        return found[service].get((f"syncline_{name}", labels))

    assert value("ingest", "records_total", "passed,ingest") == 201
    assert value("normalize", "records_total", "passed,normalize") == 200
    assert value("normalize", "dead_letters_total", "permanent,normalize") == 1
    assert value("normalize", "poison_total", "normalize") == 1
    assert value("transform", "records_total", "passed,transform") == 200
    assert value("finalize", "records_total", "success,execute") == 200
    assert value("finalize", "records_total", "failed,normalize") == 1
    assert value("finalize", "in_flight_records") == 0
    assert value("ingest", "in_flight_records") is None, "only Finalize knows it"
    assert (value("finalize", "runs_total", "partial_success") or 0) >= 1
    for service in ON_THE_WAY:
        assert (value(service, "batch_seconds_count", service) or 0) >= 1
        lag = {labels: v for (name, labels), v in found[service].items() if name == "syncline_lag"}
        assert lag, service
        assert set(lag.values()) == {0.0}
    return True


async def health_is_told(place: Installation) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        for service in SERVICES:
            at = f"http://127.0.0.1:{place.ports[service]}"
            alive, ready, unknown = [
                await client.get(f"{at}{p}") for p in ("/healthz", "/readyz", "/")
            ]
            assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
            assert ready.status_code == 200
            assert {"group", "control", "dependencies"} <= ready.json().keys()
            assert set(ready.json().values()) == {"ok"}
            assert unknown.json() == {"error": "known: /healthz, /readyz, /metrics"}


def logs_can_be_read(place: Installation, key: str) -> None:
    for service in SERVICES:
        lines = [json.loads(x) for x in (place.logs / f"{service}.log").read_text().splitlines()]
        assert all({"time", "level", "event", "service"} <= line.keys() for line in lines)
        if service == "normalize":
            (refused,) = [line for line in lines if line["event"] == "message_undecodable"]
            assert (refused["stage"], refused["correlation_id"]) == ("normalize", key)


def story_of(place: Installation, named: str) -> list[dict[str, Any]]:
    """Read the lines that a search for an ID finds in the logs of all services, in their order."""
    logs = [path.read_text().splitlines() for path in place.logs.glob("*.log")]
    return [json.loads(line) for line in sorted(x for own in logs for x in own if named in x)]


def logs_tell_of(place: Installation, run: Run) -> bool:
    story = story_of(place, run.id)
    events = [(line["service"], line["event"]) for line in story]
    assert events[0] == ("trigger", "run_accepted")
    told = {event for _, event in events}
    assert told >= {"reading_begins", "reading_ended", "dead_letter", "run_ended"}
    begun = {service for service, event in events if event == "stage_begins_run"}
    assert begun == {"normalize", "transform", "execute"}
    (ended,) = [line for line in story if line["event"] == "run_ended"]
    assert (ended["state"], ended["success"], ended["failed"]) == ("partial_success", 199, 1)
    (lost,) = [line for line in story if line["event"] == "dead_letter"]
    assert (lost["stage"], list(lost["codes"].values())) == ("normalize", [1])
    for line in story:
        assert (line["tenant"], line["instance"]) == ("default", "erp-shop"), line
    return True


def request_is_told(place: Installation, request_id: str) -> bool:
    lines = [line for line in story_of(place, request_id) if line["event"] == "request"]
    assert len(lines) == 1
    line = lines[0]
    assert (line["method"], line["route"]) == ("POST", "/sync-events")
    assert (line["status"], line["tenant"]) == (202, "default")
    assert line["user"].startswith("api-key:")
    return True


def failures_are_told(place: Installation, run_id: str) -> bool:
    story = [line for line in story_of(place, run_id) if line.get("stage") == "execute"]
    refused = [line["codes"] for line in story if line["event"] == "call_refused"]
    assert refused == [{"http_503": 1}, {"http_422": 1}]
    assert [line["event"] for line in story].count("records_retried") == 1
    done = [line for line in story if line["event"] == "stage_done_with_run"]
    assert sum(line.get("dead_letters", 0) for line in done) == 1
    return True


async def requests_are_traced(watched: Watched) -> None:
    """Begin runs by a request with somebody's trace, and by a schedule that finds nothing new."""
    place, db, collecting, api = watched.place, watched.db, watched.collecting, watched.api
    trace = TRACE[::-1]
    headers = {"traceparent": f"00-{trace}-{PARENT}-01"}
    body = {"instance": "erp-shop", "entityType": "item"}
    asked = await api.post("/api/v1/sync-events", json=body, headers=headers)
    assert asked.status_code == 202, asked.text
    await eventually(lambda: request_is_told(place, asked.headers["x-request-id"]), within=20)
    await place.ended(asked.json()["correlationId"])
    await eventually(lambda: is_one_trace(collecting, trace, PARENT, "gateway"), within=20)
    await db.execute(_DUE)
    first = "select run_id from firings order by slot limit 1"
    fired = await eventually(lambda: db.fetchval(first), within=20)
    own = UUID(fired).hex
    passed = {"scheduler", "trigger", "ingest", "finalize"}
    await eventually(lambda: is_one_trace(collecting, own, "", "scheduler", passed), within=20)
    await db.execute("delete from firings")
    await db.execute("delete from schedules")


def is_one_trace(
    collecting: Collector,
    trace: str,
    parent: str = "",
    first: str = "trigger",
    passed: set[str] = ON_THE_WAY,
) -> bool:
    """Hold a run's spans against: one root, every parent known, every service that it passed."""
    spans = [span for span in collecting.spans if span.trace == trace]
    assert {span.service for span in spans} >= {f"syncline-{service}" for service in passed}
    known = {span.id for span in spans}
    roots = [span for span in spans if span.parent not in known]
    assert [(root.service, root.parent) for root in roots] == [(f"syncline-{first}", parent)]
    return True
