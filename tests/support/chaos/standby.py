"""A standby of a PostgreSQL on this machine, which can fall behind and take over."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from syncline.embedded.accounts import Account, give, run_as
from syncline.embedded.errors import EmbeddedServerError
from syncline.embedded.postgres import USER, EmbeddedPostgres
from syncline.postgres.database.database import Database

NAME = "standby"
"""By which `synchronous_standby_names` calls it."""
PRIMARY = {"wal_level": "replica", "max_wal_senders": "4", "wal_keep_size": "512MB"}
"""Settings of a server that has standbys."""


class StandbyPostgres(EmbeddedPostgres):
    """A copy of another server, made when it starts for the first time."""

    name = "PostgreSQL's standby"

    def __init__(self, folder: Path, port: int, primary: EmbeddedPostgres) -> None:
        super().__init__(folder, port, settings=PRIMARY)
        self._primary = primary

    def _create(self, binaries: Path, data: Path, account: Account | None) -> None:
        password = self._primary.dsn().split(":")[2].partition("@")[0]
        self._password_file.write_text(f"{password}\n")
        made = data.with_name("data.new")
        made.mkdir(mode=0o700)
        give(account, made)
        where = f"host=127.0.0.1 port={self._primary.port} user={USER} password={password}"
        command = [
            str(binaries / "pg_basebackup"), "-D", str(made), "-R", "-c", "fast", "-X", "stream",
            "-d", f"{where} application_name={NAME}",
        ]  # fmt: skip
        done = run_as(account, command, os.environ)
        if done.returncode:
            raise EmbeddedServerError(done.stderr)
        made.rename(data)

    async def fall_behind(self) -> None:
        """Receive nothing more of the primary's log."""
        await self._do("alter system set primary_conninfo = ''")
        await self._do("select pg_reload_conf()")

    async def promote(self) -> None:
        """Take over, as whatever watches the primary would ask it to."""
        await self._do("select pg_promote(true, 60)")

    async def _do(self, sql: str) -> None:
        connection = await asyncpg.connect(self.dsn())
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


def dsn_of_both(primary: EmbeddedPostgres, standby: EmbeddedPostgres) -> str:
    """Return the DSN that names both hosts, as an installation with a standby has it."""
    url = urlsplit(primary.dsn())
    return url._replace(netloc=f"{url.netloc},127.0.0.1:{standby.port}").geturl()


async def wait_for_standby(primary: Database) -> None:
    """Let commits wait for the standby from now on."""
    await primary.execute(f"alter system set synchronous_standby_names = '{NAME}'")
    await primary.execute("select pg_reload_conf()")
