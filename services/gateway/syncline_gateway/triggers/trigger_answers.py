"""Publishing triggers, and waiting a moment for what the trigger service says of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack

from syncline.contracts.events import RunStatus
from syncline.contracts.wire import Outbound
from syncline_gateway.api import Api

ANSWER_WITHIN = 2.0
"""Seconds to wait for the trigger service's word; Kafka has the triggers all the same."""


async def publish_triggers(api: Api, triggers: Mapping[str, Outbound]) -> list[RunStatus | None]:
    """Publish triggers; return the first status of each run, None where nobody answered yet.

    Args:
        triggers: messages by the correlation ID of their run.

    Raises:
        RetriableError: Kafka did not take them; nothing has begun.
    """
    if not triggers:
        return []
    with ExitStack() as stack:
        answers = [stack.enter_context(api.hub.answer_to(run_id)) for run_id in triggers]
        await api.producer.send(list(triggers.values()))
        await asyncio.wait(answers, timeout=ANSWER_WITHIN)
        return [answer.result() if answer.done() else None for answer in answers]
