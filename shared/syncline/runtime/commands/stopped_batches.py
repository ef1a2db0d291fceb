"""Batches of cancelled and of paused runs: skipped, or set aside until the run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from syncline.contracts.messages import Batch
from syncline.contracts.sending import retry_message, settled_message
from syncline.contracts.topics import Stage, retry_topic
from syncline.contracts.wire import Outbound
from syncline.domain.run import Outcome

R = TypeVar("R")
ASIDE = 2.0
"""Seconds after which a batch of a paused run is looked at again; a resume takes as long."""


class Wishes(Protocol):
    """What people want of runs, known without asking anybody."""

    def is_cancelled(self, run_id: str) -> bool: ...

    def is_paused(self, run_id: str) -> bool: ...


def split_held(
    batches: Sequence[Batch[R]], wishes: Wishes, stage: Stage, now: datetime
) -> tuple[list[Batch[R]], list[Outbound]]:
    """Part the batches to be handled from those that must not be.

    A batch of a paused run goes through the retry topic as it is: there it blocks no other run and
    outlives every process, and it counts as no attempt.

    Returns:
        The batches to handle, and what becomes of the others.
    """
    live: list[Batch[R]] = []
    messages: list[Outbound] = []
    for batch in batches:
        if wishes.is_cancelled(batch.run.id):
            everything = range(len(batch.ids))
            messages.append(settled_message(batch, everything, Outcome.CANCELLED, stage))
        elif wishes.is_paused(batch.run.id):
            messages.append(
                retry_message(batch, stage, retry_topic(ASIDE), now + timedelta(seconds=ASIDE))
            )
        else:
            live.append(batch)
    return live, messages
