"""A field that no record can hold stays in PostgreSQL; its record fails and names it."""

from __future__ import annotations

import tracemalloc
from typing import Any

import asyncpg
import pytest

from syncline.connectors.port import ExtractRequest, Page
from syncline.connectors.postgresql import PostgresqlConnector
from syncline.domain.mapping.extraction import CursorType, Extraction
from syncline.domain.record import MAX_RECORD

TABLE = Extraction(id_column="id", table="t")
BY_C = Extraction(id_column="id", table="t", cursor_column="c", cursor_type=CursorType.ID)


async def read(connector: PostgresqlConnector, extraction: Extraction, **said: Any) -> list[Page]:
    return [page async for page in connector.extract(ExtractRequest(extraction, **said))]


@pytest.mark.parametrize(
    ("kind", "value", "size"),
    [
        ("text", "repeat('x', 900001)", 900_001),
        ("varchar", "repeat('é', 450001)", 900_002),
        ("char(900001)", "'x'", 900_001),
        ("bytea", "decode(repeat('ab', 900001), 'hex')", 900_001),
        ("json", "('\"' || repeat('x', 900000) || '\"')::json", 900_002),
        ("jsonb", "jsonb_build_object('a', repeat('x', 900000))", 900_009),
        ("text[]", "array[repeat('x', 500000), repeat('y', 500000)]", 1_000_007),
        (
            "tsvector",
            "array_to_tsvector(array(select n || 'abcdef' from generate_series(1, 90000) n))",
            1_248_893,
        ),
    ],
)
async def test_a_long_field_fails_its_record_by_name(
    connector: PostgresqlConnector, db: asyncpg.Connection, kind: str, value: str, size: int
) -> None:
    await db.execute(
        f"""create table t (id int, n int, f {kind});
        insert into t values (1, 10, null), (2, 20, {value}), (3, 30, null)"""
    )
    fetched = await connector.fetch(TABLE, ["1", "2", "3"])
    for page in (*await read(connector, TABLE), fetched):
        assert page.ids == ["1", "2", "3"]
        (failure,) = page.bad.values()
        assert (list(page.bad), failure.code, failure.field) == ([1], "record_too_large", "f")
        assert f"f has {size:,} bytes" in failure.message
        records = page.records.records()
        assert records == [{"id": n, "n": 10 * n, "f": None} for n in (1, 2, 3)]


async def test_a_field_that_fits_is_read(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    await db.execute(f"create table t as select 1 as id, repeat('x', {MAX_RECORD}) as f")
    (page,) = await read(connector, TABLE)
    assert page.bad == {}
    assert page.records.records()[0]["f"] == "x" * MAX_RECORD


async def test_its_bytes_are_never_in_memory(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    await db.execute(
        """create table t (id int, f text); alter table t alter f set storage extended;
        insert into t values (1, repeat('x', 300000000)), (2, 'y')"""
    )
    tracemalloc.start()
    try:
        (page,) = await read(connector, TABLE)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "300,000,000 bytes" in page.bad[0].message
    assert most < 5_000_000


async def test_its_row_is_the_same_in_each_read(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    """So that a record that failed is not tried again until its row changes."""
    await db.execute("create table t as select 1 as id, repeat('x', 900001) f, 'a' as g")
    lines = []
    for more in ("", "f = f || 'x'"):
        if more:
            await db.execute(f"update t set {more}")
        for _ in range(2):
            (page,) = await read(connector, TABLE)
            assert page.lines is not None
            lines.append(page.lines.data[0])
    assert lines[0] == lines[1] != lines[2] == lines[3]


@pytest.mark.parametrize("kind", ["text", "varchar", "bytea"])
async def test_a_long_id_or_cursor_value_is_cut_and_no_row_is_passed_over(
    connector: PostgresqlConnector, db: asyncpg.Connection, kind: str
) -> None:
    await db.execute(
        f"""create table t (id {kind}, c {kind}); insert into t
        select (repeat(n::text, case n when 3 then 950000 else 2 end))::{kind}, 'b' from
          generate_series(1, 5) n
        union all select '6', (repeat('a', 950000))::{kind}"""
    )
    whole = await read(connector, BY_C, page_size=1)
    ids = [i[:6] for page in whole for i in page.ids]
    assert len(ids) == 6
    for place, page in enumerate(whole, 1):
        rest = await read(connector, BY_C, page_size=1, position=page.position)
        seen = ids[:place] + [i[:6] for p in rest for i in p.ids]
        assert list(dict.fromkeys(seen)) == ids
    assert max(len(i) for page in whole for i in page.ids) in (1000, 2002)
