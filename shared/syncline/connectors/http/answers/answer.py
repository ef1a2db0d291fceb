"""What an API's answer means: records, failures in its own words, and when to come back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime

import msgspec

from syncline.connectors.http.answers.charsets import as_utf8
from syncline.connectors.http.answers.graphql import GraphqlError, request_error
from syncline.connectors.http.settings.fields import Sign
from syncline.connectors.http.settings.profile import Errors
from syncline.contracts.messages import decoder_of
from syncline.domain.errors import Category, Failure
from syncline.domain.record import Value
from syncline.domain.retry import LONGEST_PAUSE

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
_LONGEST = 500
_FEW = 3
_HIDDEN = re.compile(r"<(script|style|head)\b.*?(?:</\1>|$)|<!--.*?(?:-->|$)", re.I | re.S)
_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.I)
_TAG = re.compile(r"<[^>]*(?:>|$)")
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": " "}
_SECONDS = re.compile(r"[+-]?\d+(\.\d*)?")
_MOST = 1e10
"""Seconds; more than any date can lie ahead."""
_decode = decoder_of(Value).decode
NOT_THE_API = "Is this the address of the API, and not of a login page or a proxy?"
_LONG = 1000
"""Digits from which on a number is no key: 1e999999999 would be a text of a gigabyte."""


class Answer(msgspec.Struct, frozen=True):
    """An answer as it came: header names in lower case; `graphql` tells how it was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str
    graphql: bool = False

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def category_of(errors: Errors, status: int, text: str) -> Category:
    """Return what a status means, or the first rule that fits."""
    refused = status in PERMANENT or 300 <= status < 400
    usual = Category.PERMANENT if refused else Category.UNKNOWN
    return errors.category(status, text) or (Category.TRANSIENT if status in TRANSIENT else usual)


def _words_in(errors: Errors, document: object) -> str:
    """Return what an error's body says."""
    found = errors.message(document) if errors.message else None
    text = one_line(found) or error_message(document)
    code = one_line(errors.code(document)) if errors.code else ""
    return f"{code}: {text}" if code and text else text or code


class UnreadableError(ValueError):
    """A body that is not what was asked for; the message says what it is."""


def document_of(answer: Answer) -> Value:
    """Read a JSON body; an empty one is None. Raises UnreadableError: it is no JSON."""
    body = as_utf8(answer.body, answer.headers.get("content-type", ""))
    if not body.strip():
        return None
    try:
        return _decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError, ArithmeticError) as error:
        hint = f". {NOT_THE_API}" if is_page(body) else ""
        raise UnreadableError(no_json(answer, body, str(error)) + hint) from error


def no_json(answer: Answer, body: bytes, words: str) -> str:
    """Say what an answer is where it is no JSON; `words` say what stopped the reader."""
    kind = answer.headers.get("content-type", "").partition(";")[0] or "no content type"
    what = "an HTML or XML page" if is_page(body) else f"no JSON ({words})"
    return f"{answer.where} answered {answer.status} with {what}, content type {kind}"


def is_page(body: bytes) -> bool:
    """Tell a page for people from other bodies."""
    return body.lstrip()[:1] == b"<"


def failure_of(answer: Answer, errors: Errors, clean: Callable[[str], str]) -> Failure:
    """Say why an answer is no success; `clean` takes secrets out of a text."""
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
    if after is None:
        after = errors.wait(answer.status, text)
    category = category_of(errors, answer.status, text)
    if answer.status == 403 and after:  # too many calls, in the words of some APIs
        category = Category.TRANSIENT
    return Failure(
        category,
        CODES.get(answer.status, f"http_{answer.status}"),
        f"{answer.where} answered {answer.status}"
        + (f": {words[:500]}" if words else "")
        + _wait_note(after),
        detail=clean(text)[:2000] or None,
        retry_after=after,
        ambiguous=answer.status in LOST,
    )


def error_in_success(answer: Answer, document: object, errors: Errors) -> Failure | None:
    """Return the failure that an answer with 2xx carries, if the API does such."""
    found = errors.in_success(document) if errors.in_success else None
    if not found:
        is_read = answer.graphql or (not errors.in_success and _is_of_graphql(document))
        error = request_error(document) if is_read else None
        return graphql_failure(answer, error, errors) if error else None
    text = answer.body[:20_000].decode("utf-8", "replace")
    own = errors.message
    words = one_line(own(document)) if own else error_message(found) or words_of(found)
    message = f"{answer.where} answered {answer.status} with an error: {words[:500]}"
    category = errors.category(answer.status, text) or Category.PERMANENT
    return Failure(category, "error_in_answer", message, text[:2000])


def graphql_failure(answer: Answer, error: GraphqlError, errors: Errors) -> Failure:
    """Return the failure that a GraphQL answer carries; a profile's rules go first."""
    text = answer.body[:20_000].decode("utf-8", "replace")
    return Failure(
        errors.category(answer.status, text) or error.category,
        error.code,
        f"{answer.where} answered {answer.status} with an error: {error.words[:500]}",
        text[:2000],
        retry_after=error.retry_after,
        ambiguous=error.ambiguous,
    )


def _is_of_graphql(document: object) -> bool:
    """Tell the errors that GraphQL gives beside `data`, which then lacks what they are of."""
    if not isinstance(document, dict) or "data" not in document:
        return False
    found = document.get("errors")
    return isinstance(found, list) and all(isinstance(e, dict) and "message" in e for e in found)


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
        if "lang" in document and (found := one_line(document.get("value"))):
            return found  # OData 3 has the message beside its language
        for name in _MESSAGES:
            if found := error_message(document.get(name), depth - 1):
                return found
    return ""


def is_one_of(signs: Iterable[Sign], failure: Failure, status: int | None = None) -> bool:
    """Tell whether a failure, with its answer's status or its code's, is what a sign describes."""
    if status is None:
        number = failure.code.removeprefix("http_")
        status = int(number) if number.isdigit() else _STATUS.get(failure.code)
    text = f"{failure.message}\n{failure.detail or ''}"
    return any(sign.fits(status, text) for sign in signs)


def words_of(document: object) -> str:
    """Return the first texts of a JSON body, each with its name: `sku: has already been taken`."""
    found: list[str] = []
    for text in _texts(document, ""):
        found.append(text)
        if len(found) == _FEW:
            break
    return "; ".join(found)[:_LONGEST]


def _texts(value: object, name: str, depth: int = 6) -> Iterator[str]:
    if isinstance(value, str) and value.strip():
        words = " ".join(value.split())
        yield f"{name}: {words}" if name else words
    if depth == 0:
        return
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _texts(part, str(key), depth - 1)
    elif isinstance(value, list):
        for part in value[:_FEW]:
            yield from _texts(part, name, depth - 1)


def plain_words(text: str) -> str:
    """Return the words of a body that is no JSON: its first line, or an HTML page's title."""
    if not text.lstrip().startswith("<"):
        lines = (" ".join(line.split()) for line in text.splitlines())
        first = next(filter(None, lines), "")
        return first[:_LONGEST] if first.isprintable() and "\ufffd" not in first else ""
    title = _TITLE.search(text)
    words = title[1] if title else _TAG.sub(" ", _HIDDEN.sub(" ", text))
    for entity, char in _ENTITIES.items():
        words = words.replace(entity, char)
    return " ".join(words.split())[:_LONGEST]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that are asked for, as a number or a date (RFC 9110, 10.2.3).

    0 for a time gone by; None for what cannot be read, which asks for nothing.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(max(float(value), 0.0), _MOST)
    moment = _moment(value)
    if moment is None:
        return None
    now = _moment(headers.get("date", "").strip())
    since = now.timestamp() if now else time.time()
    return min(max(moment.timestamp() - since, 0.0), _MOST)


def _wait_note(seconds: float | None) -> str:
    """Return a note for a wait that is longer than the longest pause; else ""."""
    if seconds is None or seconds <= LONGEST_PAUSE:
        return ""
    hours = LONGEST_PAUSE / 3600
    return (
        f" (it asks to wait for {seconds / 86_400:,.1f} days; it is asked again after {hours:g} h)"
    )


def _moment(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # no date: the retry's own wait holds
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)  # `-0000` says no zone, and is UTC
