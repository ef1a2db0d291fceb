"""Errors: the kind of an error tells a stage what to do with its work.

- `RetriableError` is raised: the stage does the same work again later, all of it.
- `Failure` is returned, not raised: one record failed. Its category decides whether it is tried
  again or goes to the DLQ; the other records go on. A call to a system raises it in a
  `FailureError`.
- Any other exception is a bug (decision 0005).

The other errors are about what people wrote or asked for, and are raised where it comes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Category(StrEnum):
    """What a failure allows: spec section 3, Retry."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


class Failure(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Why one record could not be handled; travels to the retry topics and the DLQ.

    Attributes:
        category: transient and unknown failures are retried, permanent ones are not.
        code: stable machine name in snake_case, e.g. `required_field_empty`.
        message: one sentence for a person: which field, what is wrong, what would be right.
        detail: the long form, e.g. the target's own message; at most 2,000 characters.
        field: the path of the field at fault.
        retry_after: seconds that the system asked us to wait.
        ambiguous: the write may have been applied although no answer came; ask the target before
            sending it again.
    """

    category: Category
    code: str
    message: str
    detail: str | None = None
    field: str | None = None
    retry_after: float | None = None
    ambiguous: bool = False


class SynclineError(Exception):
    """Base of every error that Syncline raises on purpose."""


class FailureError(SynclineError):
    """An error that carries a Failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class RetriableError(FailureError):
    """The same work may succeed later: a timeout, a 429, a lock held elsewhere."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "unavailable",
        detail: str | None = None,
        retry_after: float | None = None,
        ambiguous: bool = False,
    ) -> None:
        super().__init__(
            Failure(
                Category.TRANSIENT,
                code,
                message,
                detail=detail,
                retry_after=retry_after,
                ambiguous=ambiguous,
            )
        )


class Problem(msgspec.Struct, frozen=True, rename="camel"):
    """A mistake in what a person wrote; `path` is a JSON path such as `$.fields[2].transform`."""

    path: str
    message: str


class InvalidInputError(SynclineError):
    """Input was refused; `problems` names all mistakes at once."""

    def __init__(self, problems: Sequence[Problem], *, code: str = "invalid_input") -> None:
        super().__init__("; ".join(f"{p.path}: {p.message}" for p in problems))
        self.problems = tuple(problems)
        self.code = code


class NotFoundError(SynclineError):
    """The named object does not exist in this tenant."""


class ConflictError(SynclineError):
    """The object's state does not allow this now."""


class StaleError(SynclineError):
    """An edit was based on a state that somebody else has changed meanwhile."""


class CommitLostError(SynclineError):
    """Another process has the partitions of a commit now and will repeat the work."""


class MessageTooLargeError(SynclineError):
    """A message is larger than the broker accepts. `size` and `limit` are bytes."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the message has {size} bytes, the limit is {limit}")
        self.size = size
        self.limit = limit


class UnauthenticatedError(SynclineError):
    """The caller is unknown: no valid session, key, link or password."""


class ForbiddenError(SynclineError):
    """The caller is known but not allowed to do this."""


class ThrottledError(SynclineError):
    """The caller asked too often. `retry_after` is seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after
