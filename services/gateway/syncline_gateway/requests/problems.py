"""Errors as RFC 9457 problems: what is wrong, in which field, what would be right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from syncline.domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    Problem,
    RetriableError,
    StaleError,
    ThrottledError,
    UnauthenticatedError,
)
from syncline.domain.validation_errors import path_of, words
from syncline.telemetry.masking import SECRETS

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 2
"""Seconds a client should wait when something that is needed is away."""
log = structlog.get_logger()
_PLAIN: dict[type[Exception], tuple[int, str, dict[str, str] | None]] = {
    UnauthenticatedError: (401, "unauthenticated", {"WWW-Authenticate": "ApiKey"}),
    ForbiddenError: (403, "forbidden", None),
    NotFoundError: (404, "not_found", None),
    ConflictError: (409, "conflict", None),
    StaleError: (412, "changed_meanwhile", None),
}
"""Errors whose problem says no more than their words."""


_TITLES = {
    "invalid_input": "The input is wrong",
    "malformed_json": "This is no JSON",
    "unauthenticated": "You are not signed in",
    "forbidden": "You may not do this",
    "csrf": "The session is another one than that of the page",
    "foreign_origin": "The request came from another site",
}


class ProblemDocument(msgspec.Struct, frozen=True, rename="camel"):
    """What every answer above 399 holds.

    Attributes:
        type: names the kind of problem, `urn:syncline:problem:<code>`; see docs/api.md.
        title: the kind in words.
        status: the HTTP status.
        detail: what is wrong here, for a person.
        code: the kind for programs.
        errors: each mistake in the input with where it is: `$.batchSize`, `query.limit`.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[Problem] = []


class ProblemError(Exception):
    """Ends a request with a problem that has no error of the domain; `code` is snake_case."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers


def too_many(detail: str, wait: float) -> ProblemError:
    """Make the error that answers who asks too often. `wait` is seconds."""
    headers = {"Retry-After": str(math.ceil(wait))}
    return ProblemError(429, "too_many_requests", detail, headers=headers)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[Problem] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """Return a problem as the answer."""
    document = ProblemDocument(
        type=f"urn:syncline:problem:{code}",
        title=_TITLES.get(code) or code.replace("_", " ").capitalize(),
        status=status,
        detail=SECRETS.mask(detail),
        code=code,
        errors=[Problem(e.path, SECRETS.mask(e.message)) for e in errors],
    )
    return Response(msgspec.json.encode(document), status, headers, MEDIA_TYPE)


def problem_of(error: Exception) -> Response | None:
    """Return the problem that an error raised on purpose stands for, or None for a bug."""
    if isinstance(error, ProblemError):
        return problem(error.status, error.code, error.detail, headers=error.headers)
    if isinstance(error, InvalidInputError):
        return problem(422, error.code, _counted(error.problems), errors=error.problems)
    if isinstance(error, RetriableError):
        after = str(round(error.failure.retry_after or RETRY_AFTER))
        return problem(503, error.failure.code, str(error), headers={"Retry-After": after})
    if isinstance(error, ThrottledError):
        headers = {"Retry-After": str(error.retry_after)}
        return problem(429, "too_many_attempts", str(error), headers=headers)
    if isinstance(error, ExceptionGroup):  # a TaskGroup raises its one failure as a group
        return next(filter(None, map(problem_of, error.exceptions)), None)
    plain = next((said for kind, said in _PLAIN.items() if isinstance(error, kind)), None)
    return plain and problem(plain[0], plain[1], str(error), headers=plain[2])


def _counted(problems: Sequence[Problem]) -> str:
    if len(problems) == 1:
        return f"{problems[0].path}: {problems[0].message}"
    return f"{len(problems)} mistakes are in it: `errors` has each with its place"


def add_problem_handlers(app: FastAPI) -> None:
    """Turn everything a route can raise into a problem."""
    purpose = (ProblemError, InvalidInputError, RetriableError, ThrottledError, *_PLAIN)
    for kind in (*purpose, ExceptionGroup, Exception):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _answer(request: Request, error: Exception) -> Response:
    found = problem_of(error)
    if found is not None:
        return found
    log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    detail = "something went wrong here that should not; the gateway's log says what"
    return problem(500, "internal_error", detail)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(details["type"] == "json_invalid" for details in found):
        why = found[0].get("ctx", {}).get("error", "")
        return problem(400, "malformed_json", f"the body is no JSON: {why}".removesuffix(": "))
    problems = [Problem(_path(details["loc"]), _message(details)) for details in found]
    return problem(422, "invalid_input", _counted(problems), errors=problems)


def _path(location: Sequence[str | int]) -> str:
    """Return `$.fields[2].name` for a place in the body, `query.limit` for one outside of it."""
    where, *rest = location
    if where != "body":
        return ".".join(map(str, location))
    return path_of(rest)


def _message(details: Mapping[str, Any]) -> str:
    """Return words for a mistake; what a body holds is not repeated: it may be a password."""
    where = details["loc"][0]
    return words(details, secret=where == "body" and isinstance(details["input"], str))


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    code = "too_large" if status == 413 else HTTPStatus(status).name.lower()
    return problem(status, code, str(error.detail), headers=dict(error.headers or {}))
