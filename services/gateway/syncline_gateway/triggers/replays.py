"""Asking for replay runs, and waiting a moment for what the trigger service says of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Literal

from syncline.actions.dead_letters.replay_plan import ACCEPTED, Asked, ReplayResult
from syncline.contracts.events import RunStatus
from syncline_gateway.parts import Parts

Start = Literal["failed", "ingest"]
ANSWER_WITHIN = 2.0
"""Seconds to wait for the trigger service's word; Kafka has the triggers all the same."""
ASKED = "asked"
"""ReplayResult of an entry whose run nobody has answered for yet."""


async def ask(parts: Parts, asked: Sequence[Asked]) -> list[ReplayResult]:
    """Publish the triggers of replays and say what became of each entry.

    Raises:
        RetriableError: Kafka did not take them; nothing has begun.
    """
    if not asked:
        return []
    with ExitStack() as stack:
        answers = [stack.enter_context(parts.hub.answer_to(each.run_id)) for each in asked]
        await parts.producer.send([each.message for each in asked])
        await asyncio.wait(answers, timeout=ANSWER_WITHIN)
        told = [future.result() if future.done() else None for future in answers]
    return [
        result
        for each, status in zip(asked, told, strict=True)
        for result in _results(each, status)
    ]


def is_accepted(result: ReplayResult) -> bool:
    """Tell whether an entry is in a run, or will be when its trigger is read."""
    return result.result in (ACCEPTED, ASKED)


def _results(asked: Asked, status: RunStatus | None) -> list[ReplayResult]:
    if status is not None and status.state == "rejected":
        words = f"refused: {status.reason}"
        return [ReplayResult.of(entry, None, words) for entry in asked.entries]
    word = ASKED if status is None else ACCEPTED
    return [ReplayResult.of(entry, asked.run_id, word) for entry in asked.entries]
