"""Match keys that change or clash, seen from outside: one row a record, and nothing in silence."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest

from syncline.domain.run import Run, State
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.auditor import audit
from tests.support.configured import store_instance
from tests.support.installation import Installation

DOCUMENT: dict[str, Any] = {
    "entityType": "item",
    "extraction": {"mode": "config", "table": "source_items", "idColumn": "id"},
    "normalization": {"fields": [
        {"source": name, "target": name, "type": kind}
        for name, kind in (("id", "int"), ("sku", "string"), ("number", "int"))
    ]},
    "transformation": {
        "matchKey": "sku", "target": {"table": "target_items"},
        "fields": [{"source": n, "target": n} for n in ("sku", "number")],
    },
}  # fmt: skip


@pytest.fixture
async def db(place: Installation) -> AsyncIterator[Database]:
    async with open_database(place.dsn) as database:
        async with database.transaction() as c:
            profile = await place.profiles(c).store_own_database("erp")
            await store_instance(c, "erp-shop", (profile, profile), "items", DOCUMENT)
            await c.execute("create table source_items (id int, sku text, number int)")
            await c.execute(
                "create table target_items (sku text unique, number int unique, note text)"
            )
        yield database
        assert await audit(database) == []


async def synced(place: Installation) -> Run:
    return await place.run(instance="erp-shop", entityType="item", batchSize=1)


async def rows(db: Database) -> list[tuple[Any, ...]]:
    return [tuple(r) for r in await db.fetch("select sku, number from target_items order by 1")]


async def test_a_record_keeps_its_row_whatever_its_key_becomes(
    place: Installation, db: Database
) -> None:
    await db.execute("insert into source_items values (1, 'A', 5), (2, 'B', 6)")
    assert (await synced(place)).counters.success == 2

    await db.execute("update source_items set sku = 'C' where id = 1")
    renamed = await synced(place)

    assert (renamed.state, renamed.counters.success) == (State.SUCCEEDED, 1)
    assert await rows(db) == [("B", 6), ("C", 5)]


async def test_a_name_by_another_match_key_names_no_row(place: Installation, db: Database) -> None:
    """By `sku` record 1 was `5`; by `number` that is the row of somebody else."""
    await db.execute("insert into source_items values (1, '5', 10)")
    await synced(place)
    await db.execute("insert into target_items values ('other', 5)")
    document = copy.deepcopy(DOCUMENT)
    document["transformation"]["matchKey"] = "number"
    await db.execute(
        "insert into mapping_versions (mapping_id, version, tenant, document, actor) "
        "select id, 2, tenant, $1, 'test' from mappings", document,
    )  # fmt: skip
    await db.execute("update mappings set active_version = 2")
    await db.execute("update source_items set number = 11, sku = 'new'")

    assert (await synced(place)).counters.success == 1

    assert await rows(db) == [("5", 10), ("new", 11), ("other", 5)]


async def test_records_of_one_key_in_different_bulks_are_told_of(
    place: Installation, db: Database
) -> None:
    await db.execute("insert into source_items values (1, 'A', 1)")
    assert (await synced(place)).notices == []
    await db.execute("insert into source_items values (2, 'A', 2)")

    run = await synced(place)

    assert run.state == State.SUCCEEDED
    (notice,) = [n for n in run.notices if n.code == "shared_row"]
    assert set(notice.source_ids) == {"1", "2"}
    assert "'A'" in notice.message
    assert [n for n in (await synced(place)).notices if n.code == "shared_row"] == []
