"""Triggers over HTTP that are refused: answered at once, and told to whoever subscribes."""

from __future__ import annotations

from typing import Any

import structlog

from syncline.contracts.events import REJECTED
from syncline.contracts.sending import trigger_message
from syncline.contracts.status import refused, status_message
from syncline.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RetriableError,
)
from syncline.domain.trigger import TriggerRequest
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.runs.refused_triggers import Refusals
from syncline_gateway.parts import Parts

log = structlog.get_logger()


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


async def tell_what_is_wrong(
    parts: Parts, run_id: str, fields: dict[str, Any], error: InvalidInputError
) -> None:
    """Let subscribers hear of a request that is wrong in itself.

    The trigger service never sees it: what is wrong may be what only the API refuses. While Kafka
    is away the caller is answered all the same, and the log has what could not be told.
    """
    status = refused(run_id, fields, error)
    message = status_message(REJECTED, "gateway", status, parts.clock.now())
    try:
        await parts.producer.send([message])
    except RetriableError as away:
        log.warning("refusal_untold", correlation_id=run_id, error=str(away))
