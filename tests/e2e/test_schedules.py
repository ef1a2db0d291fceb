"""Schedules over the REST API, with a scheduler that fires them, and as files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from syncline.postgres.database.database import Database, open_database
from tests.support.commands import CommandLine
from tests.support.configured import configure as configure_other
from tests.support.erp_shop import store_erp_shop
from tests.support.eventually import eventually
from tests.support.installation import Installation

URL = "/api/v1/schedules"
BODY: dict[str, Any] = {"name": "nightly", "instance": "erp-shop", "entityType": "item",
                        "cron": "30 2 * * *", "timezone": "Europe/Berlin"}  # fmt: skip


@pytest.fixture(scope="module")
async def place(module_place: Installation) -> Installation:
    async with open_database(module_place.dsn) as database:
        await store_erp_shop(database, module_place)
        await configure_other(database, instance="crm-shop")
        await configure_other(database, instance="far", tenant="other")
    await module_place.start("scheduler")
    return module_place


@pytest.fixture
async def db(place: Installation) -> AsyncIterator[Database]:
    async with open_database(place.dsn) as database:
        await database.execute("delete from firings")
        await database.execute("delete from schedules")
        yield database


async def test_a_schedule_is_stored_edited_switched_and_deleted(
    api: httpx.AsyncClient, db: Database
) -> None:
    made = await api.post(URL, json=BODY)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"{URL}/nightly"
    shown = made.json()
    assert (shown["sentence"], shown["status"], shown["lastRun"]) == (
        "Every day at 02:30", "enabled", None,
    )  # fmt: skip
    tag = {"If-Match": made.headers["etag"]}
    edited = await api.put(f"{URL}/nightly", json=BODY | {"cron": "0 5 * * *"}, headers=tag)
    assert (edited.status_code, edited.json()["cron"]) == (200, "0 5 * * *")
    stale = await api.put(f"{URL}/nightly", json=BODY, headers=tag)
    assert stale.status_code == 412, stale.text

    disabled = (await api.post(f"{URL}/nightly/disable")).json()
    assert (disabled["status"], disabled["nextRun"]) == ("disabled", None)
    enabled = (await api.post(f"{URL}/nightly/enable")).json()
    assert enabled["status"] == "enabled"
    assert enabled["nextRun"] is not None

    assert (await api.delete(f"{URL}/nightly")).status_code == 204
    assert (await api.get(f"{URL}/nightly")).status_code == 404
    assert (await api.post(URL, json=BODY)).status_code == 201
    rows = await db.fetch("select action from audit_log where object = 'nightly' order by id")
    assert [row["action"].removeprefix("schedule.") for row in rows][:5] == [
        "created", "changed", "changed", "changed", "deleted",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "status", "path", "words"),
    [
        ({"cron": "61 * * * *"}, 422, "$.cron", "field 1 (minute)"),
        ({"cron": "0 0 31 2 *"}, 422, "$.cron", "never fires"),
        ({"cron": None}, 422, "$.cron", ""),
        ({"timezone": "Mars/X"}, 422, "$.timezone", "IANA"),
        ({"instance": "nope"}, 422, "$.instance", "no instance 'nope'"),
        ({"instance": "far"}, 422, "$.instance", "no instance 'far'"),
        ({"entityType": "bp"}, 422, "$.entityType", "it has: item"),
        ({"cadence": {"pace": "daily"}}, 422, "$.cadence", "not both"),
        ({"cron": None, "cadence": {"pace": "minutes", "interval": 60}}, 422,
         "$.cadence.interval", "1 to 59"),
        ({"cron": None, "cadence": {"pace": "yearly"}}, 422, "$.cadence.pace", "one of"),
        ({"colour": 1}, 422, "$.colour", "unknown field"),
        ({"name": "a/b"}, 422, "$.name", "must begin with"),
    ],
)  # fmt: skip
async def test_wrong_schedules_are_refused(
    api: httpx.AsyncClient, db: Database, change: dict[str, Any], status: int, path: str, words: str
) -> None:
    answer = await api.post(URL, json={k: v for k, v in (BODY | change).items() if v is not None})
    assert answer.status_code == status, answer.text
    (problem,) = answer.json()["errors"]
    assert problem["path"] == path
    assert words in problem["message"]


async def test_one_schedule_for_an_instance_and_entity_type(
    api: httpx.AsyncClient, db: Database
) -> None:
    await api.post(URL, json=BODY)
    same_name = await api.post(URL, json=BODY | {"instance": "crm-shop"})
    assert (same_name.status_code, same_name.json()["code"]) == (409, "conflict")
    same_stream = await api.post(URL, json=BODY | {"name": "again"})
    assert same_stream.status_code == 409
    assert "schedule 'nightly' is there" in same_stream.json()["detail"]
    moved = await api.put(f"{URL}/nightly", json=BODY | {"instance": "crm-shop"})
    assert moved.status_code == 422


async def test_the_list_is_searched_in_every_column_and_paged(
    api: httpx.AsyncClient, db: Database
) -> None:
    await api.post(URL, json=BODY)
    form = {"pace": "weekly", "at": "05:00", "days": ["MON", "FRI"]}
    body = {"instance": "crm-shop", "entityType": "item", "cadence": form, "enabled": False}
    assert (await api.post(URL, json=body)).status_code == 201

    async def found(**query: str) -> list[str]:
        answer = await api.get(URL, params=query)
        assert answer.status_code == 200, answer.text
        return [schedule["name"] for schedule in answer.json()["items"]]

    assert await found() == ["crm-shop item", "nightly"]
    for text in ("CRM", "monday and friday", "disabled", "MON,FRI"):
        assert await found(search=text) == ["crm-shop item"], text
    for text in ("night", "Berlin", "30 2", "Enabled"):
        assert await found(search=text) == ["nightly"], text
    assert await found(status="disabled") == await found(instance="crm-shop") == ["crm-shop item"]
    assert await found(search="%") == []
    first = (await api.get(URL, params={"limit": 1})).json()
    assert [s["name"] for s in first["items"]] == ["crm-shop item"]
    assert await found(limit="1", cursor=first["next"]) == ["nightly"]


async def test_a_preview_says_what_will_happen(api: httpx.AsyncClient) -> None:
    answer = await api.post(f"{URL}/preview", json={"cron": "30 2 * * *", "cadence": None})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["sentence"] == "Every day at 02:30"
    assert len(shown["next"]) == 5
    cadence = {"pace": "hours", "interval": 2, "minute": 30}
    form = {"cron": None, "cadence": cadence, "timezone": "Europe/Berlin"}
    shown = (await api.post(f"{URL}/preview", json=form)).json()
    assert shown["cron"] == "30 */2 * * *"
    assert len(shown["notes"]) == 2
    wrong: list[Any] = [{"cron": "x"}, {}, {"cron": "* * * * *", "zone": "UTC"}, {"cron": 1}, []]
    for body in wrong:
        assert (await api.post(f"{URL}/preview", json=body)).status_code == 422, body


async def test_a_schedule_fires_and_its_run_shows_up(api: httpx.AsyncClient, db: Database) -> None:
    await api.post(URL, json=BODY | {"cron": "* * * * *"})
    await db.execute("update schedules set next_at = date_trunc('minute', now())")

    async def first_run() -> dict[str, Any] | None:
        """The first one: another minute may begin meanwhile, whose run finds nothing new."""
        firings = (await api.get(f"{URL}/nightly/firings")).json()["items"]
        fired = [firing["correlationId"] for firing in firings if firing["result"] == "fired"]
        answer = await api.get(f"/api/v1/sync-events/{fired[-1]}") if fired else None
        run = answer.json() if answer is not None and answer.status_code == 200 else {}
        return run if run.get("state") == "succeeded" else None

    run = await eventually(first_run, within=60)
    assert (run["trigger"], run["mode"], run["total"]) == ("schedule", "incremental", 5000)
    last = (await api.get(f"{URL}/nightly")).json()["lastRun"]
    assert last is not None


async def test_run_now_starts_a_run_or_says_which_one_is_in_the_way(
    api: httpx.AsyncClient, db: Database, place: Installation
) -> None:
    await api.post(URL, json=BODY | {"enabled": False})
    # So much to write, and so slowly, that the first run goes on while the second is asked for.
    await db.execute(
        "update source_items set name = name || '!', changed = changed + interval '1 day'"
    )
    await db.execute("update profiles set rate = 0.1, changed_at = now() where name = 'shop'")
    first = await api.post(f"{URL}/nightly/run-now")
    assert first.status_code == 202, first.text
    second = await api.post(f"{URL}/nightly/run-now")
    assert second.status_code == 409
    assert first.json()["correlationId"] in second.json()["detail"]

    async def results() -> bool:
        items = (await api.get(f"{URL}/nightly/firings")).json()["items"]
        return [(f["kind"], f["result"]) for f in items] == [
            ("manual", "skipped"), ("manual", "fired"),
        ]  # fmt: skip

    await eventually(results, within=20)
    await db.execute("update profiles set rate = null, changed_at = now() where name = 'shop'")
    await api.post(f"/api/v1/sync-events/{first.json()['correlationId']}/cancel")
    run = await place.ended(first.json()["correlationId"])
    assert (run.trigger, UUID(run.id)) == ("schedule", UUID(first.json()["correlationId"]))

    await db.execute("update profiles set active = false where name = 'crm-shop-erp'")
    other = BODY | {"name": "crm", "instance": "crm-shop"}
    assert (await api.post(URL, json=other)).json()["status"] == "dependency_inactive"
    refused = await api.post(f"{URL}/crm/run-now")
    assert (refused.status_code, "crm-shop-erp is Inactive" in refused.text) == (409, True)


async def test_the_schedules_of_another_tenant_are_not_there(
    api: httpx.AsyncClient, db: Database
) -> None:
    await db.execute(
        """insert into schedules (id, tenant, name, instance_id, entity_type, cron, timezone,
          sentence) select gen_random_uuid(), 'other', 'theirs', id, 'item', '* * * * *', 'UTC', ''
        from instances where name = 'far'"""
    )
    assert (await api.get(URL)).json()["items"] == []
    for method, path in (
        ("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/enable"), ("POST", "/disable"),
        ("POST", "/run-now"), ("GET", "/firings"),
    ):  # fmt: skip
        body = BODY | {"name": "theirs"} if method == "PUT" else None
        headers = {"If-Match": "*"} if method == "PUT" else {}
        answer = await api.request(method, f"{URL}/theirs{path}", json=body, headers=headers)
        assert answer.status_code == 404, (method, path, answer.text)


async def test_the_command_line_lists_shows_switches_and_runs(
    api: httpx.AsyncClient, db: Database, place: Installation, tmp_path: Path
) -> None:
    cli = CommandLine(tmp_path, place.environment)
    none = await cli("schedules", "list")
    assert (none.code, none.out, "kind Schedule" in none.err) == (0, "", True)
    await api.post(URL, json=BODY)
    listed = await cli("schedules", "list")
    assert (listed.code, "Europe/Berlin" in listed.out, "never" in listed.out) == (0, True, True)
    off = await cli("schedules", "disable", "nightly", "--json")
    assert (off.document["status"], off.document["nextRun"]) == ("disabled", None)
    on = await cli("schedules", "enable", "nightly")
    assert on.out.startswith("schedule nightly: Enabled, next run ")
    asked = await cli("schedules", "run-now", "nightly", "--json")
    run = await place.ended(asked.document["correlationId"])
    assert run.trigger == "schedule"

    async def shown() -> bool:
        said = await cli("schedules", "show", "nightly")
        return run.id in said.out and "Succeeded" in said.out

    await eventually(shown, within=30)
    unknown = await cli("schedules", "show", "nope")
    assert (unknown.code, unknown.err) == (2, "error: no schedule 'nope'\n")


STOCK: dict[str, Any] = {
    "name": "stock",
    "entityType": "itemstock",
    "extraction": {"mode": "config", "table": "source_stock", "idColumn": "code"},
    "normalization": {"fields": [{"source": "code", "target": "code"}]},
    "transformation": {
        "matchKey": "code",
        "target": {"table": "target_stock"},
        "fields": [{"source": "code", "target": "code"}],
    },
}
ORDERED = {
    "source": "erp", "target": "shop", "mappings": ["items", "stock"],
    "order": ["item", "itemstock"],
}  # fmt: skip


async def test_the_entity_types_of_an_instance_run_in_order_and_stock_waits_for_its_item(
    api: httpx.AsyncClient, db: Database
) -> None:
    await db.execute("delete from source_items where code not in ('A1', 'A2', 'A3')")
    await db.execute("create table source_stock as select * from unnest('{A1,N1}'::text[]) u(code)")
    await db.execute(
        "create table target_stock (code text primary key references target_items (code))"
    )
    assert (await api.post("/api/v1/mapping-configs", json=STOCK)).status_code == 201
    saved = await api.put("/api/v1/instances/erp-shop", json=ORDERED)
    assert (saved.status_code, saved.json()["order"]) == (200, ORDERED["order"]), saved.text

    first = await api.post("/api/v1/sync-events", json={"instance": "erp-shop"})
    run = f"/api/v1/runs/{first.json()['correlationId']}"

    async def chain() -> dict[str, Any]:
        return {one["entityType"]: one for one in (await api.get(run)).json()["chain"]}

    async def stock_waits() -> Any:
        return await db.fetchval("select max(retry_due_at) from runs")

    async def stock_ended() -> bool:
        return bool((await chain())["itemstock"]["state"] == "succeeded")

    await eventually(stock_waits, within=60)
    assert (await chain())["item"]["state"] == "succeeded"
    assert await db.fetchval("select array_agg(code) from target_stock") == ["A1"]
    await db.execute("insert into target_items values ('N1')")  # its parent comes
    await eventually(stock_ended, within=60)
    assert await db.fetchval("select count(*) from target_stock") == 2
    assert await db.fetchval("select count(*) from attempts") == 0
