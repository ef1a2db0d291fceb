"""What an API's answer means: records, failures in its own words, and when to come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from syncline.connectors.http.answers.charsets import as_utf8
from syncline.connectors.http.answers.error_text import plain_words, words_of
from syncline.connectors.http.answers.retry_after import retry_after, wait_note
from syncline.connectors.http.settings.fields import Sign
from syncline.connectors.http.settings.profile import Errors
from syncline.contracts.messages import decoder_of
from syncline.domain.errors import Category, Failure

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
PERMANENT = frozenset({400, 401, 403, 404, 405, 409, 410, 413, 415, 422})
LOST = frozenset({502, 504, 520, 522, 524})
"""A gateway that got no answer: what it asked for may have been done."""
CODES = {
    401: "login_refused",
    403: "permission_refused",
    404: "not_found",
    409: "conflict",
    413: "too_large",
    429: "rate_limited",
}
_STATUS = {code: status for status, code in CODES.items()}
_MESSAGES = ("message", "error_description", "detail", "title", "error", "msg", "reason", "errors")
_decode = decoder_of(Any).decode
_LONG = 1000
"""Digits from which on a number is no key: 1e999999999 would be a text of a gigabyte."""


class Answer(msgspec.Struct, frozen=True):
    """An answer as it came: header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def category_of(errors: Errors, status: int, text: str) -> Category:
    """Return what a status means, or the first rule that fits."""
    for rule in errors.rules:
        if rule.fits(status, text):
            return rule.category
    if status in TRANSIENT:
        return Category.TRANSIENT
    refused = status in PERMANENT or 300 <= status < 400
    return Category.PERMANENT if refused else Category.UNKNOWN


def _words_in(errors: Errors, document: object) -> str:
    """Return what an error's body says."""
    found = errors.message(document) if errors.message else None
    text = one_line(found) or error_message(document)
    code = one_line(errors.code(document)) if errors.code else ""
    return f"{code}: {text}" if code and text else text or code


class UnreadableError(ValueError):
    """A body that is not what was asked for; the message says what it is."""


def document_of(answer: Answer) -> Any:  # noqa: ANN401
    """Read a JSON body; an empty one is None.

    Raises:
        UnreadableError: it is no JSON.
    """
    body = as_utf8(answer.body, answer.headers.get("content-type", ""))
    if not body.strip():
        return None
    try:
        return _decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError, ArithmeticError) as error:
        kind = answer.headers.get("content-type", "").partition(";")[0] or "no content type"
        is_page = body.lstrip()[:1] == b"<"
        what = "an HTML or XML page" if is_page else f"no JSON ({error})"
        hint = ": is this the address of the API, and not of a login page or a proxy?"
        raise UnreadableError(
            f"{answer.where} answered {answer.status} with {what}, content type {kind}"
            + (hint if is_page else "")
        ) from error


def failure_of(answer: Answer, errors: Errors, clean: Callable[[str], str]) -> Failure:
    """Say why an answer is no success.

    Args:
        clean: takes secrets out of a text.
    """
    text = answer.body[:20_000].decode("utf-8", "replace")
    try:
        document = document_of(answer)
        words = clean(_words_in(errors, document) or words_of(document))
    except UnreadableError:  # no JSON: the text itself holds the words
        words = clean(plain_words(text))
    if 300 <= answer.status < 400:
        to = answer.headers.get("location")
        words = clean(
            f"it redirects to {to}: set the profile's baseUrl to where the API is"
            if to
            else "neither records nor an address to go to: is a cache in the way?"
        )
    after = retry_after(answer.headers)
    category = category_of(errors, answer.status, text)
    if answer.status == 403 and after:  # too many calls, in the words of some APIs
        category = Category.TRANSIENT
    return Failure(
        category,
        CODES.get(answer.status, f"http_{answer.status}"),
        f"{answer.where} answered {answer.status}"
        + (f": {words[:500]}" if words else "")
        + wait_note(after),
        detail=clean(text)[:2000] or None,
        retry_after=after,
        ambiguous=answer.status in LOST,
    )


def error_in_success(answer: Answer, document: object, errors: Errors) -> Failure | None:
    """Return the failure that an answer with 2xx carries, if the API does such."""
    found = errors.in_success(document) if errors.in_success else _of_graphql(document)
    if not found:
        return None
    text = answer.body[:20_000].decode("utf-8", "replace")
    ruled = next((r.category for r in errors.rules if r.fits(answer.status, text)), None)
    words = (
        one_line(errors.message(document))
        if errors.message
        else error_message(found) or words_of(found)
    )
    message = f"{answer.where} answered {answer.status} with an error: {words[:500]}"
    usual = Category.TRANSIENT if _is_throttled(found) else Category.PERMANENT
    return Failure(ruled or usual, "error_in_answer", message, text[:2000])


def _of_graphql(document: object) -> object:
    """Return the errors that GraphQL gives beside `data`, which then lacks what they are of."""
    if not isinstance(document, dict) or "data" not in document:
        return None
    errors = document.get("errors")
    if not isinstance(errors, list) or not errors:
        return None
    return errors if all(isinstance(e, dict) and "message" in e for e in errors) else None


def _is_throttled(found: object) -> bool:
    """Tell GraphQL's throttling, which passes (spec section 3)."""
    codes = [
        extensions.get("code")
        for error in (found if isinstance(found, list) else [])
        if isinstance(error, dict) and isinstance(extensions := error.get("extensions"), dict)
    ]
    return bool(codes) and all(code in ("THROTTLED", "RATE_LIMITED") for code in codes)


def one_line(value: object) -> str:
    """Return a value of an error's body as one line."""
    if value is None or value is False:
        return ""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return " ".join("; ".join(value).split())
    if isinstance(value, dict | list):
        return error_message(value) or msgspec.json.encode(value).decode()
    return str(value)


def key_text(value: object) -> str:
    """Return a key, an ID or a cursor value as text; "" where there is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}" if abs(value.adjusted()) < _LONG else str(value)
    return "" if value is None or isinstance(value, dict | list) else str(value)


def error_message(document: object, depth: int = 4) -> str:
    """Search an error's body for its message, where most APIs have it."""
    if isinstance(document, str):
        return " ".join(document.split())
    if depth == 0:
        return ""
    if isinstance(document, list):
        parts = [error_message(part, depth - 1) for part in document[:3]]
        return "; ".join(filter(None, parts))
    if isinstance(document, dict):
        for name in _MESSAGES:
            if found := error_message(document.get(name), depth - 1):
                return found
    return ""


def is_one_of(signs: Iterable[Sign], failure: Failure, status: int | None = None) -> bool:
    """Tell whether a failure is what a sign describes.

    Args:
        status: of the answer; None takes it from the failure's code.
    """
    if status is None:
        number = failure.code.removeprefix("http_")
        status = int(number) if number.isdigit() else _STATUS.get(failure.code)
    text = f"{failure.message}\n{failure.detail or ''}"
    return any(sign.fits(status, text) for sign in signs)
