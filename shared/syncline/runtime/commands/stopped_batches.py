"""Batches of cancelled and of paused runs: skipped, or set aside until the run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from syncline.contracts.batch import Batch
from syncline.contracts.outbound import retry_message, settled_message
from syncline.contracts.topics import Stage, retry_topic
from syncline.contracts.wire import Outbound
from syncline.domain.run import Outcome

R = TypeVar("R")
ASIDE = 2.0
"""Seconds after which a batch of a paused run is looked at again; a resume takes as long."""


class RunCommands(Protocol):
    """Which runs a person has cancelled or paused, known without asking anybody."""

    def is_cancelled(self, run_id: str) -> bool: ...

    def is_paused(self, run_id: str) -> bool: ...


def split_stopped(
    batches: Sequence[Batch[R]], commands: RunCommands, stage: Stage, now: datetime
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
        if commands.is_cancelled(batch.run.id):
            messages.append(settled_message(batch, range(len(batch)), Outcome.CANCELLED, stage))
        elif commands.is_paused(batch.run.id):
            due = now + timedelta(seconds=ASIDE)
            messages.append(retry_message(batch, stage, retry_topic(ASIDE), due))
        else:
            live.append(batch)
    return live, messages
