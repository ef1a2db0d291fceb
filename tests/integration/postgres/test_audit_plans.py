"""The audit log finds what is rare in it without reading all that is not."""

from __future__ import annotations

import pytest

from syncline.postgres.audit.log import AuditFilter, AuditLog
from syncline.postgres.database.database import open_database

_ENTRIES = """
insert into audit_log (tenant, at, actor, action, object)
select 'default', now() - n * interval '1 s', 'person-' || n % 20,
  case when n = 3000 then 'user.added' else 'run.paused' end, n::text
from generate_series(1, 4000) n
"""
_READ = "select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'audit_log'"


@pytest.mark.parametrize(
    ("wanted", "objects"),
    [
        (AuditFilter(actor="nobody"), []),
        (AuditFilter(actor="PERSON-7"), ["7", "27", "47"]),
        (AuditFilter(actor="person-1"), ["1", "10", "11"]),
        (AuditFilter(action="user"), ["3000"]),
        (AuditFilter(action="tenant.added"), []),
    ],
)
async def test_a_page_reads_few_entries(
    postgres: str, wanted: AuditFilter, objects: list[str]
) -> None:
    async with open_database(postgres, size=1) as db:
        await db.execute("truncate audit_log")
        await db.execute(_ENTRIES)
        await db.execute("analyze audit_log")
        await db.fetch("select pg_stat_force_next_flush()")
        before = await db.fetchval(_READ)
        page = await AuditLog(db).page(["default", "*"], wanted, 3)
        assert [entry.object for entry in page] == objects
        await db.fetch("select pg_stat_force_next_flush()")
        assert await db.fetchval(_READ) - before <= 200
