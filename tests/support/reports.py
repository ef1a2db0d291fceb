"""Bundles and reports about one batch, as most tests need them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncline.contracts.bundle import BatchPart, Bundle
from syncline.contracts.messages import BatchOutcomes, DeadLetterRef, RunRef, Settled
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
    version: int = 0,
    **more: Any,
) -> Bundle:
    """Return a bundle of records of one batch."""
    part = BatchPart(number, version, slots)
    return Bundle(run, lane, [part], list(ids), Columns.of(records), **more)


def records_of(bundle: Bundle) -> list[Record]:
    return bundle.columns.records()
