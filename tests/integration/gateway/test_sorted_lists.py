"""Lists in every order that they are offered in: whole, without a gap, and read by an index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import msgspec
import pytest

from syncline.postgres.database.database import Database, open_database
from syncline.postgres.database.sorts import Order, Sorts
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.dead_letters.queue import DEAD_LETTER_SORTS, DeadLetterQueue
from syncline.postgres.runs.run_list import RUN_SORTS, RunFilter, RunList
from tests.support.access import give_key
from tests.support.configured import configure
from tests.support.full_lists import LETTERS, RUNS, fill
from tests.support.gateway import Gateway, gateway, problem


@pytest.fixture
async def place(postgres: str) -> AsyncIterator[Gateway]:
    async with gateway(postgres) as place:
        await fill(place.database)
        yield place


async def every(http: httpx.AsyncClient, path: str, limit: int = 4, **query: Any) -> list[Any]:
    """Return all items of a list, by pages that end between equal values."""
    found: list[Any] = []
    following: dict[str, str] = {}
    while True:
        answer = await http.get(path, params=query | {"limit": limit} | following)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found += body["items"]
        if body["next"] is None:
            return found
        following = {"cursor": body["next"]}


def orders(document: Any) -> dict[str, list[str]]:
    """Return the orders that each list offers, by its path."""
    return {
        path.removeprefix("/api/v1"): [
            way + name
            for name in parameter["schema"]["pattern"]
            .removeprefix("^-?(")
            .removesuffix(")$")
            .split("|")
            for way in ("", "-")
        ]
        for path, methods in document["paths"].items()
        for parameter in methods.get("get", {}).get("parameters", ())
        if parameter["name"] == "sort" and not path.endswith("/export")
    }


def shown(path: str, name: str, item: Any) -> Any:
    """Return the value of an item that a list is sorted by; None: it has none."""
    if read := OTHERWISE.get((path, name)):
        return read(item)
    value = item[name]
    return value.lower() if isinstance(value, str) else value


OTHERWISE: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("/instances", "lastRun"): lambda item: max(
        (one["lastRun"]["createdAt"] for one in item["entityTypes"] if one["lastRun"]), default=None
    ),
    ("/schedules", "lastRun"): lambda item: item["lastRun"] and item["lastRun"]["slot"],
    ("/connection-profiles", "testedAt"): lambda item: item["lastTest"] and item["lastTest"]["at"],
    ("/runs", "startedAt"): lambda item: item["startedAt"] or item["createdAt"],
    ("/runs", "seconds"): lambda item: (
        1e9 if item["finishedAt"] is None else -1 if item["seconds"] is None else item["seconds"]
    ),
    ("/dlq", "sourceId"): lambda item: item["sourceId"] or "",
}


async def test_every_list_is_whole_and_in_order_in_each_of_its_orders(place: Gateway) -> None:
    offered = orders(place.app.openapi())
    assert len(offered) == 14
    async with place.client(await give_key(place.database)) as http:
        for path, names in offered.items():
            query: dict[str, Any] = {"status": "all"} if path.startswith("/dlq") else {}
            whole = {msgspec.json.encode(item) for item in await every(http, path, 100, **query)}
            assert len(whole) > 4, path
            for name in names:
                items = await every(http, path, sort=name, **query)
                assert len(items) == len(whole), (path, name)
                assert {msgspec.json.encode(item) for item in items} == whole, (path, name)
                values = [shown(path, name.removeprefix("-"), item) for item in items]
                known = [value for value in values if value is not None]
                assert values == known + [None] * (len(values) - len(known)), (path, name)
                assert known == sorted(known, reverse=name.startswith("-")), (path, name)


async def test_a_list_refuses_other_orders_and_cursors_of_another(place: Gateway) -> None:
    async with place.client(await give_key(place.database)) as http:
        refused = await http.get("/runs", params={"sort": "actor"})
        assert problem(refused) == (400, "invalid_sort")
        assert "it can be by createdAt, startedAt, total, " in refused.json()["detail"]
        first = (await http.get("/runs", params={"limit": 3, "sort": "-failed"})).json()
        for other in ({"sort": "failed"}, {}):
            answer = await http.get("/runs", params={"cursor": first["next"], "limit": 3} | other)
            assert problem(answer) == (400, "invalid_cursor")


@pytest.mark.parametrize(("path", "sort"), [("/runs", "-failed"), ("/dlq", "sourceId")])
async def test_an_export_has_the_order_of_its_list(place: Gateway, path: str, sort: str) -> None:
    async with place.client(await give_key(place.database)) as http:
        file = await http.get(f"{path}/export", params={"sort": sort, "format": "ndjson"})
        lines = [msgspec.json.decode(line) for line in file.text.splitlines()]
        assert lines == await every(http, path, sort=sort)
        assert problem(await http.get(f"{path}/export?sort=x")) == (400, "invalid_sort")


_READ = """
select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_user_tables
where relname = any('{runs,dead_letters}')
"""


async def test_a_page_of_a_big_list_reads_few_rows(postgres: str) -> None:
    """On one connection: what others have read is counted a second later."""
    async with open_database(postgres, size=1) as db:
        await configure(db)
        await db.execute(RUNS.replace("n % 7", "n % 1000"), 8000)
        await db.execute(LETTERS, 8000)
        for table in ("runs", "dead_letters"):
            await db.execute(f"vacuum analyze {table}")
        read = {}
        for name, order in _orders(RUN_SORTS):
            first = await RunList(db).page("default", RunFilter(), 25, order)
            before = await _rows_read(db)
            await RunList(db).page("default", RunFilter(), 25, order.behind(first[-1]))
            read["runs", name] = await _rows_read(db) - before
        pending = DeadLetterFilter(status="pending")
        for name, order in _orders(DEAD_LETTER_SORTS):
            entries = await DeadLetterQueue(db).page("default", pending, 25, order)
            before = await _rows_read(db)
            await DeadLetterQueue(db).page("default", pending, 25, order.behind(entries[-1]))
            read["dead letters", name] = await _rows_read(db) - before
    assert {each: rows for each, rows in read.items() if rows > 300} == {}


def _orders(sorts: Sorts) -> list[tuple[str, Order]]:
    return [(way + name, sorts.order(way + name)) for name in sorts.columns for way in ("", "-")]


async def _rows_read(db: Database) -> int:
    await db.fetch("select pg_stat_force_next_flush()")
    return int(await db.fetchval(_READ))


async def test_what_a_run_counts_stands_in_no_index_until_it_ends(postgres: str) -> None:
    """An update of indexed columns would write all indexes of a run anew, with each batch."""
    async with open_database(postgres, size=1) as db:
        await configure(db)
        await db.execute(RUNS, 7)
        run = await db.fetchval("select id from runs where finished_at is null")
        async with db.transaction() as connection:
            for _ in range(5):
                await connection.execute(
                    "update runs set total = total + 9, success = success + 5, failed = failed + 4 "
                    "where id = $1", run)  # fmt: skip
            changed = (
                "select n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables "
                "where relname = 'runs'"  # of this transaction alone: others use the table, too
            )
            assert tuple(await connection.fetchrow(changed) or ()) == (5, 5)
