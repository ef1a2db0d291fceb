"""The MariaDB of a test session, a database of its own for each test, and connectors to it."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import asyncmy

from syncline.connectors.mysql import MysqlConnector
from syncline.embedded.processes import in_thread, quiet
from syncline.embedded.server import EmbeddedServer
from tests.support.certificates import Authority
from tests.support.folders import server_folder
from tests.support.ports import free_port
from tests.support.postgresql import config_of
from tests.support.sql_world import ReadDatabase
from tests.support.surroundings import surroundings_of

USER, PASSWORD = "syncline", "s3@same:/'\"ö"
_OPTIONS = (
    "--skip-log-bin", "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=64M",
    "--character-set-server=utf8mb4", "--performance-schema=off", "--max-allowed-packet=4M",
)  # fmt: skip
_WITH_TLS = 0x800
"""The flag of a packet that asks for TLS."""
_LOGIN = f"""
create user {USER}@'%' identified by '{PASSWORD.replace("'", "''")}';
grant all on `t\\_%`.* to {USER}@'%';
grant create, drop on *.* to {USER}@'%'
"""


class MariadbServer(EmbeddedServer):
    """Debian's MariaDB as a child process; `root` has no password."""

    name = "MariaDB"
    port_name = "mariadb"
    start_within = 60.0

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, port, quiet)

    async def _launch(self) -> None:
        assert shutil.which("mariadb-install-db"), (
            "MariaDB is missing: apt-get install --no-install-recommends mariadb-server"
        )
        await in_thread(self._create_and_launch)

    def _create_and_launch(self) -> None:
        data = self.folder / "data"
        account = "--user=root" if os.geteuid() == 0 else f"--user={os.environ.get('USER', '')}"
        if not data.exists():
            made = ["mariadb-install-db", "--no-defaults", account, f"--datadir={data}"]
            made += ["--auth-root-authentication-method=normal", "--skip-test-db"]
            subprocess.run(made, check=True, capture_output=True)
        where = [f"--datadir={data}", f"--socket={data}/s", f"--port={self.port}"]
        tls = [f"--ssl-cert={self.folder}/cert.pem", f"--ssl-key={self.folder}/key.pem"]
        command = ["mariadbd", "--no-defaults", account, *where, *tls, *_OPTIONS]
        self.launch(command, {"PATH": os.environ["PATH"]}, cwd=Path("/"))

    async def _answers(self) -> bool:
        try:
            await run_all(f"mysql://root@127.0.0.1:{self.port}/mysql", "select 1")
        except asyncmy.errors.MySQLError:
            return False
        return True


@asynccontextmanager
async def mariadb_server(authority: Authority) -> AsyncIterator[str]:
    """Start a server with TLS; gives the URL of its owner."""
    async with server_folder("mariadb") as folder:
        folder.mkdir()
        signed = authority.sign()
        (folder / "cert.pem").write_text(signed.certificate)
        (folder / "key.pem").write_text(signed.key)
        async with MariadbServer(folder, free_port()) as server:
            url = f"mysql://root@127.0.0.1:{server.port}/mysql"
            await run_all(url, *_LOGIN.split(";\n"))
            yield url


def is_own(url: str) -> bool:
    """Tell the session's server from a real one."""
    return url.startswith("mysql://root@127.0.0.1:")


@asynccontextmanager
async def own_database(url: str) -> AsyncIterator[str]:
    """Make a database of a server, and drop it afterwards; gives its URL, with a login."""
    name = f"t_{secrets.token_hex(6)}"
    await run_all(url, f"create database {name} character set utf8mb4")
    own = urlsplit(url)._replace(path=f"/{name}")
    if is_own(url):
        own = own._replace(netloc=f"{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{own.port}")
    try:
        yield own.geturl()
    finally:
        await run_all(url, f"drop database if exists {name}")


async def connect(url: str) -> Any:
    parts = urlsplit(url)
    return await asyncmy.connect(
        host=parts.hostname,
        port=parts.port,
        user=parts.username,
        password=unquote(parts.password or "").encode(),
        database=parts.path[1:],
        autocommit=True,
        init_command="set time_zone = '+00:00'",
    )


async def run_all(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements; return the rows of the last."""
    connection = await connect(url)
    try:
        async with connection.cursor() as cursor:
            for statement in statements:
                await cursor.execute(statement)
            return [*await cursor.fetchall()] if cursor.description else []
    finally:
        connection.close()


def connector_to(url: str, password: str | None = None, **changes: Any) -> MysqlConnector:
    secret = unquote(urlsplit(url).password or "") if password is None else password
    return MysqlConnector(config_of(url) | changes, {"password": secret}, surroundings_of(url))


class MysqlDatabase(ReadDatabase):
    """A database without any table, with one connector to it.

    What suites say in the SQL of PostgreSQL and SQLite is said in MySQL's: a text that is a key has
    a length there.
    """

    binary = "longblob"

    def __init__(self, url: str, database: Any) -> None:
        self.url = url
        self.connector = connector_to(url)
        self._database = database

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        if statement.startswith(("create table", "alter table")):
            statement = statement.replace(" text", " varchar(100)")
        async with self._database.cursor() as cursor:
            await cursor.execute(statement)
            return [*await cursor.fetchall()] if cursor.description else []


@asynccontextmanager
async def mysql_database(server: str) -> AsyncIterator[MysqlDatabase]:
    async with own_database(server) as url:
        world = MysqlDatabase(url, await connect(url))
        yield world
        await world.connector.close()
        world._database.close()


class CuttingProxy:
    """A way to a server on which an answer can be lost, and TLS refused."""

    def __init__(self, port: int, *, host: str = "127.0.0.1", takes_tls: bool = True) -> None:
        self._server = host, port
        self._takes_tls = takes_tls
        self.port = free_port()
        self._is_armed = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[CuttingProxy]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        yield self
        server.close()

    def lose_answer(self) -> None:
        """Cut the next connection over which rows are written, before the answer."""
        self._is_armed = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._server)
        cut = asyncio.Event()

        async def answer() -> None:
            with suppress(ConnectionError):
                while (data := await there.read(65_536)) and not cut.is_set():
                    writer.write(data)
            writer.close()

        answering = asyncio.create_task(answer())
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                if not self._takes_tls and int.from_bytes(data[4:8], "little") & _WITH_TLS:
                    writer.write(b"no TLS here")
                    break
                if self._is_armed and b"insert into" in data:
                    self._is_armed = False
                    cut.set()
                back.write(data)
        back.close()
        await answering
