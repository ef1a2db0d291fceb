"""What SQLite refuses: a call for what concerns the file or table, a record for its own values."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.facts import Surroundings
from syncline.connectors.port import ConnectorError
from syncline.connectors.sqlite.database import SqliteFile, SqliteSettings, failure_of
from syncline.domain.errors import RetriableError
from syncline.testing.connectors.bulks import bulk
from tests.support.sqlite_tables import SqliteTables

TABLE = "create table t (id integer primary key, n int, name text)"


async def written(sql: SqliteTables, *records: dict[str, Any]) -> dict[int, str]:
    """Write records; return the codes of those that failed."""
    result = await sql.connector.write(bulk("t", records))
    return {place: failure.code for place, failure in result.failures.items()}


async def _trigger(sql: SqliteTables, body: str, when: str = "before insert") -> None:
    await sql.run(TABLE)
    await sql.run(f"create trigger g {when} on t when new.id = 2 begin {body}; end")


def test_a_query_cannot_make_a_field_of_any_size(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.db").close()
    (tmp_path / "a.db").touch()
    settings = SqliteSettings(file=str(tmp_path / "a.db"))
    database = SqliteFile(settings, Surroundings(folders=(str(tmp_path),)))
    refused = pytest.raises(ConnectorError, match="more than 16,000,000 bytes")
    with refused as caught, database.opened() as connection:
        connection.execute("select hex(zeroblob(10000000))").fetchall()
    assert caught.value.failure.code == "row_too_large"


class TestTriggers:
    @pytest.mark.parametrize("how", ["abort", "fail", "rollback"])
    async def test_what_a_trigger_raises_is_its_records(self, sql: SqliteTables, how: str) -> None:
        await _trigger(sql, f"select raise({how}, 'not two')")

        result = await sql.connector.write(bulk("t", [{"id": n, "n": n} for n in range(5)]))

        assert {n: f.message for n, f in result.failures.items()} == {2: "SQLite: not two"}
        assert await sql.run("select id from t order by id") == [(0,), (1,), (3,), (4,)]

    async def test_a_row_that_a_trigger_leaves_out_is_told_of(self, sql: SqliteTables) -> None:
        await _trigger(sql, "select raise(ignore)")

        assert await written(sql, {"id": 1, "n": 1}, {"id": 2, "n": 2}) == {1: "value_refused"}
        assert await sql.run("select id from t") == [(1,)]

    async def test_a_trigger_that_is_broken_is_the_calls(self, sql: SqliteTables) -> None:
        await sql.run("create table log (id int)")
        await _trigger(sql, "insert into log values (new.id)")
        await sql.run("pragma legacy_alter_table = on")
        await sql.run("drop table log")

        with pytest.raises(ConnectorError, match=r"no such table: main\.log") as caught:
            await written(sql, {"id": 1, "n": 1}, {"id": 2, "n": 2})
        assert caught.value.failure.code == "no_table"


class TestReferences:
    @pytest.mark.parametrize("when", ["", "deferrable initially deferred"])
    async def test_what_refers_to_nothing_fails_alone(self, sql: SqliteTables, when: str) -> None:
        await sql.run(f"create table t (id integer primary key, owner int references t {when})")

        codes = await written(
            sql, {"id": 1, "owner": 2}, {"id": 2, "owner": 2}, {"id": 3, "owner": 99}
        )

        assert codes == {2: "parent_missing"}
        assert await sql.run("select id from t order by id") == [(1,), (2,)]


class TestTables:
    async def test_a_strict_table_refuses_what_is_of_another_type(self, sql: SqliteTables) -> None:
        await sql.run("create table t (id int primary key, n int, b blob, any any) strict")

        codes = await written(
            sql,
            {"id": 1, "n": "7", "b": "AQID", "any": "007"},
            {"id": 2, "n": "seven", "b": None, "any": None},
            {"id": "x", "n": 1, "b": None, "any": None},
        )

        assert codes == dict.fromkeys((1, 2), "constraint_violated")
        assert await sql.run("select * from t") == [(1, 7, b"\1\2\3", "007")]

    async def test_keys_that_differ_in_case_alone_are_one_where_the_table_says_so(
        self, sql: SqliteTables
    ) -> None:
        await sql.run("create table t (id text collate nocase primary key, n int)")

        codes = await written(sql, {"id": "abc", "n": 1}, {"id": "ABC", "n": 2}, {"id": "x"})

        assert codes == {1: "duplicate_key"}
        assert await sql.run("select * from t order by id") == [("abc", 1), ("x", None)]

    async def test_it_is_the_index_that_says_so(self, sql: SqliteTables) -> None:
        await sql.run("create table t (id text, n int)")
        await sql.run("create unique index i on t (id collate nocase)")

        assert await written(sql, {"id": "abc"}, {"id": "ABC"}) == {1: "duplicate_key"}

    @pytest.mark.parametrize("made", ["", "strict", "without rowid"])
    async def test_tables_of_every_make_are_written(self, sql: SqliteTables, made: str) -> None:
        await sql.run(f"create table t (id text primary key, n int) {made}")

        assert await written(sql, {"id": "a", "n": 1}, {"id": "b", "n": 2}) == {}
        assert await written(sql, {"id": "a", "n": 3}, {"id": 5, "n": 4}) == {}
        assert await sql.run("select * from t order by id") == [("5", 4), ("a", 3), ("b", 2)]

    async def test_a_view_is_named_for_what_it_is(self, sql: SqliteTables) -> None:
        await sql.run("create table behind (id int primary key)")
        await sql.run("create view t as select * from behind")

        with pytest.raises(ConnectorError, match="t is a view"):
            await written(sql, {"id": 1})

    async def test_keys_without_a_type_are_found_by_their_text(self, sql: SqliteTables) -> None:
        await sql.run("create table t (id unique, n int)")
        await sql.connector.write(bulk("t", [{"id": 7, "n": 1}, {"id": "x", "n": 2}]))
        moved = bulk("t", [{"id": 8, "n": 3}, {"id": "y", "n": 4}], target_ids=["7", "x"])

        found = await sql.connector.lookup(bulk("t", [{"id": 7}, {"id": "7"}, {"id": "x"}]))
        assert found.target_ids == ["7", "7", "x"]
        assert (await sql.connector.write(moved)).failures == {}
        assert await sql.run("select * from t order by n") == [(8, 3), ("y", 4)]


def _said(statement: str, *before: str) -> sqlite3.OperationalError:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for each in (TABLE, *before):
        connection.execute(each)
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute(statement)
    connection.close()
    return caught.value


def test_what_concerns_the_file_is_told_with_what_to_do() -> None:
    write = "insert into t (name) values (zeroblob(100000))"
    full = failure_of(_said(write, "pragma max_page_count = 3"))
    read_only = failure_of(_said(write, "pragma query_only = 1"))

    assert isinstance(full, ConnectorError)
    assert (full.failure.code, "free some space" in full.failure.message) == ("disk_full", True)
    assert isinstance(read_only, ConnectorError)
    assert read_only.failure.code == "read_only"
    assert "write the file and its folder" in read_only.failure.message
    assert isinstance(failure_of(sqlite3.OperationalError("database is locked")), RetriableError)
