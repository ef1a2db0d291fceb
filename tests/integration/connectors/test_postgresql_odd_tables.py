"""Tables of PostgreSQL at their limits: names, widths, defaults, keys of every type."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from syncline.connectors.postgresql import PostgresqlConnector
from syncline.testing.connectors.bulks import bulk


class Tables:
    """A database, and a connector to it."""

    def __init__(self, connector: PostgresqlConnector, database: asyncpg.Connection) -> None:
        self.connector = connector
        self.database = database

    async def codes(self, *records: dict[str, Any], key: str = "id") -> dict[int, str]:
        """Write records to `t`; return the codes of those that failed."""
        result = await self.connector.write(bulk("t", records, key))
        return {place: failure.code for place, failure in result.failures.items()}

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.database.fetch(sql)]


@pytest.fixture
async def tables(connector: PostgresqlConnector, db: asyncpg.Connection) -> Tables:
    return Tables(connector, db)


async def test_a_table_of_1600_columns(tables: Tables) -> None:
    names = [f"c{n:04}" for n in range(1599)]
    more = ", ".join(f"{name} bool" for name in names)
    await tables.database.execute(f"create table t (id int primary key, {more})")
    record = {"id": 1} | dict.fromkeys(names, True)

    assert await tables.codes(record, {"id": 2, "c0000": False}) == {}
    moved = await tables.connector.write(bulk("t", [record | {"id": 3}], target_ids=["1"]))

    assert moved.failures == {}
    assert await tables.rows("select id, c1598 from t order by id") == [(2, None), (3, True)]


@pytest.mark.parametrize("name", ["order", "Group", 'a"b', "with space", "ä-ö", "%s", "$1", "{x}"])
async def test_names_are_quoted(tables: Tables, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    await tables.database.execute(
        f"create table {quoted} (id int, {quoted} text not null, n int, primary key (id, {quoted}))"
    )
    table = name
    record = {"id": 1, name: "a", "n": 1}

    result = await tables.connector.write(bulk(table, [record], "id", name))
    found = await tables.connector.lookup(bulk(table, [record], "id", name))
    moved = await tables.connector.write(
        bulk(table, [record | {name: "b"}], "id", name, target_ids=result.target_ids)
    )

    assert (result.failures, found.target_ids, moved.failures) == ({}, ['["1","a"]'], {})
    assert await tables.rows(f"select {quoted} from {quoted}") == [("b",)]


async def test_what_is_left_out_is_filled_and_what_is_null_is_not(tables: Tables) -> None:
    await tables.database.execute(
        "create table t (id text primary key, no serial, nr int generated always as identity,"
        " n int default 7, word text not null default 'w', at timestamptz default now())"
    )

    codes = await tables.codes(
        {"id": "a"}, {"id": "b", "n": None}, {"id": "c", "word": None}, {"id": "d", "no": 50}
    )

    assert codes == {2: "constraint_violated"}
    rows = await tables.rows("select id, nr, n, word, at is not null from t order by id")
    assert [row[0] for row in rows] == ["a", "b", "d"]
    assert [row[2:] for row in rows] == [(7, "w", True), (None, "w", True), (7, "w", True)]
    assert all(row[1] for row in rows)


async def test_nul_in_texts_and_keys_fails_its_record_alone(tables: Tables) -> None:
    await tables.database.execute("create table t (id text primary key, n text, j jsonb)")

    codes = await tables.codes(
        {"id": "a\0", "n": "x"}, {"id": "b", "n": "\0"}, {"id": "c", "j": {"k": "\0"}}, {"id": "d"}
    )

    assert codes == dict.fromkeys((0, 1, 2), "value_refused")
    asked = bulk("t", [{"id": "a\0"}, {"id": "d"}])
    assert (await tables.connector.lookup(asked)).target_ids == [None, "d"]
    await tables.connector.delete(["a\0", "d"], {"table": "t"})
    assert await tables.rows("select id from t") == []


async def test_numbers_beyond_their_column_fail_alone(tables: Tables) -> None:
    await tables.database.execute(
        "create table t (id bigint primary key, s smallint, q numeric(5,2), r real)"
    )

    codes = await tables.codes(
        {"id": 2**63}, {"id": 1, "s": 40_000}, {"id": 2, "q": "1000"}, {"id": 3, "r": "1e300"},
        {"id": 4, "s": "1.5"}, {"id": 5, "s": 1, "q": "999.99", "r": "0.1"},
    )  # fmt: skip

    assert codes == dict.fromkeys(range(5), "value_refused")
    assert await tables.rows("select id from t") == [(5,)]


@pytest.mark.parametrize(
    ("kind", "one", "same", "other"),
    [
        ("uuid", "6F1C0000-0000-4000-8000-00000000ABCD", "x", "x"),
        ("char(5)", "AB", "AB  ", "ABC"),
        ("boolean", True, "yes", False),
        ("timestamptz", "2026-01-01T10:00:00Z", "2026-01-01 12:00+02", "2026-01-02"),
        ("date", "2026-01-31", "20260131", "2026-02-01"),
        ("inet", "10.0.0.1", "10.0.0.1/32", "10.0.0.2"),
        ("bigint", 7, "+7", "07x"),
        ("text", "é", "é", "e"),
    ],
)
async def test_keys_of_every_type_are_compared_by_it(
    tables: Tables, kind: str, one: object, same: object, other: object
) -> None:
    if kind == "uuid":
        same, other = str(one).lower().replace("-", ""), "00000000-0000-0000-0000-000000000000"
    if kind == "bigint":
        other = 8
    await tables.database.execute(f"create table t (id {kind} primary key, n int)")

    codes = await tables.codes({"id": one, "n": 1}, {"id": same, "n": 2}, {"id": other, "n": 3})

    assert codes == {1: "duplicate_key"}
    asked = bulk("t", [{"id": same}, {"id": other}])
    assert None not in (await tables.connector.lookup(asked)).target_ids


async def test_texts_that_a_collation_takes_for_one_are_one(tables: Tables) -> None:
    try:
        await tables.database.execute(
            "create collation folded (provider = icu, locale = 'und-u-ks-level2',"
            " deterministic = false)"
        )
    except asyncpg.FeatureNotSupportedError:
        pytest.skip("this server has no ICU")
    await tables.database.execute("create table t (id text collate folded primary key, n int)")

    assert await tables.codes({"id": "abc", "n": 1}, {"id": "ABC", "n": 2}, {"id": "x"}) == {
        1: "duplicate_key"
    }


async def test_a_key_that_the_domain_refuses_is_looked_up_and_deleted_beside_others(
    tables: Tables,
) -> None:
    await tables.database.execute(
        "create domain code as text check (value ~ '^[A-Z]+$');"
        "create table t (id code primary key, n int); insert into t values ('A', 1), ('C', 3)"
    )

    found = await tables.connector.lookup(bulk("t", [{"id": "b"}, {"id": "C"}]))
    await tables.connector.delete(["b", "A"], {"table": "t"})

    assert found.target_ids == [None, "C"]
    assert await tables.rows("select id from t") == [("C",)]


async def test_a_domain_as_key(tables: Tables) -> None:
    await tables.database.execute(
        "create domain code as text check (value ~ '^[A-Z]+$');"
        "create table t (id code primary key, n int)"
    )

    codes = await tables.codes({"id": "A", "n": 1}, {"id": "b", "n": 2}, {"id": "C", "n": 3})

    assert codes == {1: "constraint_violated"}
    moved = await tables.connector.write(
        bulk("t", [{"id": "D"}, {"id": "E"}], target_ids=["A", "b"])
    )
    assert moved.failures == {}
    assert await tables.rows("select id, n from t order by id") == [("C", 3), ("D", 1), ("E", None)]
