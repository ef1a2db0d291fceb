"""Applies the numbered SQL files of `migrations/`: each once, in order, one process at a time.

Code works on a schema that is newer than itself, so that one can go back to the release before. A
file that ends this begins with `-- breaks code before NNNN`: code that does not know the file of
that number refuses to work.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import NamedTuple

import asyncpg

from syncline.domain.errors import SynclineError
from syncline.postgres.database.database import Database, translated
from syncline.postgres.database.primary import connect
from syncline.postgres.database.row_security import secure_tables

_LOCK = 7_305_817_211  # any fixed number of our own
CONNECT_WITHIN = 10.0
"""Seconds."""
_EXISTS = "select to_regclass('schema_migrations') is not null"
_CONTROL_TABLE = """
create table if not exists schema_migrations (
  name text primary key, checksum text not null, applied_at timestamptz not null default now());
alter table schema_migrations add column if not exists breaks_before text
"""
# By way of JSON: a schema of before has no such column.
_APPLIED = """
select name, checksum, to_jsonb(m) ->> 'breaks_before' as breaks_before from schema_migrations m
order by name
"""
_BREAKS = re.compile(r"-- breaks code before (\d{4})\b")


class Migration(NamedTuple):
    """One file: its name, its SQL, and the checksum that an applied one must keep."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def breaks_before(self) -> str | None:
        """Number of the oldest migration that code must know to work on this schema; None: any."""
        found = _BREAKS.match(self.sql)
        return found and found[1]


class AppliedMigration(NamedTuple):
    """A row of the control table: a migration as the code that applied it knew it."""

    name: str
    checksum: str
    breaks_before: str | None = None


class Schema(NamedTuple):
    """A database's schema, compared with this release: what it lacks, and what is newer."""

    missing: list[Migration]
    newer: list[str]


class MigrationError(SynclineError):
    """The database's schema and this release's migrations do not belong together."""


def available() -> list[Migration]:
    """Return the migrations of this release, in order."""
    folder = files("syncline.postgres.database").joinpath("migrations")
    found = [item for item in folder.iterdir() if item.name.endswith(".sql")]
    return [Migration(f.name, f.read_text()) for f in sorted(found, key=lambda f: f.name)]


def compare(applied: Sequence[AppliedMigration], known: Sequence[Migration]) -> Schema:
    """Compare what was applied with this release's migrations, both in order.

    Raises MigrationError: an applied file was edited, or a newer one broke this release.
    """
    checksums = {migration.name: migration.checksum for migration in known}
    for row in applied:
        if checksums.get(row.name, row.checksum) != row.checksum:
            raise MigrationError(f"{row.name} was changed after it had been applied")
        if row.breaks_before is not None and known[-1].name < row.breaks_before:
            raise MigrationError(
                f"the database is too new for this release: {row.name} needs code that knows "
                f"migration {row.breaks_before}"
            )
    names = {row.name for row in applied}
    missing = [migration for migration in known if migration.name not in names]
    return Schema(missing, [row.name for row in applied if row.name not in checksums])


async def migrate(dsn: str) -> list[str]:
    """Bring the database to this release's schema; return the names of the files applied now.

    Safe to call again and by many at once. Raises MigrationError as `compare`, RetriableError.
    """
    async with locked_for_migration(dsn) as connection:
        await connection.execute(_CONTROL_TABLE)
        schema = await schema_of(connection)
        applied = [await _apply(connection, migration) for migration in schema.missing]
        await secure_tables(connection)
        return applied


async def read_schema(dsn: str) -> Schema:
    """Compare a database's schema with this release. Raises as `migrate`."""
    async with _connected(dsn) as connection:
        return await schema_of(connection)


async def schema_of(database: asyncpg.Connection | Database) -> Schema:
    """Compare an open database's schema with this release. Raises as `migrate`."""
    exists = await database.fetchval(_EXISTS)
    rows = await database.fetch(_APPLIED) if exists else []
    return compare([AppliedMigration(*row) for row in rows], available())


@asynccontextmanager
async def locked_for_migration(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect, and keep every other process from changing the schema. Raises RetriableError."""
    async with _connected(dsn) as connection:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        yield connection


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    with translated():
        connection = await connect(dsn, timeout=CONNECT_WITHIN)
        try:
            yield connection
        finally:
            await connection.close()


async def _apply(connection: asyncpg.Connection, migration: Migration) -> str:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "insert into schema_migrations (name, checksum, breaks_before) values ($1, $2, $3)",
            migration.name,
            migration.checksum,
            migration.breaks_before,
        )
    return migration.name
