"""What an answer to a read holds: document and records, or why neither can be told. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal

import msgspec

from syncline.connectors.http.answers.answer import (
    NOT_THE_API,
    Answer,
    is_page,
    no_json,
    plain_words,
)
from syncline.connectors.http.answers.charsets import as_utf8
from syncline.connectors.http.settings.extraction import End
from syncline.connectors.http.settings.fields import RecordsPath
from syncline.connectors.http.source.salvage import (
    UNREADABLE,
    BadRecord,
    CutBodyError,
    check_whole,
    salvage_records,
)
from syncline.connectors.port import ConnectorError
from syncline.contracts.messages import decoder_of
from syncline.contracts.messages import encode as encode_record
from syncline.domain.errors import Category, Failure, FailureError, RetriableError
from syncline.domain.mapping.paths import Path, reader, split_at_each
from syncline.domain.record import Value

_decode = decoder_of(Value).decode


class Content(msgspec.Struct):
    """A document, and its records where they could only be read one by one (else None)."""

    document: Value
    salvaged: list[Value] | None = None


def content_of(
    answer: Answer, records: RecordsPath, clean: Callable[[str], str], *, begun: bool
) -> Content:
    """Read an answer's body. Raises RetriableError, ConnectorError (`unexpected_answer`).

    Args:
        clean: takes secrets out of a text.
        begun: other answers of this read were good, so that this one may be a passing fault.
    """
    if answer.status == 206 and answer.headers.get("content-range", "bytes").startswith("bytes"):
        raise _passing(f"{answer.where} answered 206 with a part of what was asked for")
    body = as_utf8(answer.body, answer.headers.get("content-type", ""))
    if not body.strip():
        raise _passing(f"{answer.where} answered {answer.status} with nothing")
    try:
        return Content(_decode(body))
    except UNREADABLE as error:
        found = None
        try:
            check_whole(body)
            found = salvage_records(body, records.path)
        except CutBodyError:
            if body.lstrip()[:1] in (b"{", b"[") and body.rstrip()[-1:] not in (b"}", b"]"):
                message = f"{answer.where} answered {answer.status} with half a JSON document"
                raise _passing(f"{message}: it ends after {len(body)} bytes") from error
        except ValueError:  # wrong as a whole: refused below
            found = None
        if found is not None:
            return Content(found[0], _behind(found[1], records.path))
        raise _no_json(answer, body, error, clean, begun=begun) from error


def records_of(
    content: Content, records: RecordsPath, ends: Collection[End], where: str, *, begun: bool
) -> list[Value]:
    """Return an answer's records; `ends` are signs that there are none.

    Raises:
        ConnectorError: they are not where the mapping says (`no_records`).
        RetriableError: here they are not, and were before, as `begun` says (`unexpected_answer`).
    """
    if content.salvaged is not None:
        return content.salvaged
    document = content.document
    found = records.read(document)
    if isinstance(found, list):
        return found
    if found is None and absence(document, records.path) in ends:
        return []
    failure = _not_there(document, found, where)
    raise _passing(failure.message) if begun else ConnectorError(failure)


def absence(document: object, path: Path) -> Literal["null", "missing"]:
    """Tell a null that a document has at a path from a name that it does not have."""
    value = document
    for segment in path:
        if isinstance(value, dict) and segment.key in value:
            value = value[segment.key]
        elif value is not None:
            return "missing"
    return "null" if value is None else "missing"


def _behind(elements: list[Value], path: Path) -> list[Value]:
    """Return what the path's part behind its `[]` leads to in each element."""
    parted = split_at_each(path)
    if parted is None or not parted[1]:
        return elements
    read = reader(parted[1])
    return [
        BadRecord(read(e.record), e.failure) if isinstance(e, BadRecord) else read(e)
        for e in elements
    ]


def _not_there(document: object, found: object, where: str) -> Failure:
    kinds: dict[type, str] = {dict: "an object", str: "a text", bool: "a truth"}
    kind = kinds.get(type(found), "a number")
    has = "nothing" if found is None else f"{kind} {_shown(found)}"
    keys = ""
    if isinstance(document, dict):
        keys = f"; the answer has: {', '.join(map(str, document))[:200] or 'nothing'}"
    message = f"{where}: `options.records` must lead to a list of records, and leads to {has}{keys}"
    return Failure(Category.PERMANENT, "no_records", message)


def _shown(value: object) -> str:
    try:
        return repr(encode_record(value)[:80].decode("utf-8", "replace"))
    except UNREADABLE:  # only an example in a message that says the rest
        return ""


def _no_json(
    answer: Answer, body: bytes, error: Exception, clean: Callable[[str], str], *, begun: bool
) -> FailureError:
    said = clean(plain_words(body[:20_000].decode("utf-8", "replace")))[:200]
    message = no_json(answer, body, clean(_place(body, error)))
    message += f": {said!r}" if said and (is_page(body) or len(body) < 500) else ""
    if is_page(body) and not begun:
        message = f"{message}. {NOT_THE_API}"
        return ConnectorError(Failure(Category.UNKNOWN, "unexpected_answer", message))
    return _passing(message)


def _place(body: bytes, error: Exception) -> str:
    """Say what stops the reader, and beside which text that is."""
    words = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    digits = words.rpartition("byte ")[2].rstrip(")")
    if not digits.isdigit():
        return words.partition("\n")[0][:200]
    start = max(int(digits) - 30, 0)
    near = body[start : int(digits) + 10].decode("utf-8", "backslashreplace")
    return f"{words.removeprefix('JSON is malformed: ')[:200]}, at {near!r}"


def _passing(message: str) -> RetriableError:
    return RetriableError(message, code="unexpected_answer")
