"""Databases that tests borrow one after the other: emptying one costs a tenth of copying one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from syncline.postgres.database.migration import migrate
from tests.support.postgres import create_database, database_of, drop_database
from tests.support.service_roles import give_roles

_END_OTHERS = """
select pg_terminate_backend(pid, 5000) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""

_WATCH = """
create schema tests;
create table tests.altered (command text);
create function tests.note_command() returns event_trigger language plpgsql security definer
  as 'begin insert into tests.altered values (tg_tag); end';
do $$ declare one name; begin
  for one in select relname from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and pg_relation_size(oid) > 0
  loop
    execute format('create table tests.%I as select * from public.%1$I', one);
  end loop;
end $$;
create event trigger note_command on ddl_command_end execute function tests.note_command();
"""
"""Makes a template note every command that alters a table, and keep its rows aside."""

_HAS_ITS_TABLES = "select not exists (select from tests.altered)"
_EMPTY_TABLES = """
set session_replication_role = replica;
do $$ declare one record; begin
  for one in select relname as name, pg_relation_size(oid) > 10 * 8192 as is_long from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and pg_relation_size(oid) > 0
  loop
    if one.is_long then
      execute format('truncate public.%I cascade', one.name);
    else
      execute format('delete from public.%I', one.name);
    end if;
  end loop;
  for one in select relname as name from pg_class
    where relkind = 'r' and relnamespace = 'tests'::regnamespace and relname <> 'altered'
  loop
    execute format('insert into public.%I overriding system value '
      'select * from tests.%1$I', one.name);
  end loop;
  perform setval(oid::regclass, 1, false) from pg_class
    where relkind = 'S' and relnamespace = 'public'::regnamespace;
end $$
"""
"""Deletes, which is quicker than to truncate, where the planner does not see it: it takes a table
that was never analyzed for one of at least ten pages."""
_HAS_ONLY_SCHEMAS = """
select not exists (select from pg_extension where extname <> 'plpgsql')
  and (select datacl is null from pg_database where datname = current_database())
  and not exists (select from pg_prepared_xacts where database = current_database())
  and not exists (
    select from pg_db_role_setting join pg_database d on d.oid = setdatabase
    where d.datname = current_database())
"""
_DROP_SCHEMAS = """
do $$ declare one name; begin
  for one in select nspname from pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
  loop
    execute format('drop schema %I cascade', one);
  end loop;
end $$;
create schema public authorization pg_database_owner;
grant usage on schema public to public;
"""


class LentDatabases:
    """Databases made from one template; a test has its own until it gives it back.

    Args:
        server: DSN for administration.
        template: name of the database that new ones are copied from.
        is_reusable: query that tells whether `clean` makes a used database new again.
        clean: statements that do so.
    """

    def __init__(self, server: str, template: str, is_reusable: str, clean: str) -> None:
        self._server = server
        self._template = template
        self._is_reusable = is_reusable
        self._clean = clean
        self._free: list[str] = []

    @asynccontextmanager
    async def borrowed(self) -> AsyncIterator[str]:
        """Give the DSN of a database as the template is; it is emptied or dropped afterwards."""
        if self._free:
            name = self._free.pop()
        else:
            name = await create_database(self._server, self._template)
        try:
            yield database_of(self._server, name)
        finally:
            if await self._cleaned(name):
                self._free.append(name)
            else:
                await drop_database(self._server, name)

    async def close(self) -> None:
        """Drop all that nobody has."""
        for name in self._free:
            await drop_database(self._server, name)

    async def _cleaned(self, name: str) -> bool:
        """Bring a database back to what its template is; False where that takes a new one."""
        connection = await asyncpg.connect(database_of(self._server, name))
        try:
            await connection.execute(_END_OTHERS)
            if not await connection.fetchval(self._is_reusable):
                return False
            await connection.execute(self._clean)
        finally:
            await connection.close()
        return True


async def databases_with_tables(server: str) -> LentDatabases:
    """Migrate a template and lend copies of it; each service has a role in them."""
    template = await create_database(server)
    dsn = database_of(server, template)
    await migrate(dsn)
    await give_roles(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute(_WATCH)
    await connection.close()
    return LentDatabases(server, template, _HAS_ITS_TABLES, _EMPTY_TABLES)


def databases_without_tables(server: str) -> LentDatabases:
    """Lend databases without any table."""
    return LentDatabases(server, "template1", _HAS_ONLY_SCHEMAS, _DROP_SCHEMAS)
