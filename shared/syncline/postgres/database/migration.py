"""Applies the numbered SQL files of `migrations/`: each once, in order, one process at a time."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import NamedTuple

import asyncpg

from syncline.domain.errors import SynclineError
from syncline.postgres.database.database import Database, translated
from syncline.postgres.database.row_security import secure_tables

_LOCK = 7_305_817_211  # any fixed number of our own
CONNECT_WITHIN = 10.0
"""Seconds."""
_EXISTS = "select to_regclass('schema_migrations') is not null"
_CONTROL_TABLE = """
create table if not exists schema_migrations (
  name text primary key, checksum text not null, applied_at timestamptz not null default now())
"""


class Migration(NamedTuple):
    """One file: its name, its SQL, and the checksum that an applied one must keep."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationError(SynclineError):
    """The database's schema and this release's migrations do not belong together."""


def available() -> list[Migration]:
    """Return the migrations of this release, in order."""
    folder = files("syncline.postgres.database").joinpath("migrations")
    found = [item for item in folder.iterdir() if item.name.endswith(".sql")]
    return [Migration(f.name, f.read_text()) for f in sorted(found, key=lambda f: f.name)]


def pending(applied: dict[str, str], known: list[Migration]) -> list[Migration]:
    """Return what is still to be applied, by the checksums of what is.

    Raises MigrationError: an applied file was edited, or the database is newer than this release.
    """
    unknown = sorted(set(applied) - {m.name for m in known})
    if unknown:
        raise MigrationError(f"the database is newer than this release: it has {unknown[0]}")
    for migration in known:
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationError(f"{migration.name} was changed after it had been applied")
    return [m for m in known if m.name not in applied]


async def migrate(dsn: str) -> list[str]:
    """Bring the database to this release's schema; return the names of the files applied now.

    Safe to call again and by many at once. Raises MigrationError as `pending`, RetriableError.
    """
    async with _connected(dsn) as connection:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        await connection.execute(_CONTROL_TABLE)
        applied = [await _apply(connection, m) for m in await _pending(connection)]
        await secure_tables(connection)
        return applied


async def is_current(dsn: str) -> bool:
    """Tell whether every migration of this release is applied. Raises as `migrate`."""
    async with _connected(dsn) as connection:
        return bool(await connection.fetchval(_EXISTS)) and not await _pending(connection)


async def missing_in(database: Database) -> list[str]:
    """Name this release's migrations that an open database lacks. Raises as `migrate`."""
    left = await _pending(database) if await database.fetchval(_EXISTS) else available()
    return [migration.name for migration in left]


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    with translated():
        connection = await asyncpg.connect(dsn, timeout=CONNECT_WITHIN)
        try:
            yield connection
        finally:
            await connection.close()


async def _pending(connection: asyncpg.Connection | Database) -> list[Migration]:
    rows = await connection.fetch("select name, checksum from schema_migrations")
    return pending({row["name"]: row["checksum"] for row in rows}, available())


async def _apply(connection: asyncpg.Connection, migration: Migration) -> str:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "insert into schema_migrations (name, checksum) values ($1, $2)",
            migration.name,
            migration.checksum,
        )
    return migration.name
