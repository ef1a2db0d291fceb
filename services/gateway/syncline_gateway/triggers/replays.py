"""Publishing replay runs, and what the trigger service said of them for each dead letter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from syncline.actions.dead_letters.replay_plan import ACCEPTED, ReplayResult, ReplayRun
from syncline.contracts.events import RunStatus
from syncline_gateway.api import Api
from syncline_gateway.triggers.trigger_answers import publish_triggers

Start = Literal["failed", "ingest"]
UNANSWERED = "asked"
"""Result of an entry whose run nobody has answered for yet."""


async def publish_replays(api: Api, runs: Sequence[ReplayRun]) -> list[ReplayResult]:
    """Publish the triggers of replays and say what became of each entry.

    Raises:
        RetriableError: Kafka did not take them; nothing has begun.
    """
    statuses = await publish_triggers(api, {run.run_id: run.message for run in runs})
    pairs = zip(runs, statuses, strict=True)
    return [result for run, status in pairs for result in _results(run, status)]


def is_accepted(result: ReplayResult) -> bool:
    """Tell whether an entry is in a run, or will be when its trigger is read."""
    return result.result in (ACCEPTED, UNANSWERED)


def _results(run: ReplayRun, status: RunStatus | None) -> list[ReplayResult]:
    if status is not None and status.state == "rejected":
        reason = f"refused: {status.reason}"
        return [ReplayResult.of(entry, None, reason) for entry in run.entries]
    word = UNANSWERED if status is None else ACCEPTED
    return [ReplayResult.of(entry, run.run_id, word) for entry in run.entries]
