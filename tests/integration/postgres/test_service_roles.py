"""Each service's role in PostgreSQL: what it may write, and how it comes about."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from syncline.bootstrap.services import SERVICES
from syncline.contracts.run_ref import RunRef
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.database.migration import migrate
from syncline.postgres.database.rights import RIGHTS
from syncline.postgres.database.service_roles import grant_to_services, statements
from syncline.postgres.ledger.row_names import RowNames
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.postgres.monitoring.installation_figures import InstallationFigureStore
from tests.suites.write_ledger import RowNameSuite, WriteLedgerSuite
from tests.support.postgresql import drop_role
from tests.support.run_life import accept, ref
from tests.support.service_roles import role_of, working_as

# Any column counts.
_MAY = """
select c.relname from pg_class c where c.relkind in ('r', 'p')
  and c.relnamespace = 'public'::regnamespace
  and (has_any_column_privilege($1, c.oid, 'insert, update')
    or has_table_privilege($1, c.oid, 'delete, truncate'))
order by 1
"""
_TABLES = """
select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
"""


async def may_write(database: Database, service: str) -> set[str]:
    return {row[0] for row in await database.fetch(_MAY, role_of(service))}


async def test_every_table_is_somebodys(database: Database) -> None:
    """A new table needs a line in the table of rights: without one no service reaches it."""
    named = {table for rights in RIGHTS.values() for table in rights}
    tables = {row[0] for row in await database.fetch(_TABLES)}
    assert RIGHTS.keys() == set(SERVICES)
    assert tables - named == set()


async def test_what_people_read_is_written_by_nobody_but_its_service(database: Database) -> None:
    writers: dict[str, set[str]] = {}
    for service in SERVICES:
        for table in await may_write(database, service):
            writers.setdefault(table, set()).add(service)
    assert writers["cursors"] == {"finalize", "ingest"}
    assert writers["ledger"] == {"execute", "ingest", "trigger", "deadletter", "finalize"}
    assert writers["batches"] == {"finalize", "ingest", "deadletter"}
    assert "schema_migrations" not in writers
    assert await may_write(database, "monitor") == {
        "pipeline_heard", "pipeline_history", "pipeline_services",
    }  # fmt: skip
    assert await may_write(database, "normalize") == {"custody", "parked_bundles", "profile_slots"}
    notifier = await may_write(database, "notifier") - {"custody", "profile_slots"}
    assert notifier == {
        "alert_states", "deliveries", "incident_streams", "incidents", "notifications",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("service", "statement"),
    [
        ("ingest", "insert into cursors (stream_id, version, tenant, value, actor, reason) "
                   "values (1, 1, 'default', '2026-01-01', 'x', 'x')"),
        ("ingest", "update cursors set value = null"),
        ("ingest", "insert into ledger (stream_id, source_id, tenant) values (1, 'a', 'default')"),
        ("normalize", "select from cursors"),
        ("normalize", "select secrets from profiles"),
        ("deadletter", "update ledger set target_id = 'x'"),
        ("execute", "update dead_letters set payload = null"),
        ("execute", "update runs set state = 'succeeded'"),
        ("monitor", "select payload from dead_letters"),
        ("monitor", "update runs set state = 'succeeded'"),
        ("notifier", "delete from dead_letters"),
        ("scheduler", "select secret from hooks"),
        ("finalize", "select password from users"),
        ("gateway", "insert into runs (id) values (gen_random_uuid())"),
    ],
)  # fmt: skip
async def test_a_service_does_nothing_that_is_not_its_own(
    postgres: str, service: str, statement: str
) -> None:
    async with open_database(working_as(postgres, service), size=1) as database:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.execute(statement)


async def test_the_monitor_may_read_each_figure_that_it_exports(postgres: str) -> None:
    async with open_database(working_as(postgres, "monitor"), size=1) as database:
        figures = InstallationFigureStore(database)
        assert (await figures.pending_dead_letters(), await figures.in_flight()) == (0, 0)
        assert (await figures.open_breakers(), await figures.streams()) == ([], [])
        assert (await figures.server()).sessions > 0


class TestLedgerOfExecute(WriteLedgerSuite, RowNameSuite):
    """Row-level security forbids COPY to its role: a first load is stored without."""

    @pytest.fixture
    async def own(self, postgres: str, db: Database) -> AsyncIterator[Database]:
        async with open_database(working_as(postgres, "execute"), size=2) as database:
            yield database

    @pytest.fixture
    def ledger(self, own: Database) -> Ledger:
        return Ledger(own)

    @pytest.fixture
    def names(self, own: Database) -> RowNames:
        return RowNames(own)

    @pytest.fixture
    async def run(self, db: Database) -> RunRef:
        return ref(await accept(db))


@pytest.fixture
async def owner(empty_postgres: str) -> AsyncIterator[tuple[asyncpg.Connection, str, str]]:
    """An administrator, the DSN of a user who may make tables and no roles, and names of roles."""
    mark = secrets.token_hex(4)
    parts = urlsplit(empty_postgres)
    dsn = parts._replace(netloc=f"plain_{mark}:x@{parts.hostname}:{parts.port}").geturl()
    admin = await asyncpg.connect(empty_postgres)
    await admin.execute(
        f"create role plain_{mark} login password 'x'; grant all on schema public to plain_{mark}"
    )
    yield admin, dsn, f"r{mark}_SERVICE"
    for service in SERVICES:
        if await admin.fetchval("select to_regrole($1) is not null", f"r{mark}_{service}"):
            await admin.execute(f"drop owned by r{mark}_{service}; drop role r{mark}_{service}")
    await drop_role(admin, f"plain_{mark}")
    await admin.close()


async def test_who_may_make_no_roles_is_told_and_goes_on_when_they_are_there(
    owner: tuple[asyncpg.Connection, str, str],
) -> None:
    admin, dsn, names = owner
    await migrate(dsn)
    roles = [names.replace("SERVICE", service) for service in SERVICES]
    assert await grant_to_services(dsn, names) == roles
    for statement in statements(names):
        await admin.execute(statement)
    may = "select has_table_privilege($1, $2, $3)"
    assert await admin.fetchval(may, roles[-1], "runs", "select")
    await admin.execute(f"grant update on runs to {roles[-1]}")  # as a release before had it
    assert await grant_to_services(dsn, names) == []
    assert not await admin.fetchval(may, roles[-1], "runs", "update")
    assert await admin.fetchval(may, names.replace("SERVICE", "execute"), "ledger", "insert")


async def test_the_gateway_is_another_than_the_role_that_it_works_as(postgres: str) -> None:
    """Else row-level security would hold back from it what belongs to no request."""
    connection = await asyncpg.connect(postgres)
    try:
        can = "select pg_has_role($1, 'syncline_tenant', $2)"
        assert await connection.fetchval(can, role_of("gateway"), "member")
        assert not await connection.fetchval(can, role_of("gateway"), "usage")
    finally:
        await connection.close()
