"""Row-level security: the second wall between tenants, beside the tenant in every query.

The gateway works as a role that sees and writes rows of the request's tenants alone, whatever a
query forgets. The owner of the tables sees all of them. See docs/decisions/0073.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import cast

import asyncpg
import structlog

from syncline.postgres.database.database import Connection, Database, open_database

TENANTS: ContextVar[str] = ContextVar("tenants", default="")
"""Whose rows the request under way may see: names of tenants, joined by commas. Empty: nobody's."""
ROLE = "syncline_tenant"
"""The role, in every database of a server."""
_MAKE_ROLE = """
do $$ begin
  if to_regrole('syncline_tenant') is null then
    create role syncline_tenant nologin;
    grant syncline_tenant to session_user;
  elsif not pg_has_role(session_user, 'syncline_tenant', 'member') then
    grant syncline_tenant to session_user;
  end if;
exception
  when insufficient_privilege then null;  -- an administrator does it, or there is no second wall
  when duplicate_object or unique_violation then null;  -- made for another database just now
end $$
"""
# The sub-select of the tenants is evaluated once a query. A table without a tenant belongs to that
# of the row it references.
_OPEN_TABLES = """
with tenants_columns as (
  select attrelid as oid, attname from pg_attribute join pg_class c on c.oid = attrelid
  where c.relkind in ('r', 'p') and c.relnamespace = current_schema()::regnamespace
    and not attisdropped and attname = case c.relname when 'tenants' then 'id' else 'tenant' end)
select distinct on (tables.oid) tables.oid::regclass::text as name, own from (
  select oid, format('%I = any ((select string_to_array(
    current_setting(''syncline.tenants'', true), '',''))::text[])', attname) as own
  from tenants_columns
  union all
  select k.conrelid, format('%I in (select %I from %s)', a.attname, r.attname, r.attrelid::regclass)
  from pg_constraint k
  join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
  join pg_attribute r on r.attrelid = k.confrelid and r.attnum = k.confkey[1]
  where k.contype = 'f' and cardinality(k.conkey) = 1
    and k.confrelid in (select oid from tenants_columns where attname = 'tenant')
    and k.conrelid not in (select oid from tenants_columns)
) tables
where to_regrole('syncline_tenant') is not null
  and not exists (select from pg_policy where polrelid = tables.oid and polname = 'own_tenants')
order by tables.oid
"""
_SECURE = """
alter table {table} enable row level security;
create policy everybody on {table} using (true);
create policy own_tenants on {table} as restrictive to syncline_tenant using ({own});
grant select, insert, update, delete on {table} to syncline_tenant;
"""
_MAY_SEARCH = """
do $$ begin
  if to_regrole('syncline_tenant') is not null
      and to_regprocedure('batches_of_record(text)') is not null then
    grant execute on function batches_of_record to syncline_tenant;
  end if;
end $$
"""
# What the pipeline alone knows of records: people look at it, and change it nowhere.
_ONLY_READ = """
do $$ declare one text; begin
  for one in select t from unnest(array['ledger', 'batches', 'run_stages', 'parked_bundles',
      'tied_rows', 'excluded_rows', 'stream_reads']) t
    where to_regrole('syncline_tenant') is not null and to_regclass(t) is not null
  loop
    execute format('revoke insert, update, delete on %I from syncline_tenant', one);
  end loop;
end $$
"""
_TRY = f"set local role {ROLE}; select from runs limit 0"
# Not among the settings of a connection: a pooler may ignore those.
_SEE = f"select set_config('role', '{ROLE}', false), set_config('syncline.tenants', $1, false)"
log = structlog.get_logger()


class TenantConnection(asyncpg.Connection):
    """A connection that works as the role, and sees rows of some tenants alone."""

    _seen: str | None = None

    async def see(self, tenants: str) -> None:
        """See the rows of these tenants from now on. A round trip where they are others."""
        if tenants != self._seen:
            self._seen = None  # unknown, should this be interrupted
            await self.execute(_SEE, tenants)
            self._seen = tenants


@asynccontextmanager
async def open_tenants_database(
    dsn: str, installation: Database, *, size: int
) -> AsyncIterator[Database]:
    """Open a database in which each use sees rows of `TENANTS` alone. Raises RetriableError.

    Args:
        installation: the same database, opened as its owner. It is what is yielded, with a warning
            in the log, where its user may not work as the role.
    """
    if not await may_work_as_role(installation):
        log.warning("row_security_off", hint="docs/operations.md, Tenants in PostgreSQL")
        yield installation
        return
    async with open_database(
        dsn, size=size, connection_class=TenantConnection, setup=_see_own_tenants
    ) as database:
        yield database


async def secure_tables(connection: asyncpg.Connection) -> None:
    """Give every table with a tenant its policies, and make the role, where the user may.

    Rows are held back from the role alone: other roles see what their grants say. Each table is
    locked by itself, for a moment. Without the role nothing is done.
    """
    await connection.execute(_MAKE_ROLE)
    for row in await connection.fetch(_OPEN_TABLES):
        await connection.execute(_SECURE.format(table=row["name"], own=row["own"]))
    await connection.execute(_MAY_SEARCH)
    await connection.execute(_ONLY_READ)


async def may_work_as_role(database: Database) -> bool:
    """Tell whether the database's user may work as the role, and the role in the tables."""
    try:
        async with database.transaction() as connection:
            await connection.execute(_TRY)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidParameterValueError):
        return False  # not allowed, or no such role: the caller's warning says so
    return True


async def _see_own_tenants(connection: Connection) -> None:
    await cast(TenantConnection, connection).see(TENANTS.get())
