"""Triggers over HTTP that are refused: answered at once, and told to whoever subscribes."""

from __future__ import annotations

from typing import Any

from syncline.contracts.sending import trigger_message
from syncline.domain.errors import ConflictError, NotFoundError
from syncline.domain.trigger import TriggerRequest
from syncline.postgres.refusals import Refusals
from syncline.postgres.streams import Streams
from syncline_gateway.parts import Parts


async def refuse_what_cannot_run(
    parts: Parts, run_id: str, fields: dict[str, Any], wanted: TriggerRequest
) -> None:
    """Refuse at once, and let subscribers hear it: the refusal is noted, then the trigger is sent.

    The trigger service tells it as `run.rejected`, and lets nothing begin by it whatever has been
    changed meanwhile.

    Raises:
        NotFoundError, ConflictError: what it names does not exist, or may not run.
    """
    try:
        await Streams(parts.database).runnable(wanted.tenant, wanted.instance, wanted.entity_type)
    except (NotFoundError, ConflictError) as error:
        await Refusals(parts.database).note(run_id, wanted, error)
        await parts.producer.send([trigger_message(run_id, fields, "gateway", parts.clock.now())])
        raise
