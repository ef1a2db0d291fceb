"""What every SQL target has to do with keys that change or clash."""

from __future__ import annotations

from typing import Any

import pytest

from syncline.connectors.port import ConnectorError, WriteBatch
from syncline.domain.errors import Category, Failure
from syncline.testing.connectors.bulks import bulk
from syncline.testing.connectors.composite_keys import KEY, SqlWorld, row

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
