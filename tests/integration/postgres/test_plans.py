"""Plans of the hot path stay good when tables have grown since a connection was opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from syncline.postgres.database import Database, open_database
from syncline.postgres.extraction import Extractions
from syncline.postgres.ledger import Ledger

ROWS = 20_000


Ask: TypeAlias = Callable[[Database], Callable[..., Awaitable[set[int]]]]


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda db: Ledger(db).unchanged, id="early skip"),
        pytest.param(lambda db: Extractions(db).handled_before, id="rows at the cursor"),
    ],
)
async def test_the_index_is_read_although_the_plan_was_made_on_an_empty_ledger(
    postgres: str, ask: Ask
) -> None:
    ids, hashes = [f"A{n}" for n in range(1000)], ["0" * 32] * 1000
    async with open_database(postgres, size=1) as db:
        for _ in range(10):  # until the server would keep a plan
            await ask(db)(1, ids, hashes)
        await db.execute(
            "insert into ledger (stream_id, source_id, tenant, row_hash) select 1, 'A' || n, 't',"
            f" '{'0' * 32}'::uuid from generate_series(0, {ROWS - 1}) n"
        )
        read_before = await rows_read(db)
        assert len(await ask(db)(1, ids, hashes)) == 1000
        assert await rows_read(db) - read_before <= 1000


async def rows_read(db: Database) -> int:
    """Return how many rows of the ledger were ever looked at."""
    await db.fetch("select pg_stat_force_next_flush()")
    return int(
        await db.fetchval(
            "select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'ledger'"
        )
    )
