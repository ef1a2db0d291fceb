"""Generated tables and lives of PostgreSQL, MySQL and SQLite databases."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from syncline.connectors.port import Surroundings
from syncline.connectors.sqlite import SqliteConnector
from syncline.domain.mapping.extraction import CursorType, Extraction
from syncline.testing.connectors.generated_sources import GeneratedSources, Session, TableKind
from tests.support.mariadb import MysqlDatabase, connect, mysql_database
from tests.support.postgresql import connector_to

BY_TIME = Extraction(id_column="id", table="t", cursor_column="c")
BY_DATE = Extraction(id_column="id", table="t", cursor_column="c", cursor_type=CursorType.DATE)
BY_NUMBER = Extraction(id_column="id", table="t", cursor_column="c", cursor_type=CursorType.ID)
WHOLE = Extraction(id_column="id", table="t")
UUID = "6f1c0000-0000-4000-8000-00000000abcd"
LIVES = [
    Extraction(table="life", id_column="id", cursor_column="at"),
    Extraction(table="life", id_column="id", cursor_column="id", cursor_type=CursorType.ID),
]


def texts(*values: str | None) -> list[str]:
    return ["null" if value is None else f"'{value}'" for value in values]


TIMES = texts(
    "2026-05-01 08:00:00+00", "2026-05-01 08:00:00.000001+00", "2026-05-02 00:00:00+02",
    "infinity", "-infinity", "0044-03-15 10:00:00+00 BC", "12026-01-01 00:00:00+00", None,
)  # fmt: skip
PG_KINDS = [
    TableKind("int timestamptz", BY_TIME, texts("1", "2", "-3", None), TIMES, {"001": "'1'"}),
    TableKind("text timestamp", BY_TIME, texts("", "a", "A", "ä", "a b"),
              texts("2026-05-01 08:00:00", "2026-05-01 08:00:00.5", "infinity", None)),
    TableKind("uuid date", BY_DATE, texts(UUID, None),
              texts("2026-05-01", "9999-12-31", "infinity", "0044-03-15 BC", None),
              {UUID.upper(): f"'{UUID}'"}),
    TableKind("char(4) int", BY_NUMBER, texts("a", "ab", "AB"), texts("1", "99", "100", None),
              {"ab": "'ab'", "a": "'a'"}),
    TableKind("numeric numeric", BY_NUMBER, texts("1.0", "2", "NaN", None),
              texts("1.0", "1.00", "2.5", "NaN", "Infinity", None), {"1": "'1.0'"}),
    TableKind("timestamptz real", BY_NUMBER, TIMES, texts("0.1", "19.99", "-0", "0", "NaN")),
    TableKind("bytea text", BY_NUMBER, texts("\\x00", "\\xff", ""), texts("a", "B", "", None)),
    TableKind("text text", BY_TIME, texts("1", "01"),
              texts("2026-05-01T08:00:00Z", "2026-05-02T08:00:00Z", "", None)),
    TableKind("interval int[]", BY_NUMBER, texts("1 mon", "30 days", "1 day"),
              texts("{1}", "{1,2}", "{}", None)),
    TableKind("bigint date", WHOLE, texts("9223372036854775807", "0"), texts("2026-05-01", None)),
]  # fmt: skip


class PgSession:
    """A transaction of PostgreSQL."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def insert(self, n: int) -> bool:
        await self._connection.execute("insert into life (n) values ($1)", n)
        return True

    async def commit(self) -> None:
        await self._connection.execute("commit")
        await self._connection.close()


class PgTables:
    """A database of PostgreSQL."""

    kinds = PG_KINDS
    lives = LIVES

    def __init__(self, dsn: str, db: asyncpg.Connection) -> None:
        self.connector = connector_to(dsn)
        self._dsn = dsn
        self._db = db

    async def pour(self, kind: TableKind, rows: Sequence[tuple[str, str, int]]) -> None:
        id_, cursor = kind.name.split()
        values = ", ".join(f"({i}::{id_}, {c}::{cursor}, {n})" for i, c, n in rows)
        await self._db.execute(
            f"drop table if exists t; create table t (id {id_}, c {cursor}, n int); "
            f"insert into t values {values}"
        )

    async def begin_life(self) -> None:
        await self._db.execute(
            "drop table if exists life; create table life "
            "(id bigserial primary key, at timestamptz default now(), n int)"
        )

    async def session(self) -> Session:
        connection = await asyncpg.connect(self._dsn)
        await connection.execute("begin")
        return PgSession(connection)


class TestPostgresql(GeneratedSources):
    @pytest.fixture
    async def tables(self, empty_postgres: str) -> AsyncIterator[PgTables]:
        db = await asyncpg.connect(empty_postgres)
        made = PgTables(empty_postgres, db)
        yield made
        await made.connector.close()
        await db.close()


MYSQL_KINDS = [
    TableKind("int datetime(6)", BY_TIME, texts("1", "2", "-3", None),
              texts("2026-05-01 08:00:00", "2026-05-01 08:00:00.5", "2026-05-02 00:00:00",
                    "0000-00-00 00:00:00", "9999-12-31 23:59:59", None), {"001": "'1'"}),
    TableKind("varchar(9) timestamp", BY_TIME, texts("", "a", "A", "ä", "a b", "a ", "ß", "ss"),
              texts("2026-05-01 08:00:00", "2026-05-01 08:00:01", None)),
    TableKind("varchar(9) date", BY_DATE, texts("ab", "c", None),
              texts("2026-05-01", "9999-12-31", "0000-00-00", None), {"AB": "'ab'"}),
    TableKind("char(4) bigint", BY_NUMBER, texts("a", "ab", "AB"),
              texts("1", "99", "100", "-9223372036854775808", "9223372036854775807", None)),
    TableKind("decimal(20,5) decimal(30,10)", BY_NUMBER, texts("1.0", "2", None),
              texts("1.0", "1.0000000001", "2.5", "12345678901234567890.5", None), {"1": "'1.0'"}),
    TableKind("datetime float", BY_NUMBER, texts("2026-05-01 08:00:00", "2026-05-02 08:00:00"),
              texts("0.1", "19.99", "0", "123456.789")),
    TableKind("varbinary(9) varchar(9)", BY_NUMBER, ["x'00'", "x'ff'", "x''"],
              texts("a", "B", "b", "b ", "", None)),
    TableKind("varchar(40) varchar(40)", BY_TIME, texts("1", "01"),
              texts("2026-05-01T08:00:00Z", "2026-05-02T08:00:00Z", "", None)),
    TableKind("enum('z','a') bit(9)", BY_NUMBER, texts("a", "z"), ["1", "300", "null"]),
    TableKind("bigint_unsigned date", WHOLE, texts("18446744073709551615", "0"),
              texts("2026-05-01", None)),
]  # fmt: skip


class MysqlSession:
    """A transaction of MySQL."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def insert(self, n: int) -> bool:
        async with self._connection.cursor() as cursor:
            await cursor.execute(f"insert into life (n) values ({n})")
        return True

    async def commit(self) -> None:
        await self._connection.commit()
        self._connection.close()


class MysqlTables:
    """A database of MySQL."""

    kinds = MYSQL_KINDS
    lives = LIVES

    def __init__(self, world: MysqlDatabase) -> None:
        self.connector = world.connector
        self._world = world

    async def pour(self, kind: TableKind, rows: Sequence[tuple[str, str, int]]) -> None:
        id_, cursor = (name.replace("_", " ") for name in kind.name.split())
        values = ", ".join(f"({i}, {c}, {n})" for i, c, n in rows)
        await self._world.run("drop table if exists t")
        await self._world.run(f"create table t (id {id_} null, c {cursor} null, n int)")
        await self._world.run("set sql_mode = ''")
        await self._world.run(f"insert into t values {values}")

    async def begin_life(self) -> None:
        await self._world.run("drop table if exists life")
        await self._world.run(
            "create table life (id bigint auto_increment primary key, "
            "at datetime(6) default current_timestamp(6), n int)"
        )

    async def session(self) -> Session:
        connection = await connect(self._world.url)
        await connection.begin()
        return MysqlSession(connection)


class TestMysql(GeneratedSources):
    @pytest.fixture
    async def tables(self, mariadb: str) -> AsyncIterator[MysqlTables]:
        async with mysql_database(mariadb) as world:
            yield MysqlTables(world)


SQLITE_KINDS = [
    TableKind("integer text", BY_TIME, texts("1", "2", "-3"),
              texts("2026-05-01 08:00:00", "2026-05-01 08:00:00.5", "2026-05-02 00:00:00", "",
                    None),
              {"001": "'1'"}),
    TableKind("text text", BY_TIME, texts("", "a", "A", "1", "01"),
              texts("2026-05-01T08:00:00Z", "2026-05-02T08:00:00Z", None)),
    TableKind("any_ any_", BY_NUMBER, ["1", "'1'", "1.5", "x'01'", "x'ff'", "null"],
              ["1", "1.0", "99", "100", "9e999", "null"]),
    TableKind("text_collate_nocase real", BY_NUMBER, texts("ab", "AB", "c"), ["0.1", "-1", "null"]),
    TableKind("integer integer", BY_TIME, ["1", "2"], ["1777000000", "1777000000.5", "0", "null"]),
    TableKind("integer blob", WHOLE, ["9223372036854775807", "0"], ["x'00'", "'a'", "1"]),
]  # fmt: skip


class SqliteSession:
    """A transaction of SQLite: it is the writer from its first row on."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, timeout=0)
        self._database.execute("begin")

    async def insert(self, n: int) -> bool:
        with suppress(sqlite3.OperationalError):  # another one is the writer
            self._database.execute("insert into life (n) values (?)", (n,))
            return True
        return False

    async def commit(self) -> None:
        self._database.execute("commit")
        self._database.close()


class SqliteTables:
    """A database of SQLite."""

    kinds = SQLITE_KINDS
    lives = LIVES

    def __init__(self, folder: Path) -> None:
        self._path = folder / "a.db"
        self.database = sqlite3.connect(self._path, isolation_level=None)
        self.database.execute("pragma journal_mode = wal")
        surroundings = Surroundings(folders=(str(folder),))
        self.connector = SqliteConnector({"file": str(self._path)}, {}, surroundings)

    async def pour(self, kind: TableKind, rows: Sequence[tuple[str, str, int]]) -> None:
        id_, cursor = (name.replace("_", " ") for name in kind.name.split())
        values = ", ".join(f"({i}, {c}, {n})" for i, c, n in rows)
        self.database.executescript(
            f"drop table if exists t; create table t (id {id_}, c {cursor}, n int); "
            f"insert into t values {values}"
        )

    async def begin_life(self) -> None:
        self.database.executescript(
            "drop table if exists life; create table life (id integer primary key autoincrement, "
            "at text default (strftime('%Y-%m-%d %H:%M:%f', 'now')), n int)"
        )

    async def session(self) -> Session:
        return SqliteSession(self._path)


class TestSqlite(GeneratedSources):
    @pytest.fixture
    def tables(self, tmp_path: Path) -> Iterator[SqliteTables]:
        made = SqliteTables(tmp_path)
        with closing(made.database):
            yield made
