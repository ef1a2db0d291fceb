"""The stand-in as a server: logins, statements, errors by SQL Server's numbers, faults at will."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import asyncpg

from tests.support.ports import free_port
from tests.support.tds import tokens, wire
from tests.support.tds.catalog import CATALOG, DECLARED, VERSION
from tests.support.tds.tsql import translated

USER, PASSWORD = "syncline", "s3@same:/'\"ö}"
_NUMBERS = {
    "23505": 2627, "23502": 515, "23503": 547, "23514": 547, "22001": 2628, "22003": 8115,
    "22P02": 8114, "22007": 241, "22008": 242, "22P05": 8114, "42P01": 208, "42703": 207,
    "42601": 102, "42501": 229, "40P01": 1205, "55P03": 1222, "25006": 3906, "42883": 2812,
}  # fmt: skip
_TRY = "begin try exec sp_executesql @statement"
_DESCRIBE = "sys.dm_exec_describe_first_result_set"
_EXEC = re.compile(r"exec (\S+) (.*)", re.DOTALL)
_SESSION = re.compile(
    r"(set(?!.*begin tran)|if @@trancount > 0 (rollback|commit)|declare)\b", re.IGNORECASE
)
_CHANGED = "; select @@rowcount as changed"


class Fault(NamedTuple):
    """What the next statement with a word in it meets: an error; None loses its answer."""

    word: str
    number: int | None
    words: str = ""


class Result(NamedTuple):
    said: bytes
    affected: int | None


class StandIn:
    """A server whose databases are those of a PostgreSQL; one login.

    Attributes:
        faults: taken in turn, each once.
        sessions: connections that are open now.
        statements: that were run, save those of the session itself.
    """

    def __init__(self, dsn: str, context: ssl.SSLContext) -> None:
        self._dsn = dsn
        self._context = context
        self.port = free_port()
        self.faults: list[Fault] = []
        self.sessions = 0
        self.statements: list[str] = []
        self.read_only = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[StandIn]:
        database = await asyncpg.connect(self._dsn)
        await database.execute(CATALOG)
        await database.close()
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = wire.Wire(reader, writer)
        with suppress(ConnectionError, ssl.SSLError):
            await line.begin(self._context)
            login = tokens.login_of((await line.message()).body)
            if refused := self._refusal(login):
                await line.send(refused)
            else:
                await line.send(tokens.logged_in(login.database))
                self.sessions += 1
                try:
                    await _Session(self, line).serve(await asyncpg.connect(self._dsn))
                finally:
                    self.sessions -= 1
        line.close()

    def _refusal(self, login: tokens.Login) -> bytes | None:
        words = f"Login failed for user '{login.user}'."
        failed = tokens.error(18456, words) + tokens.done(failed=True)
        if (login.user, login.password) != (USER, PASSWORD):
            return failed
        if login.database not in (self._dsn.rpartition("/")[2], "master"):
            words = f'Cannot open database "{login.database}" requested by the login. '
            return tokens.error(4060, f"{words}The login failed.", 11) + failed
        return None

    def fault_of(self, sql: str) -> Fault | None:
        """Take the fault that a statement meets."""
        if self.faults and self.faults[0].word in sql:
            return self.faults.pop(0)
        return None


class _Session:
    def __init__(self, server: StandIn, line: wire.Wire) -> None:
        self._server = server
        self._line = line
        self._prepared: dict[int, str] = {}

    async def serve(self, database: asyncpg.Connection) -> None:
        """Answer until the client goes; an attention ends the statement that runs."""
        coming = asyncio.create_task(self._line.message())
        try:
            while True:
                message = await coming
                coming = asyncio.create_task(self._line.message())
                if message.kind == wire.ATTENTION:
                    await self._line.send(tokens.attention_done())
                    continue
                work = asyncio.create_task(self._answer(message, database))
                await asyncio.wait({work, coming}, return_when=asyncio.FIRST_COMPLETED)
                if not work.done():
                    work.cancel()
                    with suppress(asyncio.CancelledError):
                        await work
                    continue
                await self._line.send(work.result())
        finally:
            coming.cancel()
            await database.close(timeout=5)

    async def _answer(self, message: wire.Message, database: asyncpg.Connection) -> bytes:
        if message.kind == wire.BATCH:
            try:
                result = await self._plain(tokens.batch_of(message.body), {}, database)
            except asyncpg.PostgresError as error:
                return _told(error) + tokens.done(failed=True)
            return result.said + tokens.done(result.affected)
        if message.kind != wire.RPC:
            return tokens.done()
        calls, said = tokens.CallReader(message.body).calls(), b""
        for n, call in enumerate(calls, 1):
            more = n < len(calls)
            handle, found = await self._called(call, database)
            if found is not None:
                said += found.said + tokens.done_in_procedure(found.affected)
            said += tokens.returned(handle) + tokens.done_procedure(more=more)
        return said

    async def _called(
        self, call: tokens.Call, database: asyncpg.Connection
    ) -> tuple[int, Result | None]:
        arguments = call.arguments
        if call.procedure == "sp_unprepare":
            return 0, None
        if call.procedure in ("sp_prepexec", "sp_prepare"):
            handle = len(self._prepared) + 1
            self._prepared[handle] = str(arguments[2])
            values = arguments[3:]
        elif call.procedure == "sp_execute":
            handle, values = int(arguments[0] or 0), arguments[1:]
        else:
            raise NotImplementedError(call.procedure)
        if call.procedure == "sp_prepare":
            return handle, None
        assert _TRY in self._prepared[handle], self._prepared[handle]
        return handle, await self._tried(values, database)

    async def _tried(self, values: list[str | int | None], database: asyncpg.Connection) -> Result:
        """Run what `begin try exec sp_executesql` does; its error is a result."""
        sql, given = str(values[0]), {}
        if values[1]:
            names = re.findall(r"@(\w+) nvarchar", str(values[1]))
            given = dict(zip(names, map(str, values[2:]), strict=True))
        fault = self._server.fault_of(sql)
        if fault is not None and fault.number is not None:
            return _failed(fault.number, fault.words)
        self._server.statements.append(sql)
        try:
            result = await self._plain(sql, given, database)
        except asyncpg.PostgresError as error:
            if database.is_in_transaction():
                await database.execute("rollback")
            return _failed(_number(error), _words(error))
        if fault is not None:
            self._line.close()
        return result

    async def _plain(
        self, sql: str, given: Mapping[str, str], database: asyncpg.Connection
    ) -> Result:
        if sql.endswith("begin transaction"):
            await database.execute("begin")
            return Result(b"", None)
        if found := _SESSION.match(sql):
            if found[2] and database.is_in_transaction():
                await database.execute("rollback")
            return Result(b"", None)
        if _DESCRIBE in sql:
            return await self._description(given, database)
        return await self._run(sql.removesuffix(_CHANGED), given, database, sql.endswith(_CHANGED))

    async def _run(
        self, sql: str, given: Mapping[str, str], database: asyncpg.Connection, counts: bool
    ) -> Result:
        sql, values = translated(sql, given)
        if found := _EXEC.match(sql):
            sql = f"select * from {found[1]}({found[2].replace('@', '').replace(' = ', ' => ')})"
        mode = "on" if self._server.read_only else "off"
        await database.execute(f"set default_transaction_read_only = {mode}")
        statement = await database.prepare(sql)
        rows = await statement.fetch(*values)
        count = int((statement.get_statusmsg() or "0").rpartition(" ")[2] or 0)
        if counts:
            return Result(tokens.rows(["changed"], ["int4"], [[count]]), 1)
        about = statement.get_attributes()
        if not about:
            return Result(b"", count)
        types = [each.type.name for each in about]
        return Result(tokens.rows([a.name for a in about], types, [*map(tuple, rows)]), count)

    async def _description(self, given: Mapping[str, str], database: asyncpg.Connection) -> Result:
        names = ["name", "system_type_name", "collation_name", "error_number", "error_message"]
        declared = dict.fromkeys(re.findall(r"@(\w+) nvarchar", given["declared"]), "")
        try:
            sql, _ = translated(given["query"], declared)
            about = (await database.prepare(sql)).get_attributes()
            cells: list[list[object]] = [[a.name, _declared(a), None, None, None] for a in about]
        except asyncpg.PostgresError as error:
            cells = [[None, None, None, _number(error), _words(error)]]
        return Result(
            tokens.rows(names, ["text", "text", "text", "int4", "text"], cells), len(cells)
        )


def _declared(column: asyncpg.Attribute) -> str:
    if column.name == VERSION:
        return "timestamp"
    return DECLARED.get(column.type.name, "nvarchar(max)")


def _failed(number: int, words: str) -> Result:
    return Result(tokens.rows(["syncline_error", "words"], ["int4", "text"], [[number, words]]), 1)


def _told(error: asyncpg.PostgresError) -> bytes:
    return tokens.error(_number(error), _words(error))


def _number(error: asyncpg.PostgresError) -> int:
    return _NUMBERS.get(str(error.sqlstate), 50_000 if error.sqlstate == "P0001" else 8180)


def _words(error: asyncpg.PostgresError) -> str:
    """Say what happened as SQL Server does, where a column or a name is in it."""
    words = str(error)
    if error.sqlstate == "23502":
        return f"Cannot insert the value NULL into column '{error.column_name}'."
    if found := re.match(r'relation "(.*)" does not exist', words):
        return f"Invalid object name '{found[1]}'."
    if found := re.match(r'column "?(?:\w+\.)?(.*?)"? does not exist', words):
        return f"Invalid column name '{found[1]}'."
    return f"Incorrect syntax: {words}" if error.sqlstate == "42601" else words
