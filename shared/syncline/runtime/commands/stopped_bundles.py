"""Bundles of cancelled runs are skipped, those of paused runs wait until the run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from syncline.contracts.bundle import Bundle
from syncline.contracts.outbound import retry_message, settled_message
from syncline.contracts.topics import Stage, retry_topic
from syncline.contracts.wire import Outbound
from syncline.domain.run import Outcome

ASIDE = 2.0
"""Seconds after which a bundle of a paused run comes again; a resume may take as long."""


class RunCommands(Protocol):
    """Knows which runs are cancelled or paused, from memory."""

    def is_cancelled(self, run_id: str) -> bool: ...

    def is_paused(self, run_id: str) -> bool: ...


def split_stopped(
    bundles: Sequence[Bundle], commands: RunCommands, stage: Stage, now: datetime
) -> tuple[list[Bundle], list[Outbound]]:
    """Return the bundles to handle, and messages for the bundles of cancelled and paused runs.

    A bundle of a paused run goes unchanged to a retry topic. There it blocks no other run and
    survives every process; it counts as no attempt.
    """
    live: list[Bundle] = []
    messages: list[Outbound] = []
    for bundle in bundles:
        if commands.is_cancelled(bundle.run.id):
            messages.append(settled_message(bundle, range(len(bundle)), Outcome.CANCELLED, stage))
        elif commands.is_paused(bundle.run.id):
            due = now + timedelta(seconds=ASIDE)
            messages.append(retry_message(bundle, stage, retry_topic(ASIDE), due))
        else:
            live.append(bundle)
    return live, messages
