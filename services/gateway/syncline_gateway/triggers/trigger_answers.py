"""Publishing triggers and replays, and waiting a moment for what the trigger service says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Literal

from syncline.actions.dead_letters.replay_plan import ACCEPTED, ReplayResult, ReplayRun
from syncline.contracts.events import RunStatus
from syncline.contracts.wire import Outbound
from syncline_gateway.api import Api

ANSWER_WITHIN = 2.0
"""Seconds to wait for the trigger service's word; Kafka has the triggers all the same."""


async def publish_triggers(api: Api, triggers: Mapping[str, Outbound]) -> list[RunStatus | None]:
    """Publish triggers, by the ID of their run; return the first status of each run.

    None where nobody answered yet. Raises RetriableError: Kafka took none, nothing has begun.
    """
    if not triggers:
        return []
    with ExitStack() as stack:
        answers = [stack.enter_context(api.hub.answer_to(run_id)) for run_id in triggers]
        await api.producer.send(list(triggers.values()))
        await asyncio.wait(answers, timeout=ANSWER_WITHIN)
        return [answer.result() if answer.done() else None for answer in answers]


Start = Literal["failed", "ingest"]
UNANSWERED = "asked"
"""Result of an entry whose run nobody has answered for yet."""


async def publish_replays(api: Api, runs: Sequence[ReplayRun]) -> list[ReplayResult]:
    """Publish the triggers of replays; say what became of each entry. Raises RetriableError."""
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
