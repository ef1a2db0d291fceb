"""Batches of cancelled runs: their records are skipped wherever they are met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from syncline.contracts.messages import Batch
from syncline.contracts.sending import settled_message
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.domain.run import Outcome

R = TypeVar("R")


def split_cancelled(
    batches: Sequence[Batch[R]], is_cancelled: Callable[[str], bool], stage: Stage
) -> tuple[list[Batch[R]], list[Outbound]]:
    """Part the batches to be handled from those of cancelled runs.

    Returns:
        The batches to handle, and the outcomes of the others.
    """
    live: list[Batch[R]] = []
    settled: list[Outbound] = []
    for batch in batches:
        if is_cancelled(batch.run.id):
            everything = range(len(batch.ids))
            settled.append(settled_message(batch, everything, Outcome.CANCELLED, stage))
        else:
            live.append(batch)
    return live, settled
