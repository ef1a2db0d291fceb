"""The dead-letter queue over HTTP: find, look, edit and replay, discard, do it to many."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from syncline.postgres.database.database import Database, open_database
from tests.support.erp_shop import store_erp_shop
from tests.support.eventually import eventually
from tests.support.installation import Installation

DLQ, OPERATIONS = "/api/v1/dlq", "/api/v1/operations"
EXACT = "23958446825181076828.100001"


@pytest.fixture(scope="module")
async def place(module_place: Installation) -> Installation:
    async with open_database(module_place.dsn) as database:
        await store_erp_shop(database, module_place)
        await database.execute("alter table target_items add check (price > 0)")
        await database.execute("delete from source_items")
    return module_place


@pytest.fixture(scope="module")
async def db(place: Installation) -> AsyncIterator[Database]:
    async with open_database(place.dsn) as database:
        yield database


async def fail(db: Database, place: Installation, *codes: str) -> None:
    """Let a run fail with these records."""
    for code in codes:
        await db.execute(
            "insert into source_items (code, name, price, active, changed)"
            " values ($1, 'x', -1.10, 'Y', now())",
            code,
        )
    run = await place.run(instance="erp-shop", entityType="item", sourceIds=list(codes))
    assert run.counters.failed == len(codes), run


async def entry(api: httpx.AsyncClient, source_id: str, status: str = "pending") -> Any:
    found = await get(api, f"{DLQ}?sourceId={source_id}&status={status}")
    return found["items"][0]


async def get(api: httpx.AsyncClient, path: str) -> Any:
    answer = await api.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ended(api: httpx.AsyncClient, operation: str) -> Any:
    async def look() -> Any:
        found = await get(api, f"{OPERATIONS}/{operation}")
        return found if found["finishedAt"] else None

    return await eventually(look, within=60)


async def test_entries_are_listed_filtered_paged_and_grouped(
    api: httpx.AsyncClient, place: Installation, db: Database
) -> None:
    await fail(db, place, "L1", "L2", "L3")
    first = await get(api, f"{DLQ}?limit=2&text=violates")
    assert len(first["items"]) == 2
    rest = await get(api, f"{DLQ}?limit=2&text=violates&cursor={first['next']}")
    ids = [e["sourceId"] for e in [*first["items"], *rest["items"]]]
    assert (sorted(ids), rest["next"]) == (["L1", "L2", "L3"], None)
    for query, count in [
        ("instance=erp-shop", 3), ("instance=none", 0), ("entityType=Item", 3),
        ("stage=execute", 3), ("category=transient", 0), ("sourceId=L2", 1), ("status=all", 3),
        ("status=discarded", 0),
        ("retries=1", 0), ("failedFrom=2999-01-01T00:00:00Z", 0), (f"run={uuid4()}", 0),
    ]:  # fmt: skip
        assert len((await get(api, f"{DLQ}?{query}"))["items"]) == count, query

    (group,) = (await get(api, f"{DLQ}/groups"))["items"]
    assert (group["count"], group["state"], group["instances"]) == (3, "new", ["erp-shop"])
    selection = await get(api, f"{DLQ}/selection?group={group['group']}&stage=execute")
    assert (selection["count"], selection["streams"]) == (
        3, [{"instance": "erp-shop", "entityType": "item", "count": 3}],
    )  # fmt: skip
    assert selection["words"] == (
        f"all pending entries: failed at execute, error “{group['pattern']}”"
    )
    assert (await get(api, f"{DLQ}/summary"))["pending"] == 3


@pytest.mark.parametrize(
    "query",
    ["status=x", "category=x", "run=x", "retries=-1", "failedFrom=soon",
     "asOf=0001-01-01T00:00:00Z",
     "text=%00", "cursor=x", "limit=101"],
)  # fmt: skip
async def test_wrong_filters_are_refused(api: httpx.AsyncClient, query: str) -> None:
    answer = await api.get(f"{DLQ}?{query}")
    assert answer.status_code == (400 if "cursor" in query else 422), answer.text


async def test_a_payload_is_shown_edited_and_replayed_with_every_digit(
    api: httpx.AsyncClient, place: Installation, db: Database
) -> None:
    await fail(db, place, "E1")
    found = await entry(api, "E1")
    path = f"{DLQ}/{found['id']}"
    detail = await get(api, path)
    raw = await api.get(f"{path}/payload")
    assert raw.content == detail["payload"].encode()
    wanted = detail["payload"].replace("-1.100000", EXACT)
    assert wanted != detail["payload"]

    silent = await api.post(f"{path}/replay", json={"payload": wanted})
    assert (silent.status_code, silent.json()["errors"][0]["path"]) == (422, "$.reason")
    body = {"payload": wanted, "reason": "the right price"}
    asked = await api.post(f"{path}/replay", json=body, headers={"Idempotency-Key": "k1"})
    assert (asked.status_code, asked.json()["result"]) == (202, "accepted"), asked.text
    run = await place.ended(asked.json()["correlationId"])
    assert run.counters.success == 1
    assert str(await db.fetchval("select price from target_items where code = 'E1'")) == EXACT

    again = await api.post(f"{path}/replay", json=body, headers={"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()) == (202, asked.json())
    other = await api.post(f"{path}/replay", json={})
    assert (other.status_code, other.json()["detail"]) == (409, "it is not Pending but Replayed")
    detail = await get(api, path)
    assert (detail["outcome"], detail["edit"]["reason"]) == ("success", "the right price")
    assert f'"value":{EXACT}' in (await api.get(path)).text


async def test_two_clicks_replay_once(
    api: httpx.AsyncClient, place: Installation, db: Database
) -> None:
    await fail(db, place, "T1")
    path = f"{DLQ}/{(await entry(api, 'T1'))['id']}/replay"
    async with asyncio.TaskGroup() as group:
        clicks = [group.create_task(api.post(path, json={})) for _ in range(3)]
    answers = [click.result() for click in clicks]
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409]
    (accepted,) = [a.json() for a in answers if a.status_code == 202]
    await place.ended(accepted["correlationId"])
    again = await entry(api, "T1")
    assert again["replayOf"] == accepted["id"]


async def test_discarding_and_restoring_one_and_many(
    api: httpx.AsyncClient, place: Installation, db: Database
) -> None:
    await fail(db, place, "D1", "D2")
    one, two = (await entry(api, "D1"))["id"], (await entry(api, "D2"))["id"]
    done = await api.post(f"{DLQ}/{one}/discard", json={"reason": "test data"})
    assert (done.status_code, done.json()["result"]) == (200, "discarded")
    assert (await api.post(f"{DLQ}/{one}/discard", json={})).status_code == 409
    nobody = str(uuid4())
    many = await api.post(f"{DLQ}/discard", json={"ids": [one, two, nobody]})
    assert [e["result"] for e in many.json()["entries"]] == [
        "not discarded: it is not Pending but Discarded", "discarded", "there is no such entry",
    ]  # fmt: skip
    back = await api.post(f"{DLQ}/restore", json={"filter": {"sourceId": "D1"}})
    assert [e["done"] for e in back.json()["entries"]] == [True]
    assert (await api.post(f"{DLQ}/{two}/restore", json={})).status_code == 200


async def test_many_are_replayed_at_once_with_a_result_for_each(
    api: httpx.AsyncClient, place: Installation, db: Database
) -> None:
    await fail(db, place, "M1", "M2")
    ids = [(await entry(api, code))["id"] for code in ("M1", "M2")]
    body = {"ids": [*ids, str(uuid4())], "reason": "fixed"}
    answer = await api.post(f"{DLQ}/replay", json=body)
    assert answer.status_code == 202
    results = answer.json()["entries"]
    assert [r["result"] for r in results] == [
        "accepted", "accepted", "refused: there is no such entry",
    ]  # fmt: skip
    assert results[0]["correlationId"] == results[1]["correlationId"]
    await place.ended(results[0]["correlationId"])


async def begun_once(api: httpx.AsyncClient, body: dict[str, Any]) -> Any:
    """Begin an operation with a key, which then stands for it."""
    key = {"Idempotency-Key": str(uuid4())}
    begun = await api.post(OPERATIONS, json=body, headers=key)
    assert begun.status_code == 202, begun.text
    operation = begun.json()
    assert begun.headers["location"] == f"{OPERATIONS}/{operation['id']}"
    again = await api.post(OPERATIONS, json=body, headers=key)
    assert again.json()["id"] == operation["id"]
    reused = await api.post(OPERATIONS, json=body | {"rate": 5}, headers=key)
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    return operation


async def test_an_operation_survives_a_killed_worker_and_leaves_what_came_later(
    api: httpx.AsyncClient, place: Installation, db: Database
) -> None:
    await fail(db, place, *(f"O{n}" for n in range(6)))
    selection = await get(api, f"{DLQ}/selection?text=violates")
    await fail(db, place, "LATE")
    await db.execute("update source_items set price = 5 where code like 'O%'")
    body = {
        "kind": "replay", "filter": {"text": "violates"}, "asOf": selection["asOf"],
        "expectedCount": selection["count"], "fromStage": "ingest", "rate": 4,
        "reason": "prices repaired",
    }  # fmt: skip
    operation = await begun_once(api, body)
    assert operation["total"] == selection["count"]

    async def works() -> bool:
        found = await get(api, f"{OPERATIONS}/{operation['id']}")
        return bool(found["underWay"] or found["results"])

    await eventually(works, within=40)
    await place.stop("deadletter", signal.SIGKILL)
    await place.start("deadletter")
    found = await ended(api, operation["id"])
    assert sum(found["results"].values()) == operation["total"]
    assert found["results"]["success"] >= 6
    assert (await entry(api, "LATE"))["status"] == "pending"
    items = await get(api, f"{OPERATIONS}/{operation['id']}/items?result=success&limit=100")
    assert {f"O{n}" for n in range(6)} <= {item["sourceId"] for item in items["items"]}
    listed = await get(api, OPERATIONS)
    assert listed["items"][0]["id"] == operation["id"]


async def test_a_discard_of_everything_is_undone(
    api: httpx.AsyncClient, place: Installation, db: Database
) -> None:
    await fail(db, place, "U1", "U2")
    pending = (await get(api, f"{DLQ}/summary"))["pending"]
    begun = await api.post(OPERATIONS, json={"kind": "discard", "filter": {}, "reason": "old"})
    operation = await ended(api, begun.json()["id"])
    assert operation["results"] == {"discarded": pending}
    assert (await get(api, f"{DLQ}/summary"))["pending"] == 0
    undo = await api.post(f"{OPERATIONS}/{operation['id']}/undo")
    assert (undo.status_code, undo.json()["kind"]) == (202, "restore")
    await ended(api, undo.json()["id"])
    assert (await get(api, f"{DLQ}/summary"))["pending"] == pending


async def test_what_fails_in_every_run_waits_once_and_closes_when_a_run_writes_it(
    api: httpx.AsyncClient, place: Installation, db: Database
) -> None:
    codes = [f"waits-{n}" for n in range(9)]
    await fail(db, place, *codes)
    for _ in range(2):
        await place.run(instance="erp-shop", entityType="item", sourceIds=codes, mode="force_full")
    found = await get(api, f"{DLQ}?text=violates&status=all&limit=100")
    ours = [e for e in found["items"] if e["sourceId"] in codes]
    assert (len(ours), sum(e["status"] == "pending" for e in ours)) == (27, 9)
    await db.execute("update source_items set price = 1 where code like 'waits-%'")
    run = await place.run(instance="erp-shop", entityType="item", sourceIds=codes)
    closed = [await entry(api, code, "overtaken") for code in codes]
    assert {(e["overtakenRun"], e["reason"]) for e in closed} == {
        (run.id, "a later run wrote the record")
    }
    waiting = await get(api, f"{DLQ}?limit=100")
    assert not {e["sourceId"] for e in waiting["items"]} & set(codes)


async def test_a_replay_is_undone_in_its_grace_and_aborted_after(
    api: httpx.AsyncClient, place: Installation, db: Database
) -> None:
    await fail(db, place, "G1", "G2", "G3")
    body = {"kind": "replay", "filter": {"text": "violates"}, "rate": 0.01}
    undone = (await api.post(OPERATIONS, json=body)).json()
    answer = await api.post(f"{OPERATIONS}/{undone['id']}/undo")
    assert (answer.status_code, answer.json()["state"]) == (202, "aborted")
    slow = (await api.post(OPERATIONS, json=body)).json()

    async def works() -> bool:
        found = await get(api, f"{OPERATIONS}/{slow['id']}")
        return bool(found["underWay"] or found["results"])

    await eventually(works, within=40)
    assert (await api.post(f"{OPERATIONS}/{slow['id']}/abort")).status_code == 202
    found = await ended(api, slow["id"])
    assert (found["state"], found["results"]["not_started"]) == ("aborted", slow["total"] - 1)
    assert (await api.post(f"{OPERATIONS}/{slow['id']}/abort")).status_code == 409
    assert (await api.post(f"{OPERATIONS}/{slow['id']}/undo")).status_code == 409


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.kind"),
        ({"kind": "delete", "filter": {}}, "$.kind"),
        ({"kind": "discard"}, "$.ids"),
        ({"kind": "discard", "filter": {}, "ids": [str(uuid4())]}, "$.ids"),
        ({"kind": "discard", "filter": {"colour": 1}}, "$.filter.colour"),
        ({"kind": "discard", "filter": {}, "rate": 5}, "$.rate"),
        ({"kind": "replay", "filter": {}, "rate": 0}, "$.rate"),
        ({"kind": "replay", "filter": {"text": "\0"}}, "$.filter.text"),
        ({"kind": "replay", "filter": {}, "fromStage": "execute"}, "$.fromStage"),
        ({"kind": "replay", "filter": {}, "asOf": "2026-01-01"}, "$.asOf"),
    ],
)
async def test_wrong_operations_are_refused(
    api: httpx.AsyncClient, body: dict[str, Any], path: str
) -> None:
    answer = await api.post(OPERATIONS, json=body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path), answer.text


async def test_what_does_not_exist_is_not_found(api: httpx.AsyncClient) -> None:
    for path in (f"{DLQ}/{uuid4()}", f"{DLQ}/{uuid4()}/payload", f"{OPERATIONS}/{uuid4()}",
                 f"{OPERATIONS}/{uuid4()}/items"):  # fmt: skip
        assert (await api.get(path)).status_code == 404
    for path in (f"{DLQ}/{uuid4()}/replay", f"{DLQ}/{uuid4()}/discard", f"{DLQ}/{uuid4()}/restore",
                 f"{OPERATIONS}/{uuid4()}/abort", f"{OPERATIONS}/{uuid4()}/undo"):  # fmt: skip
        assert (await api.post(path, json={})).status_code == 404
