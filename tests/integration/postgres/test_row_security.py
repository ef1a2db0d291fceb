"""Row-level security keeps tenants apart where a query forgets them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
import structlog

from syncline.domain.errors import ConflictError
from syncline.domain.trigger import TriggerRequest
from syncline.postgres.database import row_security
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.database.migration import migrate
from syncline.postgres.database.row_security import ROLE, TENANTS, open_tenants_database
from syncline.postgres.runs.refused_triggers import RefusedTriggers
from tests.support.configured import configure
from tests.support.other_tenant import TABLES, TENANT, everything
from tests.support.postgresql import drop_role

# Tables with a tenant, and those that reference a row of such a table.
_TENANT_TABLES = """
select c.oid, c.relname as name from pg_class c
join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
  and (a.attname = 'tenant' or c.relname = 'tenants' and a.attname = 'id'
    or (c.relname, a.attname) in (('erasures', 'source_id'), ('parked_bundles', 'value')))
where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace order by 2
"""
_IS_HELD_BACK = """
select relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid
  and not p.polpermissive and p.polcmd = '*' and p.polroles = array[to_regrole($2)::oid])
from pg_class c where c.oid = $1
"""
_OTHERS = """
select c.relname as name from pg_class c where c.relkind = 'r'
  and c.relnamespace = 'public'::regnamespace and not (c.oid = any($1))
  and has_any_column_privilege($2, c.oid, 'select, insert, update')
"""


@pytest.fixture
async def walled(configured: Database, postgres: str) -> AsyncIterator[Database]:
    """One connection of the role, beside a tenant `default` and a tenant with everything."""
    await everything(configured)
    async with open_tenants_database(postgres, configured, size=1) as opened:
        assert opened is not configured
        yield opened


def as_tenants(tenants: str) -> None:
    TENANTS.set(tenants)


async def test_every_table_with_a_tenant_is_held_back(database: Database) -> None:
    tables = await database.fetch(_TENANT_TABLES)
    assert len(tables) > 25
    for table in tables:
        assert await database.fetchval(_IS_HELD_BACK, table["oid"], ROLE), table["name"]


async def test_the_role_reads_no_other_table(database: Database) -> None:
    tables = [row["oid"] for row in await database.fetch(_TENANT_TABLES)]
    assert await database.fetch(_OTHERS, tables, ROLE) == []


async def test_what_the_pipeline_knows_of_records_is_only_read(database: Database) -> None:
    may = "select has_any_column_privilege($1, $2, 'insert, update')"
    for table in ("ledger", "batches", "run_stages", "tied_rows", "stream_reads"):
        assert not await database.fetchval(may, ROLE, table), table
    assert await database.fetchval(may, ROLE, "cursors"), "people reset them"


async def test_a_query_without_a_tenant_sees_and_changes_nothing(
    walled: Database, configured: Database
) -> None:
    as_tenants("")
    for table in set(TABLES) - {"batches"}:
        assert await configured.fetchval(f"select count(*) from {table}") > 0, table
        assert await walled.fetchval(f"select count(*) from {table}") == 0
    assert await walled.execute("update runs set reason = 'mine'") == 0
    assert await walled.execute("delete from dead_letters") == 0


async def test_a_query_that_forgets_the_tenant_sees_that_of_its_request(walled: Database) -> None:
    """The connection is the same each time: what it saw before, it sees no more."""
    names = "select distinct tenant from instances order by 1"
    for tenants in (["default"], [TENANT], ["default", TENANT], ["nobody"]):
        as_tenants(",".join(tenants))
        found = [row["tenant"] for row in await walled.fetch(names)]
        assert found == [tenant for tenant in tenants if tenant != "nobody"]


async def test_a_row_of_another_tenant_is_not_written(walled: Database) -> None:
    as_tenants("default")
    statement = """insert into audit_log (tenant, actor, action, object)
      values ($1, 'eve', 'run.cancelled', 'x')"""
    assert await walled.execute(statement, "default") == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await walled.execute(statement, TENANT)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await walled.execute("update instances set tenant = $1", TENANT)


async def test_a_refusal_of_another_tenant_stays_what_it_is(
    walled: Database, configured: Database
) -> None:
    run_id, mine = str(uuid4()), TriggerRequest(instance="erp-shop", entity_type="item")
    theirs = replace(mine, tenant=TENANT)
    await RefusedTriggers(configured).refuse(run_id, theirs, ConflictError("theirs"))
    as_tenants("default")
    await RefusedTriggers(walled).refuse(run_id, mine, ConflictError("mine"))
    assert await configured.fetchval("select reason from refusals") == "theirs"


@pytest.fixture
async def owner(empty_postgres: str) -> AsyncIterator[tuple[asyncpg.Connection, str, str]]:
    """An administrator, and a user who may make tables and no roles: the name and the DSN."""
    role = f"plain_{secrets.token_hex(4)}"
    parts = urlsplit(empty_postgres)
    dsn = parts._replace(netloc=f"{role}:x@{parts.hostname}:{parts.port}").geturl()
    admin = await asyncpg.connect(empty_postgres)
    await admin.execute(
        f"create role {role} login password 'x'; grant all on schema public to {role}"
    )
    yield admin, role, dsn
    await drop_role(admin, role)
    await admin.close()


async def test_an_owner_who_may_not_work_as_the_role_works_as_before(
    owner: tuple[asyncpg.Connection, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installations with one user of few rights go on, and the log says what is missing."""
    admin, role, dsn = owner
    logs = structlog.testing.CapturingLogger()
    monkeypatch.setattr(row_security, "log", logs)
    await migrate(dsn)
    async with open_database(dsn, size=1) as installation:
        await configure(installation)
        async with open_tenants_database(dsn, installation, size=1) as database:
            assert await database.fetchval("select count(*) from instances") == 1
        assert [call.args for call in logs.calls] == [("row_security_off",)]
        await admin.execute(f"grant {ROLE} to {role}")
        await migrate(dsn)
        async with open_tenants_database(dsn, installation, size=1) as database:
            for tenants, count in (("", 0), ("default", 1)):
                as_tenants(tenants)
                assert await database.fetchval("select count(*) from instances") == count
