"""Fills a database with finished runs as a year of use would leave them: 10,000,000 outcomes.

One run in `BIG` has a million records; the others re-read the same ten thousand, so that some
source IDs occur in one run and some in hundreds. Batch rows are copied as Ingest copies them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import msgspec

from syncline.domain.dead_letter.replay import dead_letter_id
from syncline.postgres.database.database import Database

SIZE = 100
"""Records of a batch."""
BIG, SMALL = 1_000_000, 10_000
"""Records of a run."""
FAILED = 100_000
"""Records of the first big run that failed."""
GROUPS = 50
_PAYLOAD = msgspec.json.encode({f"field_{n}": f"value {n}" for n in range(20)})
_CHUNK = 2_000
_DOCUMENT = {
    "entityType": "item",
    "extraction": {"mode": "config", "table": "items", "idColumn": "id", "cursorColumn": "changed"},
    "normalization": {"fields": [{"source": "id", "target": "sku"}]},
    "transformation": {"matchKey": "sku", "fields": [{"source": "sku", "target": "sku"}]},
}


class Filled(msgspec.Struct):
    """What lies in the database.

    Attributes:
        big: correlation IDs of the runs of a million records; the first one has failures.
        small: those of the runs that read the same ten thousand records again.
        outcomes: how many in all.
    """

    big: list[str]
    small: list[str]
    outcomes: int


async def fill(database: Database, outcomes: int) -> Filled:
    """Insert a configured stream and finished runs of it."""
    stream, instance, profiles, mapping = await _configure(database)
    big = max(outcomes // 10_000_000 * 3, 1)
    small = (outcomes - big * BIG) // SMALL
    start = datetime.now(UTC) - timedelta(days=60)  # noqa: TID251 - data that lies in the past
    sizes = [BIG] * big + [SMALL] * small
    Random(4).shuffle(sizes)
    runs = [(uuid4(), start + timedelta(hours=n), size) for n, size in enumerate(sizes)]
    filled = Filled([], [], 0)
    for run_id, at, size in runs:
        failed = FAILED if size == BIG and not filled.big else 0
        (filled.big if size == BIG else filled.small).append(str(run_id))
        filled.outcomes += size
        await _run(database, (run_id, stream, instance, *profiles, mapping), at, size, failed)
    await _ledger(database, stream, UUID(filled.big[-1]))
    return filled


async def _configure(database: Database) -> tuple[int, UUID, tuple[UUID, UUID], UUID]:
    source, target, mapping, instance = uuid4(), uuid4(), uuid4(), uuid4()
    async with database.transaction() as c:
        for profile, name in ((source, "erp"), (target, "shop")):
            await c.execute(
                "insert into profiles (id, tenant, name, connector, config) "
                "values ($1, 'default', $2, 'http', '{}')", profile, name,
            )  # fmt: skip
        await c.execute(
            "insert into mappings (id, tenant, name, entity_type, active_version) "
            "values ($1, 'default', 'items', 'item', 1)", mapping,
        )  # fmt: skip
        await c.execute(
            "insert into mapping_versions (mapping_id, version, tenant, document, actor) "
            "values ($1, 1, 'default', $2, 'benchmark')", mapping, _DOCUMENT,
        )  # fmt: skip
        await c.execute(
            "insert into instances (id, tenant, name, source_id, target_id) "
            "values ($1, 'default', 'erp-shop', $2, $3)", instance, source, target,
        )  # fmt: skip
        stream = await c.fetchval(
            "insert into streams (tenant, instance_id, entity_type, mapping_id) "
            "values ('default', $1, 'item', $2) returning id", instance, mapping,
        )  # fmt: skip
    return stream, instance, (source, target), mapping


async def _run(database: Database, pinned: Any, at: datetime, size: int, failed: int) -> None:
    run_id = pinned[0]
    done = at + timedelta(seconds=size / 30_000)
    unchanged = (size - failed) // 2
    async with database.transaction() as c:
        await c.execute(
            """insert into runs (id, stream_id, instance_id, source_id, target_id, mapping_id,
            tenant, entity_type, mapping_version, mode, trigger, actor, batch_size, lanes,
            request_hash, state, batches, published, extracted, total, success, unchanged, failed,
            created_at, started_at, extracted_at, finished_at)
            values ($1, $2, $3, $4, $5, $6, 'default', 'item', 1, 'incremental', 'schedule',
            'benchmark', $7, 1, $1, $8, $9, $9, true, $10, $11, $12, $13, $14, $14, $15, $15)""",
            *pinned, SIZE, "partial_success" if failed else "succeeded", size // SIZE, size,
            size - failed - unchanged, unchanged, failed, at, done,
        )  # fmt: skip
        for first in range(0, size // SIZE, _CHUNK):
            numbers = range(first, min(first + _CHUNK, size // SIZE))
            await c.copy_records_to_table(
                "batches",
                columns=["run_id", "number", "tenant", "lane", "stage", "source_ids", "outcomes"],
                records=[(run_id, n, "default", 0, "normalize", _ids(n), _codes(n, size, failed))
                         for n in numbers],
            )  # fmt: skip
        if failed:
            await _letters(c, pinned, done, failed)


def _ids(batch: int) -> list[str]:
    return [f"ITEM-{batch * SIZE + slot:08}" for slot in range(SIZE)]


def _codes(batch: int, size: int, failed: int) -> str:
    """Return codes: the last records failed, of the others the first half is unchanged."""
    good = (size - failed) // SIZE
    return ("F" if batch >= good else "U" if batch < good // 2 else "S") * SIZE


async def _letters(connection: Any, pinned: Any, at: datetime, failed: int) -> None:
    run_id, stream, instance = pinned[:3]
    first = (BIG - failed) // SIZE
    columns = [
        "id", "tenant", "run_id", "batch", "slot", "stream_id", "instance_id", "entity_type",
        "source_id", "stage", "category", "code", "error", "fingerprint", "attempts", "retries",
        "mapping_version", "payload", "status", "failed_at",
    ]  # fmt: skip
    rows: list[tuple[object, ...]] = []
    for n in range(failed):
        batch, slot = first + n // SIZE, n % SIZE
        group = n % GROUPS
        rows.append((
            UUID(dead_letter_id(str(run_id), batch, slot)), "default", run_id, batch, slot, stream,
            instance, "item", f"ITEM-{batch * SIZE + slot:08}", ("transform", "execute")[group % 2],
            "permanent", f"code_{group}", f"field_{group} has the value 'V{n}', which does not fit",
            f"{group:016x}", [], 0, 1, _PAYLOAD, "pending", at + timedelta(milliseconds=n),
        ))  # fmt: skip
    await connection.copy_records_to_table("dead_letters", columns=columns, records=rows)


async def _ledger(database: Database, stream: int, run: UUID) -> None:
    await database.execute(
        """insert into ledger (stream_id, source_id, tenant, payload_hash, target_id, run_id,
        version, written_at) select $1, 'ITEM-' || to_char(n, 'FM00000000'), 'default',
        md5(n::text)::uuid, 'gid://shop/Product/' || (n::bigint * 7919 % 1000000), $2, 1, now()
        from generate_series(0, $3 - 1) n""",
        stream, run, BIG,
    )  # fmt: skip


async def add_pending(database: Database) -> None:
    """Add 900,000 records that the index has on its list of new rows only: just under its limit."""
    run_id = uuid4()
    await database.execute("alter table batches set (autovacuum_enabled = false)")
    async with database.transaction() as c:
        await c.execute("select gin_clean_pending_list('batches_by_record')")
        await c.copy_records_to_table(
            "batches",
            columns=["run_id", "number", "tenant", "lane", "stage", "source_ids", "outcomes"],
            records=[(run_id, n, "default", 0, "normalize", _ids(n), "S" * SIZE)
                     for n in range(9_000)],
        )  # fmt: skip
