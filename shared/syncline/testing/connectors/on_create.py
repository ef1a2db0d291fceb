"""What every SQL target with `on_create` has to do with fields of new records alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from syncline.connectors.port import WriteResult
from syncline.testing.connectors.bulks import bulk
from syncline.testing.connectors.composite_keys import SqlWorld

TABLE = "create table t (id int primary key, n int, name varchar(10){})"
NEED = ", need int not null"


def row(id_: int, n: int, name: str) -> dict[str, Any]:
    return {"id": id_, "n": n, "name": name}


class OnCreateSuite:
    """Updates leave the fields of `on_create` as they are. Subclasses give a fixture `sql`."""

    async def _write(
        self, sql: SqlWorld, rows: list[dict[str, Any]], *ids: str | None
    ) -> WriteResult:
        batch = bulk("t", rows, target_ids=ids)
        return await sql.connector.write(msgspec.structs.replace(batch, on_create=("name",)))

    @pytest.mark.parametrize("copied", [1, 600])
    async def test_a_row_gets_them_when_it_is_made_and_keeps_them(
        self, sql: SqlWorld, copied: int
    ) -> None:
        await sql.run(TABLE.format(""))
        await sql.run("insert into t values (0, 0, 'theirs')")
        rows = [row(n, 1, "ours") for n in range(copied + 1)]
        assert (await self._write(sql, rows)).failures == {}

        again = [row(n, 2, "newer") for n in range(copied + 1)]
        assert (await self._write(sql, again)).failures == {}

        names = await sql.run("select name, count(*) from t where n = 2 group by name order by 1")
        assert names == [("ours", copied), ("theirs", 1)]

    async def test_a_row_whose_key_changes_keeps_them(self, sql: SqlWorld) -> None:
        await sql.run(TABLE.format(""))
        await self._write(sql, [row(1, 1, "first")])

        result = await self._write(sql, [row(2, 2, "second")], "1")

        assert result.failures == {}
        assert await sql.run("select id, n, name from t") == [(2, 2, "first")]

    async def test_a_row_that_has_what_a_new_one_would_lack_keeps_them(self, sql: SqlWorld) -> None:
        await sql.run(TABLE.format(NEED))
        await sql.run("insert into t (id, n, name, need) values (1, 1, 'theirs', 5)")

        result = await self._write(sql, [row(1, 2, "ours")])

        assert result.failures == {}
        assert await sql.run("select n, name, need from t") == [(2, "theirs", 5)]

    async def test_a_payload_of_nothing_else_creates_and_never_changes(self, sql: SqlWorld) -> None:
        await sql.run("create table t (id int primary key, name varchar(10))")
        for name in ("first", "second"):
            assert (await self._write(sql, [{"id": 1, "name": name}])).failures == {}
        assert await sql.run("select name from t") == [("first",)]
