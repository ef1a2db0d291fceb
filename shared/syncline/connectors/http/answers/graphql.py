"""The errors of GraphQL, which come with HTTP 200: of the request, of a mutation, of a union. Pure.

Where `data` is missing, nothing was done (GraphQL specification, 7.1.2): the request itself was
refused. Where it is there, a mutation with an error may have been done all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from syncline.domain.errors import Category

THROTTLED = frozenset({"THROTTLED", "RATE_LIMITED", "TOO_MANY_REQUESTS"})
TOO_COSTLY = "query_too_costly"
LOGIN = frozenset({"UNAUTHENTICATED", "UNAUTHORIZED"})
_PERMISSION = frozenset({"FORBIDDEN", "ACCESS_DENIED"})
_PASSING = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})
_OF_THE_QUERY = frozenset({
    "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "OPERATION_RESOLUTION_FAILURE",
    "UNDEFINEDFIELD", "ARGUMENTNOTACCEPTED", "MISSINGREQUIREDARGUMENTS", "SELECTIONMISMATCH",
    "VARIABLEMISMATCH", "VARIABLENOTDEFINED",
})  # fmt: skip
"""Codes of servers for a document that they do not take, whatever its variables are."""
_FEW = 3


class GraphqlError(msgspec.Struct, frozen=True):
    """What an answer says went wrong.

    Attributes:
        status: the HTTP status that another API would say it with; 200 for one of a record.
        retry_after: seconds until the next call is affordable.
        ambiguous: a mutation may have been done all the same.
        of_all: the document itself is wrong, so every call would meet it.
    """

    code: str
    words: str
    category: Category
    status: int = 200
    retry_after: float | None = None
    ambiguous: bool = False
    of_all: bool = False


def request_error(document: object) -> GraphqlError | None:
    """Return why a request failed as a whole or in part, None where it did not."""
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not errors:
        return None
    found = [e for e in errors if isinstance(e, dict)] if isinstance(errors, list) else []
    if not found:
        return GraphqlError("error_in_answer", _text(errors), Category.PERMANENT)
    return _of_request(document, found)


def own_error(document: object) -> GraphqlError | None:
    """Return what a mutation itself refused: its `userErrors`, or an error in place of a result."""
    data = document.get("data") if isinstance(document, dict) else None
    words = "; ".join(list(_refusals(data))[:_FEW]) if isinstance(data, dict) else ""
    return GraphqlError("record_refused", words, Category.PERMANENT) if words else None


def _of_request(document: dict[str, object], errors: Sequence[dict[str, object]]) -> GraphqlError:
    codes = {_code(error).upper() for error in errors}
    words = "; ".join(map(_words, errors[:_FEW]))
    data = document.get("data")
    done = isinstance(data, dict) and any(part is not None for part in data.values())
    if codes <= THROTTLED:
        wait = _wait(document)
        return GraphqlError("error_in_answer", words, Category.TRANSIENT, 429, wait)
    if "MAX_COST_EXCEEDED" in codes:
        return GraphqlError(TOO_COSTLY, words, Category.PERMANENT)
    if codes & LOGIN:
        return GraphqlError("login_refused", words, Category.PERMANENT, 401)
    if codes & _PERMISSION:
        code = "permission_refused"
        return GraphqlError(code, words, Category.PERMANENT, 403, ambiguous=done)
    if codes & _PASSING:
        begun = "data" in document
        return GraphqlError("error_in_answer", words, Category.TRANSIENT, 500, ambiguous=begun)
    of_all = bool(codes & _OF_THE_QUERY) and "data" not in document
    return GraphqlError("error_in_answer", words, Category.PERMANENT, ambiguous=done, of_all=of_all)


def _refusals(data: dict[str, object]) -> Iterator[str]:
    """Yield what the fields of an operation say of their own errors, as texts."""
    for part in data.values():
        if not isinstance(part, dict):
            continue
        for name, value in part.items():
            if isinstance(value, list) and name.lower().endswith(("errors", "problems")):
                yield from (_words(error) for error in value if isinstance(error, dict))
        kind = part.get("__typename")
        named = isinstance(kind, str) and kind.endswith(("Error", "Problem"))
        if named or ("errorCode" in part and "message" in part):
            yield _words(part)


def _code(error: dict[str, object]) -> str:
    extensions = error.get("extensions")
    inner = extensions.get("code") if isinstance(extensions, dict) else None
    return _text(inner or error.get("code") or error.get("errorCode"))


def _words(error: dict[str, object]) -> str:
    """Say an error in one line: its code, the field that it is of, and its message."""
    place = error.get("field") or error.get("path")
    parts = place if isinstance(place, list) else [place] if place else []
    field = ".".join(map(_text, parts))
    message = _text(error.get("message")) or _text(error.get("__typename")) or "no reason given"
    named = [text for text in (_code(error), field) if text]
    return ": ".join([*named, message])


def _text(value: object) -> str:
    if value is None or isinstance(value, dict | list):
        return "" if not value else msgspec.json.encode(value).decode()[:200]
    return " ".join(str(value).split())


def _wait(document: dict[str, object]) -> float | None:
    """Return the seconds until a call of this cost is affordable (Shopify's `extensions.cost`)."""
    extensions = document.get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    status = cost.get("throttleStatus") if isinstance(cost, dict) else None
    if not isinstance(cost, dict) or not isinstance(status, dict):
        return None
    wanted, has = cost.get("requestedQueryCost"), status.get("currentlyAvailable")
    rate = status.get("restoreRate")
    if not (
        isinstance(wanted, int | Decimal)
        and isinstance(has, int | Decimal)
        and isinstance(rate, int | Decimal)
        and rate > 0
    ):
        return None
    return max(float((wanted - has) / rate), 0.1)
