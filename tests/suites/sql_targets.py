"""What every SQL target has to do: keys that change or clash, tables of every make."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from syncline.connectors.port import ConnectorError, WriteBatch
from syncline.domain.errors import Category, Failure
from tests.suites.composite_keys import KEY, SqlWorld, row
from tests.support.written import bulk

ITEMS = "create table t (sku varchar(20) primary key, n int)"
PAIRS = "create table t (id int, seller text, n int, primary key (id, seller))"


def sku(name: object, n: object) -> dict[str, Any]:
    return {"n": n, "sku": name}


def by_sku(
    records: list[dict[str, Any]], *known: str | None, sources: tuple[str, ...] = ()
) -> WriteBatch:
    return bulk("t", records, "sku", target_ids=known, source_ids=sources)


async def refused(sql: SqlWorld, batch: WriteBatch) -> Failure:
    """Write what the whole call fails for, in one statement; return why."""
    asked = 0

    async def pace() -> None:
        nonlocal asked
        asked += 1

    sql.connector.pace = pace
    with pytest.raises(ConnectorError) as caught:
        await sql.connector.write(batch)
    assert asked <= 1
    assert caught.value.failure.category is Category.PERMANENT
    return caught.value.failure


class ChangedKeySuite:
    """A record whose match key is another than before keeps its row. Fixture `sql`."""

    async def test_its_row_gets_the_new_key(self, sql: SqlWorld) -> None:
        await sql.run(ITEMS)
        first = await sql.connector.write(by_sku([sku("A", 1)]))

        result = await sql.connector.write(by_sku([sku("B", 2)], *first.target_ids))

        assert (result.target_ids, result.failures) == (["B"], {})
        assert await sql.run("select * from t") == [("B", 2)]
        again = await sql.connector.write(by_sku([sku("B", 2)], *first.target_ids))
        assert again.failures == {}
        assert await sql.run("select * from t") == [("B", 2)]

    async def test_also_a_key_of_several_columns(self, sql: SqlWorld) -> None:
        await sql.run(PAIRS)
        first = await sql.connector.write(bulk("t", [row(1, "a", 1), row(1, "b", 2)], *KEY))
        moved = [row(1, "c", 5), row(1, "b", 6)]

        result = await sql.connector.write(bulk("t", moved, *KEY, target_ids=first.target_ids))

        assert (result.target_ids, result.failures) == (['["1","c"]', '["1","b"]'], {})
        assert await sql.run("select seller, n from t order by seller") == [("b", 6), ("c", 5)]

    async def test_what_the_mapping_leaves_out_is_kept(self, sql: SqlWorld) -> None:
        await sql.run("create table t (sku varchar(20) primary key, n int, note text)")
        await sql.run("insert into t values ('A', 1, 'kept')")

        await sql.connector.write(by_sku([sku("B", 2)], "A"))

        assert await sql.run("select * from t") == [("B", 2, "kept")]

    async def test_a_key_that_another_row_has_fails_the_record(self, sql: SqlWorld) -> None:
        await sql.run(ITEMS)
        await sql.run("insert into t values ('A', 1), ('B', 2), ('C', 3)")
        batch = by_sku([sku("B", 9), sku("D", 9)], "A", "C")

        result = await sql.connector.write(batch)

        assert {n: f.code for n, f in result.failures.items()} == {0: "constraint_violated"}
        rows = await sql.run("select * from t order by sku")
        assert rows == [("A", 1), ("B", 2), ("D", 9)]

    async def test_a_row_that_is_gone_is_made_anew(self, sql: SqlWorld) -> None:
        await sql.run(ITEMS)

        result = await sql.connector.write(by_sku([sku("B", 2), sku("C", 3)], "A", None))

        assert result.failures == {}
        assert await sql.run("select * from t order by sku") == [("B", 2), ("C", 3)]

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
    async def test_a_key_may_be_handed_on(self, sql: SqlWorld, order: tuple[int, ...]) -> None:
        """A becomes B, B becomes C, and a new record is A: in whatever order they come."""
        await sql.run(ITEMS)
        await sql.run("insert into t values ('A', 1), ('B', 2)")
        moves: list[tuple[str, int, str | None]] = [("B", 1, "A"), ("C", 2, "B"), ("A", 3, None)]
        records = [sku(moves[n][0], moves[n][1]) for n in order]

        result = await sql.connector.write(by_sku(records, *(moves[n][2] for n in order)))

        assert result.failures == {}
        assert await sql.run("select * from t order by sku") == [("A", 3), ("B", 1), ("C", 2)]

    async def test_a_row_that_could_not_move_is_nobody_elses(self, sql: SqlWorld) -> None:
        """A cannot become B, so a new record A has no row: it may not take that one."""
        await sql.run(ITEMS)
        await sql.run("insert into t values ('A', 1), ('B', 2)")

        result = await sql.connector.write(by_sku([sku("A", 9), sku("B", 9)], None, "A"))

        codes = {n: f.code for n, f in result.failures.items()}
        assert codes == {0: "duplicate_key", 1: "constraint_violated"}
        assert await sql.run("select * from t order by sku") == [("A", 1), ("B", 2)]

    async def test_a_known_id_that_names_no_row_does_no_harm(self, sql: SqlWorld) -> None:
        await sql.run("create table t (sku int primary key, n int)")
        known = ["no number", '["7","x"]', "", "a\0b", "99999999999999999999"]

        result = await sql.connector.write(by_sku([sku(n, n) for n in range(5)], *known))

        assert result.failures == {}
        assert await sql.run("select sku from t order by sku") == [(n,) for n in range(5)]


class SharedKeySuite:
    """Two records with one key are told of. Fixture `sql`."""

    async def test_the_second_one_fails(self, sql: SqlWorld) -> None:
        await sql.run(ITEMS)

        result = await sql.connector.write(by_sku([sku("A", 1), sku("B", 2), sku("A", 3)]))

        assert {n: f.code for n, f in result.failures.items()} == {2: "duplicate_key"}
        assert "'s0'" in result.failures[2].message
        assert result.target_ids == ["A", "B", None]
        assert await sql.run("select * from t order by sku") == [("A", 1), ("B", 2)]

    async def test_also_where_they_have_different_fields(self, sql: SqlWorld) -> None:
        await sql.run(ITEMS)

        result = await sql.connector.write(by_sku([sku("A", 1), {"sku": "A"}]))

        assert {n: f.code for n, f in result.failures.items()} == {1: "duplicate_key"}

    async def test_the_row_stays_with_the_record_that_has_it(self, sql: SqlWorld) -> None:
        await sql.run(ITEMS)

        result = await sql.connector.write(by_sku([sku("A", 1), sku("A", 2)], None, "A"))

        assert list(result.failures) == [0]
        assert await sql.run("select * from t") == [("A", 2)]

    async def test_two_versions_of_a_record_are_one(self, sql: SqlWorld) -> None:
        await sql.run(ITEMS)
        batch = by_sku([sku("A", 1), sku("A", 2), sku("A", 3)], sources=("x", "x", "y"))

        result = await sql.connector.write(batch)

        assert list(result.failures) == [2]
        assert await sql.run("select * from t") == [("A", 2)]

    @pytest.mark.parametrize(
        ("column", "keys"),
        [
            ("integer", ("007", "7", 7)),
            ("integer", (7, "+7", "8", "x")),
            ("numeric", ("1.0", "1.00", 1)),
        ],
    )
    async def test_keys_that_the_database_takes_for_one_are_one(
        self, sql: SqlWorld, column: str, keys: tuple[object, ...]
    ) -> None:
        await sql.run(f"create table t (sku {column} primary key, n int)")

        result = await sql.connector.write(by_sku([sku(k, n) for n, k in enumerate(keys)]))

        assert result.failures[1].code == "duplicate_key"
        assert 0 not in result.failures
        assert await sql.run("select n from t where sku = " + str(keys[0])) == [(0,)]


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
