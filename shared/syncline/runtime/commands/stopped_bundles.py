"""Bundles of cancelled runs are skipped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from syncline.contracts.bundle import Bundle
from syncline.contracts.outbound import settled_message
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.domain.run import Outcome


class RunCommands(Protocol):
    """Knows which runs are cancelled or paused, from memory."""

    def is_cancelled(self, run_id: str) -> bool: ...

    def is_paused(self, run_id: str) -> bool: ...


def split_cancelled(
    bundles: Sequence[Bundle], commands: RunCommands, stage: Stage
) -> tuple[list[Bundle], list[Outbound]]:
    """Return the bundles to handle, and the reports of those whose run is cancelled."""
    live: list[Bundle] = []
    messages: list[Outbound] = []
    for bundle in bundles:
        if commands.is_cancelled(bundle.run.id):
            messages.append(settled_message(bundle, range(len(bundle)), Outcome.CANCELLED, stage))
        else:
            live.append(bundle)
    return live, messages
