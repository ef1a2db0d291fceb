"""A mapping's `transformation.target` block as typed values, read from a person's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from syncline.connectors.http.settings.lookup import Lookup, parse_lookup
from syncline.connectors.http.settings.profile import (
    HEADER,
    check_placeholders,
    endpoint,
    whole,
)
from syncline.connectors.http.settings.results import ResultRules, parse_results
from syncline.connectors.http.settings.signs import Sign, signs_of
from syncline.contracts.messages import encode
from syncline.domain.errors import Problem
from syncline.domain.mapping.paths import parse_path
from syncline.domain.mapping.reading import Reader

LARGEST_BULK = 1000
Read = Callable[[Any], Any]
_KEYS = ("key", "keys", "keysJson", "eachKey")
_MARK = "\x1frecords\x1f"


class Method(StrEnum):
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


class ExistingRecord(StrEnum):
    """What becomes of a record that the target has already."""

    UPDATE = "update"
    SKIP = "skip"


class WriteCall(msgspec.Struct, frozen=True):
    """One way to write.

    Attributes:
        array: records travel in an array, also a single one.
        frame: what stands before and behind the records in the body.
        id_field: takes the target ID, if the API wants it in the record.
        key_field: takes the record's idempotency key.
    """

    method: str
    endpoint: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    bulk_size: int
    array: bool
    frame: tuple[bytes, bytes]
    id_field: str
    id_is_number: bool
    key_field: str
    results: ResultRules


class Target(msgspec.Struct, frozen=True):
    """Where and how a mapping's records are written.

    Attributes:
        create: for records that are not known at the target; for all where there is no `update`.
        idempotent: writing a record twice leaves one, whatever else happens.
        recreate: a record that the target has no more is created anew instead of failing.
        existing: what becomes of a record that the target has already.
        honours_keys: the API does nothing when it gets an idempotency key a second time.
        gone, exists: answers by which the API says that it has a record no more, or has it already.
    """

    create: WriteCall
    update: WriteCall | None
    lookup: Lookup | None
    delete: WriteCall | None
    idempotent: bool
    recreate: bool
    existing: ExistingRecord
    honours_keys: bool
    gone: Sequence[Sign]
    exists: Sequence[Sign]

    @property
    def finds(self) -> bool:
        """Tell whether records whose ID is not known are looked for before they are written."""
        return self.lookup is not None and (self.update is not None or self.skips)

    @property
    def skips(self) -> bool:
        """Tell whether only what is not there yet is created."""
        return self.existing is ExistingRecord.SKIP


def parse_target(options: Mapping[str, Any]) -> tuple[Target, list[Problem]]:
    """Read a target block; what is wrong with it is told by JSON path."""
    problems: list[Problem] = []
    r = Reader(options, "$.transformation.target", problems)
    update, delete, lookup = r.child("update"), r.child("delete"), r.child("lookup")
    idempotent = r.boolean("idempotent", default=False)
    recreate = update.boolean("recreate", default=False)
    existing = r.choice("existing", ExistingRecord, ExistingRecord.UPDATE)
    honours_keys = r.boolean("honoursKeys", default=False)
    gone, exists = signs_of(r, "gone"), signs_of(r, "exists")
    target = Target(
        create=_operation(r, Method.POST, ("key",)),
        update=None if update.is_absent else _operation(update, Method.PATCH, ("id", "key")),
        lookup=None if lookup.is_absent else parse_lookup(lookup, _query(lookup, _KEYS)),
        delete=None if delete.is_absent else _operation(delete, Method.DELETE, ("id",)),
        idempotent=idempotent,
        recreate=recreate,
        existing=existing,
        honours_keys=honours_keys,
        gone=gone,
        exists=exists,
    )
    _check_whole(r, target)
    return target, problems


def _check_whole(r: Reader, target: Target) -> None:
    """Note what does not go together."""
    if target.lookup is not None and target.update is None and not target.idempotent:
        if not target.skips:
            message = "finds records to update, but `update` does not say how they are updated"
            r.problem("lookup", message)
    elif target.skips and target.update is not None:
        r.problem("existing", "`skip` leaves what is there as it is: leave out `update`, or this")
    if target.skips and target.lookup is None and not target.exists:
        message = "`skip` needs `lookup` or `exists`: how is it told that a record is there?"
        r.problem("existing", message)
    if target.exists and not target.skips:
        r.problem("exists", "tells of records that are there, which `existing: skip` leaves alone")
    several = [o for o in (target.create, target.update) if o and o.bulk_size > 1]
    if target.honours_keys and any(not o.key_field for o in several):
        message = (
            "the key of a bulk is made of its records' keys, and a bulk that is sent again may be "
            "put together differently: give each record its key by `keyField`"
        )
        r.problem("honoursKeys", message)


def _operation(r: Reader, default: Method, placeholders: Sequence[str]) -> WriteCall:
    method = r.choice("method", Method, default)
    bulk_size = whole(r, "bulkSize", 1, 1, LARGEST_BULK)
    where = endpoint(r, "endpoint", required=True, known=placeholders)
    if bulk_size > 1 and "{" in where:
        r.problem("endpoint", "a placeholder stands for one record: leave out bulkSize, or it")
    operation = WriteCall(
        method=method,
        endpoint=where,
        query=_query(r, ()),
        headers=_headers(r),
        bulk_size=bulk_size,
        array=r.boolean("array", default=bulk_size > 1) or bulk_size > 1,
        frame=_frame(r),
        id_field=_field(r, "idField"),
        id_is_number=r.boolean("idIsNumber", default=False),
        key_field=_field(r, "keyField"),
        results=parse_results(r.child("answer"), is_bulk=bulk_size > 1),
    )
    r.refuse_unknown()
    return operation


def _query(r: Reader, placeholders: Sequence[str]) -> list[tuple[str, str]]:
    return query_of(r, r.mapping("parameters"), "parameters", placeholders)


def query_of(
    r: Reader, parameters: Mapping[str, Any], name: str, placeholders: Sequence[str]
) -> list[tuple[str, str]]:
    """Read query parameters: texts, numbers and truths, or lists of them to be repeated."""
    query = []
    for key, value in parameters.items():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, bool):
                query.append((key, str(part).lower()))
            elif isinstance(part, str | int | float):
                check_placeholders(r, f"{name}.{key}", str(part), placeholders)
                query.append((key, str(part)))
            else:
                r.problem(
                    f"{name}.{key}", "must be text, a number, true or false, or a list of them"
                )
    return query


def _headers(r: Reader) -> dict[str, str]:
    headers = {}
    for key, value in r.mapping("headers").items():
        if not HEADER.fullmatch(key) or not isinstance(value, str) or not value.isprintable():
            r.problem(f"headers.{key}", "must be a header's name and text on one line")
        else:
            headers[key] = value
    return headers


def _field(r: Reader, name: str) -> str:
    text = r.text(name)
    if "." in text or "[" in text:
        r.problem(name, "must be a field at the record's top, without dots")
    return text


def _frame(r: Reader) -> tuple[bytes, bytes]:
    """Make what stands around the records: `body` with the records at `bodyPath`."""
    body, where = r.mapping("body"), r.text("bodyPath")
    if not where:
        if body:
            r.problem("bodyPath", "is required beside `body`: where the records go in it")
        return b"", b""
    try:
        keys = [segment.key for segment in parse_path(where)]
    except ValueError as error:
        r.problem("bodyPath", str(error))
        return b"", b""
    if None in keys:
        r.problem("bodyPath", "must lead through objects, such as `data.items`")
        return b"", b""
    before, _, behind = encode(_placed(body, [str(key) for key in keys])).partition(encode(_MARK))
    return before, behind


def _placed(body: Mapping[str, Any], keys: list[str]) -> dict[str, Any]:
    first, *rest = keys
    inner = body.get(first)
    below = _placed(inner if isinstance(inner, dict) else {}, rest) if rest else _MARK
    return {**body, first: below}
