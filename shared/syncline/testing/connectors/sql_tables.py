"""What every SQL target has to do with tables of every make."""

from __future__ import annotations

from base64 import b64encode

import pytest

from syncline.testing.connectors.bulks import bulk
from syncline.testing.connectors.composite_keys import SqlWorld, row
from syncline.testing.connectors.sql_keys import ITEMS, PAIRS, by_sku, refused, sku


class KeyedTableSuite:
    """What a table is keyed by is named, and no advice breaks it. Fixture `sql`."""

    @pytest.mark.parametrize(
        ("tables", "words"),
        [
            (PAIRS, "matchKey: [id, seller] would fit"),
            (
                "create table t (id int, seller text unique, n int);"
                "create unique index partly on t (id) where n is null",
                "unique index partly",
            ),
            (
                "create table t (id int, seller text, n int); create unique index e on t (abs(id))",
                "unique index e",
            ),
        ],
    )
    async def test_a_table_that_is_keyed_otherwise_is_named(
        self, sql: SqlWorld, tables: str, words: str
    ) -> None:
        for statement in tables.split(";"):
            await sql.run(statement)

        failure = await refused(sql, bulk("t", [row(n, "a", n) for n in range(50)]))

        assert failure.code == "no_unique_key"
        assert words in failure.message
        assert "create unique index on" not in failure.message

    async def test_a_table_without_any_key_is_told_which_it_needs(self, sql: SqlWorld) -> None:
        await sql.run("create table t (id int, n int)")

        failure = await refused(sql, bulk("t", [{"id": 1, "n": 1}]))

        assert failure.code == "no_unique_key"
        assert "create unique index" in failure.message

    async def test_a_key_of_several_may_be_named_in_any_order(self, sql: SqlWorld) -> None:
        await sql.run(PAIRS)
        batch = bulk("t", [row(1, "a", 1)], "seller", "id")

        assert (await sql.connector.write(batch)).target_ids == ['["a","1"]']
        assert (await sql.connector.write(batch)).failures == {}


class MakeSuite:
    """Tables that change, refuse or generate. Fixture `sql`."""

    async def test_a_table_that_is_dropped_in_mid_run_is_the_calls(self, sql: SqlWorld) -> None:
        await sql.run(ITEMS)
        await sql.connector.write(by_sku([sku("A", 1)]))
        await sql.run("drop table t")

        failure = await refused(sql, by_sku([sku(f"B{n}", 1) for n in range(100)]))

        assert failure.code == "no_table"

    async def test_a_column_that_is_added_or_dropped_is_seen(self, sql: SqlWorld) -> None:
        await sql.run(ITEMS)
        await sql.connector.write(by_sku([sku("A", 1)]))
        await sql.run("alter table t add column more text")
        added = await sql.connector.write(by_sku([sku("A", 2) | {"more": "x"}]))
        await sql.run("alter table t drop column more")

        dropped = await sql.connector.write(by_sku([sku("A", 3) | {"more": "x"}, sku("B", 4)]))

        assert added.failures == {}
        assert {n: f.code for n, f in dropped.failures.items()} == {0: "unknown_column"}
        assert await sql.run("select sku, n from t order by sku") == [("A", 2), ("B", 4)]

    async def test_a_table_that_is_made_anew_is_seen(self, sql: SqlWorld) -> None:
        await sql.run(ITEMS)
        await sql.connector.write(by_sku([sku("A", 1)]))
        await sql.run("drop table t")
        await sql.run("create table t (n text, sku int primary key, more text default 'new')")

        result = await sql.connector.write(by_sku([sku(7, 1), sku("8", "text")]))

        assert result.failures == {}
        assert await sql.run("select * from t order by sku") == [
            ("1", 7, "new"),
            ("text", 8, "new"),
        ]

    async def test_a_generated_column_that_is_mapped_is_the_calls(self, sql: SqlWorld) -> None:
        await sql.run(
            "create table t (sku varchar(20) primary key, n int,"
            " twice int generated always as (n * 2) stored)"
        )
        batch = by_sku([sku(f"A{n}", n) | {"twice": 2} for n in range(50)])

        failure = await refused(sql, batch)

        assert (failure.code, failure.field) == ("generated_column", "twice")
        assert (await sql.connector.write(by_sku([sku("A", 4)]))).failures == {}
        assert await sql.run("select twice from t") == [(8,)]

    async def test_rows_that_are_there_need_not_be_told_all_they_must_have(
        self, sql: SqlWorld
    ) -> None:
        await sql.run("create table t (sku varchar(20) primary key, n int, must text not null)")
        await sql.run("insert into t values ('A', 1, 'had'), ('B', 1, 'had')")

        result = await sql.connector.write(by_sku([sku("A", 2), sku("new", 3), sku("B", 4)]))

        assert {n: f.code for n, f in result.failures.items()} == {1: "constraint_violated"}
        rows = await sql.run("select * from t order by sku")
        assert rows == [("A", 2, "had"), ("B", 4, "had")]

    @pytest.mark.parametrize("size", [0, 3, 1_000_000])
    async def test_binary_columns_take_the_bytes(self, sql: SqlWorld, size: int) -> None:
        await sql.run(f"create table t (sku varchar(20) primary key, n {sql.binary})")
        content = bytes(n % 256 for n in range(1, size + 1))
        records = [sku("A", b64encode(content).decode()), sku("B", None), sku("C", "no base64!"),
                   sku("D", 5), sku("E", "AQI"), sku("F", "AQID")]  # fmt: skip

        result = await sql.connector.write(by_sku(records))

        assert {n: (f.code, f.field) for n, f in result.failures.items()} == dict.fromkeys(
            (2, 3, 4), ("value_refused", "n")
        )
        rows = await sql.run("select * from t order by sku")
        assert rows == [("A", content), ("B", None), ("F", b"\1\2\3")]
