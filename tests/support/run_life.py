"""A run's life in the database, step by step, without any service."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from uuid6 import uuid7

from syncline.contracts.events import DeadLetter
from syncline.contracts.messages import Report
from syncline.contracts.run_ref import RunRef
from syncline.domain.dead_letter.operation import OperationKind
from syncline.domain.dead_letter.replay import dead_letter_id
from syncline.domain.errors import Category, Failure
from syncline.domain.record import NewBatch, Watermarks
from syncline.domain.run import Run
from syncline.domain.trigger import parse_trigger
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.store import resolve_dead_letters
from syncline.postgres.progress.extraction import Extractions
from syncline.postgres.progress.extraction_state import ExtractionEnd
from syncline.postgres.progress.outcomes import Outcomes
from syncline.postgres.runs.runs import Runs

NO = Failure(Category.PERMANENT, "rejected", "the target said 'no' to 17")


async def accept(db: Database, run_id: str | None = None, **fields: object) -> Run:
    request = parse_trigger({"instance": "erp-shop", "entityType": "Item", **fields})
    stream = await Streams(db).runnable("default", "erp-shop", "item")
    run, _ = await Runs(db).accept(run_id or str(uuid7()), request, stream, 4)
    return run


def ref(run: Run) -> RunRef:
    return RunRef(
        run.id, run.tenant, run.stream, run.instance, run.entity_type, run.source, run.target,
        run.mapping, run.mapping_version,
    )  # fmt: skip


async def extract(
    db: Database, run: Run, *chunks: list[NewBatch], water: str = "2026-01-02"
) -> None:
    extractions = Extractions(db)
    progress = await extractions.start(run.id)
    assert progress is not None
    for number, chunk in enumerate(chunks):
        await extractions.commit(progress, chunk, str(number), Watermarks(None, water), 0)
    await extractions.finish(progress, None, ExtractionEnd(Watermarks(water, water)))


def batch(number: int, ids: str, outcomes: str | None = None) -> NewBatch:
    stage = "" if outcomes else "normalize"
    return NewBatch(number, 0, stage, list(ids), outcomes or "." * len(ids))


async def apply(db: Database, *reports: Report) -> Run:
    (run,) = await Outcomes(db).apply(reports)
    return run


def dead_letter(run: Run, source_id: str, slot: int) -> DeadLetter:
    return DeadLetter(
        id=dead_letter_id(run.id, 0, slot), correlation_id=run.id, tenant=run.tenant,
        stream=run.stream,
        instance=run.instance_name, instance_id=run.instance, source_profile=run.source,
        target_profile=run.target, entity_type=run.entity_type, source_id=source_id,
        batch=0, slot=slot,
        stage="execute", failure=NO, attempts=[], mapping=run.mapping, mapping_version=1,
        failed_at="2026-01-01T00:00:00+00:00", payload=msgspec.Raw(b'{"x":1.10}'), version=5,
    )  # fmt: skip


async def resolve(
    db: Database, ids: Sequence[str], kind: OperationKind, tenant: str = "default"
) -> set[str]:
    """Discard or restore dead letters; return those that it was done to."""
    async with db.transaction() as connection:
        return await resolve_dead_letters(connection, tenant, ids, kind, "ann", None)
