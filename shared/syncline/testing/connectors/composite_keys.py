"""What every target with `composite_key` has to do with a match key of several columns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from syncline.connectors.port import Connector
from syncline.testing.connectors.bulks import bulk

KEY = ("id", "seller")


class SqlWorld(Protocol):
    """A database with one connector to it.

    Attributes:
        run: runs a statement and returns its rows, as whoever owns the tables.
        binary: the type of binary columns.
    """

    connector: Connector
    binary: str
    run: Callable[[str], Awaitable[list[tuple[Any, ...]]]]


def row(id_: object, seller: object, n: int) -> dict[str, Any]:
    return {"id": id_, "n": n, "seller": seller}


class CompositeKeySuite:
    """Subclasses give a fixture `sql`."""

    async def test_rows_are_told_apart_by_all_columns_of_the_key(self, sql: SqlWorld) -> None:
        await sql.run("create table t (id int, seller text, n int, primary key (id, seller))")
        first = [row(1, "a", 1), row(1, "b", 2), row(2, "a", 3)]

        created = await sql.connector.write(bulk("t", first, *KEY))
        await sql.connector.write(bulk("t", [row(1, "b", 5)], *KEY))

        assert created.failures == {}
        assert created.target_ids == ['["1","a"]', '["1","b"]', '["2","a"]']
        rows = await sql.run("select id, seller, n from t order by id, seller")
        assert rows == [(1, "a", 1), (1, "b", 5), (2, "a", 3)]

    async def test_they_are_looked_up_and_deleted_by_it(self, sql: SqlWorld) -> None:
        await sql.run("create table t (id int, seller text, n int, primary key (id, seller))")
        odd = [row(1, 'a","b', 1), row(1, "ä", 2), row(2, "", 3)]
        written = await sql.connector.write(bulk("t", odd, *KEY))
        asked = bulk("t", [odd[1], row(9, "a", 0), odd[0], row(None, "a", 0)], *KEY)

        found = await sql.connector.lookup(asked)
        assert found.target_ids == [written.target_ids[1], None, written.target_ids[0], None]

        gone = [written.target_ids[0] or "", "no key", '["1"]', '["7","x"]']
        await sql.connector.delete(gone, {"table": "t", "key": list(KEY)})
        assert await sql.run("select seller from t order by n") == [("ä",), ("",)]

    async def test_a_key_that_lacks_a_part_fails_its_record_alone(self, sql: SqlWorld) -> None:
        await sql.run("create table t (id int, seller text, n int, primary key (id, seller))")
        records = [row(1, None, 1), {"id": 1, "n": 2}, row(1, "a", 3)]

        result = await sql.connector.write(bulk("t", records, *KEY))

        assert {n: (f.code, f.field) for n, f in result.failures.items()} == dict.fromkeys(
            (0, 1), ("invalid_key", "seller")
        )
        assert await sql.run("select n from t") == [(3,)]
