"""Whole runs from APIs that do not keep still: every record arrives, or the run says why not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from syncline.domain.run import Run, State
from syncline.postgres.database.database import Database
from tests.support.reading_world import World
from tests.support.scripted_api import Call, Said, Script, scripted

DAY = "2026-11-27T08:00:00Z"
TOKENS: dict[str, Any] = {"type": "cursor", "parameter": "c", "next": "next"}


@asynccontextmanager
async def reading_from(
    db: Database, script: Script, paging: dict[str, Any], **options: Any
) -> AsyncIterator[tuple[World, list[Call]]]:
    async with scripted(script) as (api, connector):
        extraction = {
            "mode": "api", "endpoint": "/items", "table": None, "cursorColumn": "changed",
            "parameters": {"since": "{cursor}", "sort": "changed"}, "paging": paging,
            "options": {"records": "data"} | options,
        }  # fmt: skip
        world = World(db, **extraction)
        connector.may_move = True  # type: ignore[attr-defined]
        world.shelf = connector  # type: ignore[assignment]
        yield world, api.calls


def row(n: int, changed: str = DAY) -> dict[str, Any]:
    return {"id": f"{n:03}", "changed": changed, "name": f"Item {n}"}


def shuffling(count: int, size: int) -> Script:
    """Sort by time alone: records of one time stand in another order on each page."""

    def script(call: Call) -> dict[str, Any]:
        start = (int(call.query["page"]) - 1) * size
        rows = [row(n) for n in range(count)]
        if call.query["sort"] == "changed":
            Random(start).shuffle(rows)
        return {"data": rows[start : start + size]}

    return script


async def test_an_api_that_sorts_by_time_alone_is_read_again_by_id(db: Database) -> None:
    stable = {"parameters": {"sort": "id"}}
    async with reading_from(db, shuffling(90, 10), {"type": "page"}, stable=stable) as (world, _):
        run = await world.run()

        assert run.state is State.SUCCEEDED
        assert set(world.ids()) == {f"{n:03}" for n in range(90)}
        assert "read_again" in {notice.code for notice in run.notices}


async def test_an_api_that_cannot_be_sorted_by_id_fails_the_run(db: Database) -> None:
    async with reading_from(db, shuffling(90, 10), {"type": "page"}) as (world, _):
        run = await world.run()

        assert run.failure is not None
        assert run.cursor_after is None


def mortal(count: int, lives: int) -> Script:
    """Give tokens that the API forgets after so many requests."""
    born: dict[str, int] = {}

    def script(call: Call) -> Any:
        token = call.query.get("c")
        if token is not None and call.number - born.get(token, 0) >= lives:
            return Said({"message": "cursor expired"}, status=400)
        rows = [row(n, f"2026-11-27T08:00:{n:02}Z") for n in range(count)]
        rows = [r for r in rows if r["changed"] >= call.query.get("since", "")]
        start = int(token.split("-")[0]) if token else 0
        following = f"{start + 4}-{call.number}"
        born[following] = call.number
        return {
            "data": rows[start : start + 4],
            "next": following if start + 4 < len(rows) else None,
        }

    return script


@pytest.mark.parametrize("ordered", [True, False])
async def test_a_token_that_dies_while_the_run_waits_costs_no_record(
    db: Database, ordered: bool
) -> None:
    slept = mortal(20, 3)

    def script(call: Call) -> Any:
        if call.number == 2:  # the API forgets all it gave so far
            return Said({"message": "cursor expired"}, status=410)
        return slept(call)

    async with reading_from(db, script, TOKENS, ordered=ordered) as (world, _):
        run = await world.run()

        assert (run.state, run.failure) == (State.SUCCEEDED, None)
        assert world.ids() == [f"{n:03}" for n in range(20)]
        assert "position_expired" in {notice.code for notice in run.notices}


def _raw(n: int, name: str) -> str:
    return f'{{"id": "{n}", "changed": "{DAY}", "name": "{name}"}}'


async def test_a_record_that_is_no_json_is_one_dead_letter_and_stops_no_other(
    db: Database,
) -> None:
    texts = [_raw(1, "a"), _raw(2, "cut \\ud83d"), _raw(3, "c")]

    def script(_: Call) -> bytes:
        return ('{"data": [' + ",".join(texts) + "]}").encode()

    async with reading_from(db, script, {"type": "none"}) as (world, _):
        runs: list[Run] = [await world.run() for _ in range(3)]
        assert world.ids() == ["1", "3"]
        texts.extend([_raw(4, "d"), _raw(5, "e")])
        await world.run()

        assert world.ids() == ["4", "5"]
        assert runs[0].state is State.PARTIAL_SUCCESS
        assert await world.letters() == 1
        letter = await db.fetchrow("select source_id, error from dead_letters")
        assert letter is not None
        assert letter["source_id"] == "2"
        assert "half a character" in letter["error"]


async def test_a_record_that_the_api_keeps_back_leaves_the_cursor(db: Database) -> None:
    def script(call: Call) -> dict[str, Any]:
        first = "c" not in call.query
        rows = [row(n, f"2026-11-27T08:00:{n:02}Z") for n in ((0, 1) if first else (3, 4))]
        return {"data": rows, "next": "x" if first else None, "total": 5}

    paging = TOKENS | {"total": "total"}
    async with reading_from(db, script, paging, ordered=True) as (world, _):
        run = await world.run()

        assert (run.failure or {})["code"] == "records_missing"
        assert run.cursor_after is None
