"""What errors of Kafka mean for a record and for a call. Spec section 3, Retry."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka import errors

from syncline.connectors.errors import ConnectorError, refusal
from syncline.connectors.system_errors import plain_words
from syncline.domain.errors import Category, Failure, RetriableError

LOGIN_REFUSED = (
    errors.AuthenticationFailedError,
    errors.AuthenticationMethodNotSupported,
    errors.IllegalSaslStateError,
    errors.SaslAuthenticationFailed,
    errors.UnsupportedSaslMechanismError,
)
NOT_PERMITTED = (
    errors.ClusterAuthorizationFailedError,
    errors.TopicAuthorizationFailedError,
    errors.TransactionalIdAuthorizationFailed,
)
TOO_LARGE = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)
_NEVER = (
    errors.InvalidTopicError,
    errors.PolicyViolationError,
    errors.SecurityDisabled,
    errors.UnsupportedCodecError,
    errors.UnsupportedVersionError,
)
_SURELY_NOT_WRITTEN = (
    errors.NotEnoughReplicasError,
    errors.NotLeaderForPartitionError,
    errors.LeaderNotAvailableError,
)
_AWAY = (errors.KafkaConnectionError, errors.NodeNotReadyError, OSError, TimeoutError)
_OF_THE_CLIENT = (errors.KafkaError, errors.ConsumerStoppedError, OSError, TimeoutError)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn errors of a whole call into the port's: ConnectorError, RetriableError."""
    try:
        yield
    except _OF_THE_CLIENT as error:
        raise translated(error) from error


def translated(error: BaseException) -> ConnectorError | RetriableError:
    """Say whether a call may succeed later, and else what a person can do."""
    words = f"Kafka: {words_of(error)}"
    if isinstance(error, LOGIN_REFUSED):
        return refusal("login_refused", f"{words}: check user, password and the kind of login")
    if isinstance(error, NOT_PERMITTED):
        message = f"{words}: this user needs Describe, and Read or Write, of the topic"
        return refusal("not_permitted", message)
    if isinstance(error, ssl.SSLCertVerificationError):
        message = f"Kafka: the broker's certificate is refused: {error.verify_message}"
        return refusal("certificate_refused", message)
    if isinstance(error, errors.UnknownTopicOrPartitionError):
        return refusal("no_topic", f"{words}: the topic is not there any more")
    if isinstance(error, _NEVER):
        return refusal("not_supported", words)
    is_away = isinstance(error, _AWAY) or type(error) is errors.KafkaError  # no broker answers
    code = "unreachable" if is_away else "unavailable"
    return RetriableError(words, code=code)


def failure_of(error: BaseException, *, upsert: bool) -> Failure:
    """Say why records were not acknowledged, and whether they may be written all the same."""
    if isinstance(error, TOO_LARGE):
        message = "the record is larger than the topic takes (`max.message.bytes`)"
        return Failure(Category.PERMANENT, "record_too_large", message)
    failure = translated(error).failure
    if upsert or failure.category is Category.PERMANENT or isinstance(error, _SURELY_NOT_WRITTEN):
        return failure
    message = f"{failure.message}: no answer came, the record may be on the topic"
    return Failure(failure.category, failure.code, message, ambiguous=True)


def words_of(error: BaseException) -> str:
    """Return what was said, in one line."""
    name = type(error).__name__.removesuffix("Error")
    # aiokafka puts the name of the error's class before the words
    text = plain_words(error).removeprefix(type(error).__name__).removeprefix(": ")
    return text[:500] or name
