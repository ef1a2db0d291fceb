"""Bundles and reports about one batch, as most tests need them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncline.contracts.bundle import BatchPart, Bundle
from syncline.contracts.messages import BatchOutcomes, DeadLetterRef, Settled
from syncline.contracts.run_ref import R, RunRef
from syncline.domain.columns import Columns
from syncline.domain.record import Record


def settled(
    run: RunRef,
    number: int,
    slots: list[int],
    codes: str,
    stage: str,
    letters: Sequence[DeadLetterRef] = (),
    **more: Any,
) -> Settled:
    """Report outcomes of one batch."""
    return Settled(run, [BatchOutcomes(number, slots, codes)], stage, list(letters), **more)


def one_batch(
    run: RunRef,
    number: int,
    lane: int,
    slots: list[int],
    ids: Sequence[str],
    records: Sequence[Record],
    *,
    version: int = 0,
    **more: Any,
) -> Bundle:
    """Return a bundle of records of one batch."""
    part = BatchPart(number, version, slots)
    return Bundle(run, lane, [part], list(ids), Columns.of(records), **more)


def records_of(bundle: Bundle[R]) -> list[Record]:
    return bundle.columns.records()


def slots_of(told: Bundle | Settled) -> list[int]:
    """Return the slots of all batches, one behind the other."""
    return [slot for batch in told.batches for slot in batch.slots]


def codes_of(report: Settled) -> str:
    return "".join(batch.codes for batch in report.batches)


def origins(bundle: Bundle[R]) -> list[tuple[int, int, int]]:
    """Return batch number, slot and version of each record."""
    return [(batch.number, slot, batch.version) for batch in bundle.batches for slot in batch.slots]
