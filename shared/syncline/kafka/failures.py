"""The client's errors in the product's words: later, never, or yours no more."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from aiokafka import errors

from syncline.domain.errors import CommitLostError, RetriableError, SynclineError
from syncline.kafka.client import missing_topic

log = structlog.get_logger()

_REFUSED = (
    errors.AuthenticationFailedError,
    errors.AuthenticationMethodNotSupported,
    errors.SaslAuthenticationFailed,
    errors.UnsupportedSaslMechanismError,
    errors.IllegalSaslStateError,
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
)
_LOST = (
    errors.CommitFailedError,
    errors.IllegalStateError,
    errors.IllegalGenerationError,
    errors.UnknownMemberIdError,
    errors.RebalanceInProgressError,
)


class BrokerRefusedError(SynclineError):
    """The broker does not let us in or not do this: credentials or rights are wrong."""


@contextmanager
def translated(doing: str = "answer") -> Iterator[None]:
    """Raise the product's errors instead of the client's.

    Args:
        doing: what was tried, e.g. `send to syncline.raw`.

    Raises:
        BrokerRefusedError: a person has to correct credentials or rights.
        RetriableError: anything else that a client may raise; a new client may be needed.
    """
    try:
        yield
    except _REFUSED as error:
        raise BrokerRefusedError(f"Kafka refused to {doing}: {describe(error)}") from error
    except errors.UnknownTopicOrPartitionError as error:
        raise missing_topic(doing) from error
    except (errors.KafkaError, errors.ConsumerStoppedError, OSError, TimeoutError) as error:
        raise RetriableError(
            f"Kafka is not available to {doing}: {describe(error)}", code="kafka_unavailable"
        ) from error


@contextmanager
def translated_commit() -> Iterator[None]:
    """As `translated`, and CommitLostError when the partitions moved away."""
    with translated("commit"):
        try:
            yield
        except _LOST as error:
            raise CommitLostError(describe(error)) from error


def describe(error: BaseException) -> str:
    """Return an error's words, or its name when it has none."""
    return str(error) or type(error).__name__


async def stop_quietly(stopping: Coroutine[Any, Any, None], within: float, what: str) -> None:
    """Run a client's stop to its end, whatever it raises, for at most `within` seconds.

    aiokafka's may hang or raise CancelledError while the broker is away; so it gets a task of its
    own, and only a cancel of the caller reaches the caller.
    """
    task = asyncio.ensure_future(stopping)
    try:
        await asyncio.wait([task], timeout=within)
    finally:
        if not task.done():
            log.warning("client_stop_given_up", client=what, seconds=within)
            task.cancel()
        task.add_done_callback(_retrieve)


def _retrieve(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.debug("client_stop_failed", reason=describe(error))
