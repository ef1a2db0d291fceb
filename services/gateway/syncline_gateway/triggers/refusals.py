"""Triggers over HTTP that are refused: answered at once, and published to who subscribes."""

from __future__ import annotations

import structlog

from syncline.contracts.events import REJECTED
from syncline.contracts.outbound import trigger_message
from syncline.contracts.status import refused, status_message
from syncline.domain.errors import ConflictError, InvalidInputError, NotFoundError, RetriableError
from syncline.domain.record import JsonObject
from syncline.domain.trigger import TriggerRequest
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.runs.refused_triggers import RefusedTriggers
from syncline_gateway.api import Api

log = structlog.get_logger()


async def refuse_what_cannot_run(
    api: Api, run_id: str, fields: JsonObject, wanted: TriggerRequest
) -> None:
    """Refuse at once what cannot run: the refusal is stored, then the trigger is published.

    The trigger service finds the refusal and publishes `run.rejected`, and begins no run by this
    trigger, whatever has been changed meanwhile.

    Raises:
        NotFoundError, ConflictError: what it names does not exist, or may not run.
    """
    try:
        await Streams(api.database).runnable(wanted.tenant, wanted.instance, wanted.entity_type)
    except (NotFoundError, ConflictError) as error:
        await RefusedTriggers(api.database).add(run_id, wanted, error)
        await api.producer.send([trigger_message(run_id, fields, "gateway", api.clock.now())])
        raise


async def publish_refusal(
    api: Api, run_id: str, fields: JsonObject, error: InvalidInputError
) -> None:
    """Publish `run.rejected` for a request that is wrong in itself.

    No trigger is published: some mistakes are refused by the API alone. While Kafka is away the
    caller is answered all the same, and the log has what could not be published.
    """
    status = refused(run_id, fields, error)
    message = status_message(REJECTED, "gateway", status, api.clock.now())
    try:
        await api.producer.send([message])
    except RetriableError as outage:
        log.warning("refusal_unpublished", correlation_id=run_id, error=str(outage))
