"""Plans of the hot path stay good when tables have grown since a connection was opened."""

from __future__ import annotations

from syncline.domain.run import Run
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.ledger.known_rows import KnownRows, RowLookup
from syncline.postgres.ledger.row_names import RowNames
from tests.support.configured import configure
from tests.support.run_life import accept

ROWS = 20_000
ALL = RowLookup(ledger=True, failed=True, excluded=True, tied=True)


async def test_the_index_is_read_although_the_plan_was_made_on_empty_tables(postgres: str) -> None:
    ids, hashes = [f"A{n}" for n in range(1000)], ["0" * 32] * 1000
    async with open_database(postgres, size=1) as db:
        await configure(db)
        run = await accept(db)

        async def ask() -> int:
            known = KnownRows(db)
            found = await known.find(run, ids, hashes, ALL)
            return sum(map(len, found.values()))

        for _ in range(10):  # until the server would keep a plan
            assert await ask() == 0
        await fill(db, run)
        read_before = await rows_read(db)
        assert await ask() == 1000
        assert await rows_read(db) - read_before <= 1000


async def test_other_records_of_a_row_are_looked_for_row_by_row_in_a_first_run(
    postgres: str,
) -> None:
    ids, targets = [f"A{n}" for n in range(100)], [f"T{n}" for n in range(100)]
    async with open_database(postgres, size=1) as db:
        await db.execute("truncate ledger")  # rows that were deleted are in its indexes still
        await configure(db)
        run = await accept(db)
        await fill(db, run)
        read_before = await entries_read(db)
        assert await RowNames(db).shared(run.stream, ids, targets) == []
        assert await entries_read(db) - read_before <= 100


async def test_target_ids_that_are_source_ids_are_looked_for_row_by_row_too(postgres: str) -> None:
    ids = [f"A{n}" for n in range(100)]
    async with open_database(postgres, size=1) as db:
        await db.execute("truncate ledger")
        await configure(db)
        run = await accept(db)
        await fill(db, run, prefix="A")
        await db.execute("update ledger set target_id = 'A7' where source_id = 'A20'")
        read_before = await entries_read(db)
        shared = await RowNames(db).shared(run.stream, ids, ids)
        assert shared == [("A7", "A20", "A7")]
        assert await entries_read(db) - read_before <= 210
        assert await RowNames(db).shared(run.stream, ["A20"], ["A7"]) == [("A20", "A7", "A7")]


async def fill(db: Database, run: Run, prefix: str = "T") -> None:
    await db.execute(
        "insert into ledger (stream_id, source_id, tenant, row_hash, target_id) select $1,"
        f" 'A' || n, 't', '{'0' * 32}'::uuid, '{prefix}' || n"
        f" from generate_series(0, {ROWS - 1}) n",
        run.stream,
    )


async def rows_read(db: Database) -> int:
    """Return how many rows of the ledger were ever looked at."""
    return await _counted(
        db, "select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'ledger'"
    )


async def entries_read(db: Database) -> int:
    """Return how many entries of the ledger's indexes, and rows without one, were ever read."""
    return await _counted(
        db,
        "select sum(idx_tup_read) + (select seq_tup_read from pg_stat_user_tables"
        " where relname = 'ledger') from pg_stat_user_indexes where relname = 'ledger'",
    )


async def _counted(db: Database, query: str) -> int:
    await db.fetch("select pg_stat_force_next_flush()")
    return int(await db.fetchval(query))
