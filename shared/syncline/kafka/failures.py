"""Translates the client's errors: try later, never, or the partitions moved away."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager

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
    """The broker refuses the connection or the action: credentials or rights are wrong."""


class MembershipLostError(BaseException):
    """The broker counts this client no more as a member.

    It ends the client's own tasks, which log an Exception and join again.
    """


@contextmanager
def translated(doing: str = "answer") -> Iterator[None]:
    """Raise the product's errors instead of the client's.

    Args:
        doing: what was tried, e.g. `send to syncline.raw`.

    Raises:
        BrokerRefusedError: a person must correct credentials or rights.
        RetriableError: any other error of the client; a new client may be needed.
    """
    try:
        yield
    except _REFUSED as error:
        raise BrokerRefusedError(f"Kafka refused to {doing}: {describe(error)}") from error
    except errors.UnknownTopicOrPartitionError as error:
        raise missing_topic(doing) from error
    except MembershipLostError as error:
        raise RetriableError(str(error), code="membership_lost") from error
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
    """Return an error's text, or its name if it has none."""
    return str(error) or type(error).__name__


async def stop_quietly(stopping: Coroutine[object, None, None], within: float, what: str) -> None:
    """Wait for a client's stop, whatever it raises, for at most `within` seconds.

    aiokafka's stop may hang or raise CancelledError while the broker is away. So it runs in a task
    of its own: only a cancel of the caller is raised.
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
