"""The suite of cursor columns, on the real Ingest and a real database."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, given, settings

from syncline.postgres.database.database import open_database
from syncline.postgres.runs.auditor import audit
from tests.suites.cursor_columns import PLANS, Plan, Playing
from tests.support.configured import configure

_CLEAN = """
truncate runs, batches, attempts, cursors, ledger, tied_rows, dead_letters, excluded_rows,
  stream_reads, run_stages, streams, instances, mapping_versions, mappings, profiles cascade
"""


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PLANS)
def test_every_row_arrives_and_none_fails_twice(postgres: str, plan: Plan) -> None:
    asyncio.run(_play(postgres, plan))


async def _play(dsn: str, plan: Plan) -> None:
    async with open_database(dsn, size=2) as db:
        await db.execute(_CLEAN)
        await configure(db)
        playing = Playing(db, plan)
        await playing.play()
        await playing.check()
        assert await audit(db) == []
