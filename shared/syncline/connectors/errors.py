"""What a connector raises where a person must act."""

from __future__ import annotations

from syncline.domain.errors import Category, Failure, FailureError


class ConnectorError(FailureError):
    """The call can never succeed until a person changes something: login, permission, query."""


def refusal(
    code: str,
    message: str,
    field: str | None = None,
    detail: str | None = None,
    *,
    ambiguous: bool = False,
) -> ConnectorError:
    """Make the error of a call that a person must mend."""
    failure = Failure(Category.PERMANENT, code, message, detail, field, ambiguous=ambiguous)
    return ConnectorError(failure)
