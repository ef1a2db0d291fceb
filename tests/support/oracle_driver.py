"""Stands in for `oracledb.connect`: statements run at PostgreSQL, which means the same by them.

What is only Oracle's is imitated: an empty text is null, numbers come as decimals, a list has at
most 1,000 values, every name is bound, each row of a call is refused alone.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import asyncpg
import oracledb

USER, PASSWORD = "SYNCLINE", "s3@same:/'\"ö}"
CATALOG = r"""
create schema oracle;
create schema dbms_lob;
create function dbms_lob.getlength(v text) returns numeric language sql immutable as
  $$ select char_length(v) $$;
create function dbms_lob.getlength(v bytea) returns numeric language sql immutable as
  $$ select octet_length(v) $$;
create table oracle.dual (dummy text);
insert into oracle.dual values ('X');
create table oracle.nls_database_parameters (parameter text, value text);
insert into oracle.nls_database_parameters values ('NLS_CHARACTERSET', 'AL32UTF8');
create table oracle.session_privs (privilege text);
create function oracle.nvl(a text, b text) returns text language sql immutable as
  $$ select coalesce(a, b) $$;
create function oracle.sys_context(a text, b text) returns text language sql immutable as
  $$ select 'SYNCLINE' $$;
create function oracle.rawtohex(v bytea) returns text language sql immutable as
  $$ select upper(encode(v, 'hex')) $$;
create function oracle.hextoraw(v text) returns bytea language sql immutable as
  $$ select decode(v, 'hex') $$;
create function oracle.masked(m text) returns text language sql immutable as
  $$ select replace(replace(m, 'SYYYY', 'YYYY'), 'FF9', 'US"000"') $$;
create function oracle.to_char(v timestamp, m text) returns text language sql immutable as
  $$ select pg_catalog.to_char(v, oracle.masked(m)) $$;
create function oracle.to_char(v timestamptz, m text) returns text language sql stable as
  $$ select pg_catalog.to_char(v, oracle.masked(m)) $$;
create function oracle.to_date(v text, m text) returns timestamp language sql immutable as
  $$ select v::timestamp $$;
create function oracle.to_timestamp(v text, m text) returns timestamp language sql immutable as
  $$ select v::timestamp $$;
create function oracle.to_timestamp_tz(v text, m text) returns timestamptz language sql stable as
  $$ select v::timestamptz $$;
create view oracle.all_tab_cols as select 'SYNCLINE' as owner, c.relname::text as table_name,
  attname::text as column_name, attnum as column_id, 'NO' as hidden_column,
  case atttypid::regtype::text when 'text' then 'CLOB' when 'bytea' then 'BLOB'
    when 'character varying' then 'VARCHAR2' when 'character' then 'CHAR'
    when 'timestamp without time zone' then 'TIMESTAMP(6)'
    when 'timestamp with time zone' then 'TIMESTAMP(6) WITH TIME ZONE'
    when 'double precision' then 'BINARY_DOUBLE' else 'NUMBER' end as data_type,
  case when atttypid in ('varchar'::regtype, 'bpchar'::regtype)
    then atttypmod - 4 else 22 end as data_length,
  case when atttypid in ('varchar'::regtype, 'bpchar'::regtype) then atttypmod - 4 end
    as char_length, 'B' as char_used,
  case when atttypid in ('int4'::regtype, 'int8'::regtype) then 38 end as data_precision,
  case when atttypid in ('int4'::regtype, 'int8'::regtype) then 0 end as data_scale,
  case when attgenerated <> '' then 'YES' else 'NO' end as virtual_column, 'BINARY' as collation
  from pg_attribute join pg_class c on c.oid = attrelid
  where attnum > 0 and not attisdropped and c.relkind in ('r', 'v')
    and c.relnamespace = (select oid from pg_namespace where nspname = 'public');
create view oracle.all_users as select 'SYNCLINE' as username, 'N' as oracle_maintained
  union all select 'SYS', 'Y';
create view oracle.all_tab_identity_cols as select 'SYNCLINE' as owner, c.relname::text as
  table_name, attname::text as column_name, 'ALWAYS' as generation_type
  from pg_attribute join pg_class c on c.oid = attrelid where attidentity = 'a';
create view oracle.all_views as select 'SYNCLINE' as owner, viewname::text as view_name
  from pg_views where schemaname = 'public';
create table oracle.all_synonyms
  (owner text, synonym_name text, table_owner text, table_name text, db_link text);
create view oracle.all_indexes as select 'SYNCLINE' as owner, i.relname::text as index_name,
  'SYNCLINE' as table_owner, t.relname::text as table_name, 'UNIQUE' as uniqueness,
  case when indexprs is null then 'NORMAL' else 'FUNCTION-BASED NORMAL' end as index_type
  from pg_index join pg_class i on i.oid = indexrelid join pg_class t on t.oid = indrelid
  where indisunique
    and t.relnamespace = (select oid from pg_namespace where nspname = 'public');
create view oracle.all_ind_columns as select 'SYNCLINE' as index_owner,
  c.relname::text as index_name, a.attname::text as column_name, a.attnum as column_position
  from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relkind = 'i';
create table oracle.all_constraints (owner text, constraint_name text, table_name text,
  constraint_type text, status text);
create table oracle.all_cons_columns
  (owner text, constraint_name text, column_name text, position int);
"""
_CODES = {
    "23505": 1, "23502": 1400, "23503": 2291, "23514": 2290, "22001": 12899, "22003": 1438,
    "22P02": 1722, "22007": 1843, "22008": 1843, "22021": 1461, "42P01": 942, "42703": 904,
    "42601": 900, "42501": 1031, "40P01": 60, "25006": 16000, "57014": 1013,
}  # fmt: skip
_TYPES = {
    "text": "CLOB", "varchar": "VARCHAR", "bpchar": "CHAR", "int4": "NUMBER", "int8": "NUMBER",
    "numeric": "NUMBER", "timestamp": "TIMESTAMP", "timestamptz": "TIMESTAMP_TZ", "bytea": "BLOB",
    "float8": "BINARY_DOUBLE",
}  # fmt: skip
_BOUND = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\"|/\*.*?\*/)|:(\w+)")
_LIST = re.compile(r" in \(((?::\w+(?:, )?)+)\)")


def refused(code: int, words: str, *, driver: bool = False) -> oracledb.DatabaseError:
    """Make an error as the driver does."""
    full = f"DPY-{code:04}" if driver else f"ORA-{code:05}"
    said = SimpleNamespace(full_code=full, code=0 if driver else code, message=f"{full}: {words}")
    return oracledb.DatabaseError(said)


def lost() -> oracledb.DatabaseError:
    return refused(4011, "the database or network closed the connection", driver=True)


def _of(error: asyncpg.PostgresError) -> oracledb.DatabaseError:
    return refused(_CODES.get(error.sqlstate or "", 604), str(error))


class StandIn:
    """One database.

    Attributes:
        loses_answer: the next merge is kept, and its connection is gone.
        sent: how many rows each merge had.
        statements: that were run.
        faults: what the next merges are refused with, whole.
    """

    def __init__(self, dsn: str, service: str) -> None:
        self.dsn = dsn
        self.service = service
        self.read_only = self.loses_answer = False
        self.sent: list[int] = []
        self.statements: list[str] = []
        self.faults: list[oracledb.DatabaseError] = []

    def connect(self, **said: Any) -> Connection:
        """Connect as oracledb.connect does."""
        if said["ssl_context"] is not None:
            words = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed"
            raise refused(6005, f"cannot connect to database\n{words}", driver=True)
        if (said["user"].upper(), said["password"]) != (USER, PASSWORD):
            raise refused(1017, "invalid credential or not authorized; logon denied")
        if said["service_name"] != self.service:
            raise refused(6001, "Service is not registered with the listener", driver=True)
        return Connection(self)


class Connection:
    """A connection of the driver; used by one thread, save for `cancel`."""

    version = "19.0.0.0.0"
    call_timeout = 0

    def __init__(self, server: StandIn) -> None:
        self.server = server
        self.loop = asyncio.new_event_loop()
        self.is_lost = self.is_changed = False
        self.database: asyncpg.Connection = self.loop.run_until_complete(
            asyncpg.connect(server.dsn, server_settings={
                "search_path": "oracle, pg_catalog, public", "timezone": "UTC",
            })
        )  # fmt: skip
        self._task: asyncio.Task[Any] | None = None

    def cursor(self) -> Cursor:
        return Cursor(self)

    def do(self, work: Any) -> Any:
        if self.is_lost:
            work.close()
            raise lost()
        self._task = self.loop.create_task(work)
        try:
            return self.loop.run_until_complete(self._task)
        except asyncpg.PostgresError as error:
            raise self.error_of(error) from error
        except asyncio.CancelledError as error:
            raise refused(1013, "user requested cancel of current operation") from error

    def error_of(self, error: asyncpg.PostgresError) -> Exception:
        return _of(error)

    def change(self) -> None:
        """Begin a transaction, as the first change does."""
        if self.server.read_only:
            raise refused(16000, "database or pluggable database open for read-only access")
        if not self.is_changed:
            self.do(self.database.execute("begin"))
            self.is_changed = True

    def commit(self) -> None:
        if self.is_changed:
            self.is_changed = False
            self.do(self.database.execute("commit"))

    def rollback(self) -> None:
        if self.is_changed:
            self.is_changed = False
            self.do(self.database.execute("rollback"))

    def cancel(self) -> None:
        if self._task is not None:
            self.loop.call_soon_threadsafe(self._task.cancel)

    def close(self) -> None:
        self.loop.run_until_complete(self.database.close(timeout=5))
        self.loop.close()


class Cursor:
    """A cursor of the driver."""

    arraysize = prefetchrows = 100
    rowcount = -1

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.description: list[Any] | None = None
        self._rows: list[tuple[Any, ...]] = []
        self._types: dict[str, oracledb.DbType] = {}
        self._refused: list[Any] = []

    def setinputsizes(self, **types: oracledb.DbType) -> None:
        self._types = types

    def execute(self, sql: str, given: Mapping[str, Any]) -> None:
        if sql.startswith("alter session set "):
            return
        asked, names = self._translated(sql, given)
        self.connection.do(self._read(asked, [self.value(given[name]) for name in names]))

    async def _read(self, sql: str, values: list[Any]) -> None:
        prepared = await self.connection.database.prepare(sql)
        rows = await prepared.fetch(*values)
        self.description = self.described(
            [(each.name, each.type.name) for each in prepared.get_attributes()]
        )
        self._rows = [tuple(map(self.cell, row)) for row in rows]

    def described(self, kinds: list[tuple[str, str]]) -> list[Any]:
        return [
            SimpleNamespace(
                name=name, precision=38 if kind in ("int4", "int8") else 0,
                scale=0 if kind in ("int4", "int8") else -127,
                type_code=getattr(oracledb, f"DB_TYPE_{_TYPES.get(kind, 'VARCHAR')}"),
            )
            for name, kind in kinds
        ]  # fmt: skip

    @staticmethod
    def value(value: Any) -> Any:
        return None if value == "" else str(value) if isinstance(value, str) else value

    @staticmethod
    def cell(cell: Any) -> Any:
        if isinstance(cell, int) and not isinstance(cell, bool):
            return Decimal(cell)
        return None if cell == "" else cell

    def executemany(
        self, sql: str, rows: Sequence[Mapping[str, Any]], *, batcherrors: bool
    ) -> None:
        assert batcherrors
        if not rows:
            raise refused(4010, "a bind variable replacement value is missing", driver=True)
        connection = self.connection
        connection.change()
        asked, names = self._translated(sql, rows[0])
        values = [[self.value(row[name]) for name in names] for row in rows]
        connection.do(self._write(asked, values))
        if sql.startswith("merge"):
            connection.server.sent.append(len(rows))
            if connection.server.faults:
                raise connection.server.faults.pop(0)
            if connection.server.loses_answer:
                connection.server.loses_answer = False
                connection.commit()
                connection.is_lost = True
                raise lost()

    async def _write(self, sql: str, values: list[list[Any]]) -> None:
        database = self.connection.database
        self.rowcount, self._refused = len(values), []
        await database.execute("savepoint bulk")
        try:
            if len(values) > 1:
                return await database.executemany(sql, values)
        except (asyncpg.PostgresError, asyncpg.DataError):
            await database.execute("rollback to savepoint bulk")
        for offset, row in enumerate(values):
            await database.execute("savepoint one")
            try:
                self.rowcount = int((await database.execute(sql, *row)).split()[-1])
            except asyncpg.PostgresError as error:
                await database.execute("rollback to savepoint one")
                said = _of(error).args[0]
                said.offset = offset
                self._refused.append(said)
        return None

    def getbatcherrors(self) -> list[Any]:
        return self._refused

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def close(self) -> None:
        self._rows = []

    def _translated(self, sql: str, given: Mapping[str, Any]) -> tuple[str, list[str]]:
        for found in _LIST.finditer(sql):
            if found[1].count(":") > 1000:
                raise refused(1795, "maximum number of expressions in a list is 1000")
        if len(given) > 65_535:
            raise refused(7445, "exception encountered: core dump")
        self.connection.server.statements.append(sql)
        names: dict[str, int] = {}

        def place(found: re.Match[str]) -> str:
            if found[1]:
                return found[1]
            name = found[2]
            if name not in given:
                raise refused(4008, f"no bind placeholder named :{name}", driver=True)
            number = names.setdefault(name, len(names) + 1)
            return f"${number}::{_postgresql_type(self._types.get(name), given[name])}"

        asked = _BOUND.sub(place, sql)
        if {*names} != {*given}:
            raise refused(4008, "a value has no bind placeholder", driver=True)
        return asked, list(names)


def _postgresql_type(declared: Any, value: Any) -> str:
    kind = declared.name.removeprefix("DB_TYPE_") if declared else ""
    if kind == "NUMBER" or isinstance(value, Decimal | int):
        return "numeric"
    if kind == "BINARY_DOUBLE" or isinstance(value, float):
        return "double precision"
    if kind == "TIMESTAMP" or isinstance(value, datetime):
        return "timestamp"
    return {"BLOB": "bytea", "CHAR": "bpchar"}.get(kind, "text")
