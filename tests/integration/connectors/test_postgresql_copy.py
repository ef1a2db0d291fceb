"""Reading by COPY: what is read ahead, what a line means, and texts of every kind."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import asyncpg
import pytest

from syncline.connectors.pages import PAGE_BYTES
from syncline.connectors.port import ConnectorError, ExtractRequest, Page
from syncline.connectors.postgresql import PostgresqlConnector
from syncline.domain.mapping.condition import Condition
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.postgres.database.rows import array_text
from tests.support.postgresql import connector_to

TABLE = Extraction(id_column="id", table="t")
ODD = [
    "",
    "\\",
    "\\N",
    "\\\\N",
    "a\tb\nc\rd\be\ff\v",
    "{}",
    "NULL",
    '"',
    "'",
    "$1",
    "ä€😀",
    "\x01\x7f",
    ",",
]
"""Texts that mean something to COPY, to SQL, or to lists in it."""


async def read(connector: PostgresqlConnector, extraction: Extraction = TABLE) -> Page:
    (page,) = [page async for page in connector.extract(ExtractRequest(extraction))]
    return page


def hashed(page: Page) -> list[tuple[bytes, bytes]]:
    assert page.lines is not None
    return [(line, page.lines.layout) for line in page.lines.data]


async def test_every_text_arrives_as_it_is_also_as_an_id_and_in_a_filter(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    await db.execute("create table t (id text primary key, v text, many text[])")
    rows = [(text, text, [text, None]) for text in ODD]
    await db.executemany("insert into t values ($1, $2, $3)", rows)

    page = await read(connector)
    assert sorted(page.ids) == sorted(ODD)
    for record in page.records.records():
        assert record == {"id": record["id"], "v": record["id"], "many": [record["id"], None]}
    assert sorted((await connector.fetch(TABLE, ODD)).ids) == sorted(ODD)
    for text in ODD:
        chosen = Extraction(
            id_column="id", table="t", filters=(Condition(field="v", op="in", value=[text, "?"]),)
        )
        assert (await read(connector, chosen)).ids == [text]


@pytest.mark.parametrize("conforming", ["on", "off"])
@pytest.mark.parametrize("evil", ["*/", "'", "\\'", "$a$"])
async def test_no_value_is_read_as_sql_wherever_a_query_names_it(
    db: asyncpg.Connection, empty_postgres: str, conforming: str, evil: str
) -> None:
    name = await db.fetchval("select current_database()")
    await db.execute(f'alter database "{name}" set standard_conforming_strings = {conforming}')
    await db.execute("create table t (id text primary key)")
    value = f"{evil}) q) to stdout; commit; drop table t; copy (select from (select 1 as id --"
    connector = connector_to(empty_postgres)
    for hiding in ("/* /* */ {} */", "-- {}", "/* */ and '\\' <> ' {} '", "and $a$ {} $a$ <> ''"):
        sql = f"select id from t where id = :value {hiding.format(':value')}"
        extraction = Extraction(
            id_column="id",
            table=None,
            sql=sql,
            mode=ExtractionMode.SQL,
            parameters={"value": value},
        )
        with suppress(ConnectorError):  # a query may be refused, but never does anything else
            assert [page async for page in connector.extract(ExtractRequest(extraction))] == []
        assert await db.fetchval("select count(*) from t") == 0
    await connector.close()


async def test_a_value_that_no_text_can_hold_is_refused_for_good(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    await db.execute("create table t (id text primary key)")
    for value in ("a\0b", "\ud800"):
        chosen = Extraction(
            id_column="id", table="t", filters=(Condition(field="id", op="eq", value=value),)
        )
        with pytest.raises(ConnectorError):
            await read(connector, chosen)


async def test_a_record_has_the_same_line_whoever_reads_it_and_another_if_it_means_other(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    await db.execute(
        "create table t as select 'A' || n as id, n as a, n::text as b from generate_series(1, 3) n"
    )
    first = await read(connector)

    assert hashed(await connector.fetch(TABLE, ["A2"])) == hashed(first)[1:2]
    for change in ("rename a to c", "alter c type text", "rename b to a"):
        before = hashed(await read(connector))
        await db.execute(f"alter table t {change}")
        assert not set(before) & set(hashed(await read(connector)))


async def test_what_other_rows_number_is_in_no_line(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    await db.execute("create table t as select n * 1.0 as id from generate_series(1, 3) n")
    first = await read(connector)
    await db.execute("insert into t values (0.5)")

    assert hashed(await read(connector))[1:] == hashed(first)
    assert hashed(await connector.fetch(TABLE, ["3.0"])) == hashed(first)[2:]


async def test_a_read_may_wait_for_those_who_take_its_pages(
    empty_postgres: str, db: asyncpg.Connection
) -> None:
    await db.execute(
        "create table t as select n as id, repeat('x', 1000) as v from generate_series(1, 20000) n"
    )
    connector = connector_to(empty_postgres, statementTimeout=1)
    ids: list[str] = []
    async for page in connector.extract(ExtractRequest(TABLE, page_size=5000)):
        ids += page.ids
        await asyncio.sleep(1.2)
    assert ids == [str(n) for n in range(1, 20_001)]
    await connector.close()


async def test_a_read_that_is_left_copies_no_further(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    await db.execute(
        "create sequence s; create table t as select n as id from generate_series(1, 200000) n"
    )
    pages = connector.extract(ExtractRequest(TABLE, page_size=10))
    assert (await anext(pages)).ids == [str(n) for n in range(1, 11)]
    await pages.aclose()  # type: ignore[attr-defined]
    await db.execute("set lock_timeout = '5s'; drop table t")  # nobody reads it any more


async def test_texts_are_given_to_the_database_as_they_are(db: asyncpg.Connection) -> None:
    for texts in ([], ODD, [None, *ODD, None], ["a"], [None]):
        assert await db.fetchval("select $1::text::text[]", array_text(texts)) == texts


async def test_pages_of_long_rows_are_bounded_by_bytes(
    db: asyncpg.Connection, connector: PostgresqlConnector
) -> None:
    await db.execute("create table t (id int primary key, text text)")
    await db.execute("insert into t select n, repeat('x', 500000) from generate_series(1, 25) n")
    await db.execute("insert into t values (26, repeat('y', 850000)), (27, 'end')")
    pages = [page async for page in connector.extract(ExtractRequest(TABLE))]
    assert [i for page in pages for i in page.ids] == [str(n) for n in range(1, 28)]
    assert max(len(page.ids) for page in pages) <= 2 * PAGE_BYTES // 500_000
    assert sum(len(r["text"]) for page in pages for r in page.records.records()) == 13_350_003
