"""Outputs that no broker takes: the handler may say what to send instead."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.contracts.wire import Outbound, size_of
from syncline.domain.errors import MessageTooLargeError


def fitted(messages: Sequence[Outbound], limit: int, handler: object) -> list[Outbound]:
    """Return the messages with too large ones replaced by what the handler's on_too_large gives.

    Args:
        limit: bytes of one message.

    Raises:
        MessageTooLargeError: the handler has no answer, or its answer is too large as well.
    """
    if all(size_of(message) <= limit for message in messages):
        return list(messages)
    replace = getattr(handler, "on_too_large", None)
    result: list[Outbound] = []
    for message in messages:
        size = size_of(message)
        if size > limit and replace is None:
            raise MessageTooLargeError(size, limit)
        result += replace(message) if replace and size > limit else [message]
    largest = max(map(size_of, result), default=0)
    if largest > limit:
        raise MessageTooLargeError(largest, limit)
    return result
