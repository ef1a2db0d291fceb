"""A mapping's `transformation.target` block as typed values, read from a person's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from syncline.connectors.http.settings import (
    HEADER,
    check_placeholders,
    endpoint,
    path,
    whole,
)
from syncline.contracts.messages import encode
from syncline.domain.errors import Problem
from syncline.domain.mapping.paths import parse_path
from syncline.domain.mapping.reading import Reader

Read = Callable[[Any], Any]
LARGEST_BULK = 1000
_MARK = "\x1frecords\x1f"
_GOOD = ("ok", "success", "succeeded", "created", "updated", "unchanged", "accepted")


class Method(StrEnum):
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


class Missing(StrEnum):
    """What it means that a bulk's answer has nothing for a record."""

    FAILURE = "failure"
    SUCCESS = "success"


class Results(msgspec.Struct, frozen=True):
    """Where an answer tells what became of each record.

    Attributes:
        records: the array of results in a bulk's answer; None where it has none.
        id, status, error: in a result, or in the answer to a single record.
        good: words of `status` that mean success, in lower case; 2xx and true do anyway.
        key, key_of: a result belongs to the record whose `key_of` is the result's `key`.
        index: in a result, its record's place in the bulk, from 0.
        required: an answer to a single record must hold the ID.
        echo: the record as the target stored it; a field that is not in there was dropped.
    """

    records: Read | None = None
    id: Read | None = None
    status: Read | None = None
    error: Read | None = None
    good: frozenset[str] = frozenset(_GOOD)
    key: Read | None = None
    key_of: Read | None = None
    index: Read | None = None
    missing: Missing = Missing.FAILURE
    required: bool = False
    echo: Read | None = None

    @property
    def is_read(self) -> bool:
        """Tell whether the answer's body must be understood at all."""
        return any((self.records, self.id, self.status, self.error, self.echo))


class Operation(msgspec.Struct, frozen=True):
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
    results: Results


class Lookup(msgspec.Struct, frozen=True):
    """How records are found by the match key, `size` of them in a call."""

    endpoint: str
    query: Sequence[tuple[str, str]]
    records: Read | None
    key: Read | None
    id: Read
    size: int
    separator: str


class Target(msgspec.Struct, frozen=True):
    """Where and how a mapping's records are written.

    Attributes:
        create: for records that are not known at the target; for all where there is no `update`.
        idempotent: writing a record twice leaves one, whatever else happens.
        recreate: a record that the target has no more is created anew instead of failing.
    """

    create: Operation
    update: Operation | None
    lookup: Lookup | None
    delete: Operation | None
    idempotent: bool
    recreate: bool


def parse_target(options: Mapping[str, Any]) -> tuple[Target, list[Problem]]:
    """Read a target block; what is wrong with it is told by JSON path."""
    problems: list[Problem] = []
    r = Reader(options, "$.transformation.target", problems)
    update, delete, lookup = r.child("update"), r.child("delete"), r.child("lookup")
    idempotent = r.boolean("idempotent", default=False)
    recreate = update.boolean("recreate", default=False)
    target = Target(
        create=_operation(r, Method.POST, ("key",)),
        update=None if update.is_absent else _operation(update, Method.PATCH, ("id", "key")),
        lookup=None if lookup.is_absent else _lookup(lookup),
        delete=None if delete.is_absent else _operation(delete, Method.DELETE, ("id",)),
        idempotent=idempotent,
        recreate=recreate,
    )
    if target.lookup is not None and target.update is None and not idempotent:
        message = "finds records to update, but `update` does not say how they are updated"
        r.problem("lookup", message)
    return target, problems


def _operation(r: Reader, default: Method, placeholders: Sequence[str]) -> Operation:
    method = r.choice("method", Method, default)
    bulk_size = whole(r, "bulkSize", 1, 1, LARGEST_BULK)
    where = endpoint(r, "endpoint", required=True, known=placeholders)
    if bulk_size > 1 and "{" in where:
        r.problem("endpoint", "a placeholder stands for one record: leave out bulkSize, or it")
    operation = Operation(
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
        results=_results(r.child("answer"), is_bulk=bulk_size > 1),
    )
    r.refuse_unknown()
    return operation


def _results(r: Reader, *, is_bulk: bool) -> Results:
    records = _part(r, "records")
    good = frozenset(_GOOD) | {word.lower() for word in r.texts("good")}
    results = Results(
        records=records,
        id=path(r, "id"),
        status=path(r, "status"),
        error=path(r, "error"),
        good=good,
        key=path(r, "key"),
        key_of=path(r, "keyOf"),
        index=path(r, "index"),
        missing=r.choice("missing", Missing, Missing.FAILURE),
        required=r.boolean("required", default=False),
        echo=_part(r, "echo"),
    )
    if is_bulk and records is None and (results.id or results.status or results.error):
        r.problem(
            "records", 'is required for bulks: the array of results, `""` for the answer itself'
        )
    if results.key and results.index:
        r.problem("index", "results are matched by `key` or by `index`, not by both")
    if results.required and results.id is None:
        r.problem("id", "is required where `required` says that an answer must hold it")
    r.refuse_unknown()
    return results


def _lookup(r: Reader) -> Lookup:
    query = _query(r, ("key", "keys", "keysJson"))
    where = endpoint(r, "endpoint", required=True, known=("key",))
    many = any("{keys" in value for _, value in query)
    one = "{key}" in where or any("{key}" in value for _, value in query)
    if many == one:
        message = "must hold {key} (one record a call), or {keys} or {keysJson} (many): one of them"
        r.problem("parameters", message)
    id_ = path(r, "id")
    if id_ is None:
        r.problem("id", "is required: where a found record holds its ID")
    key = path(r, "key")
    if many and key is None:
        r.problem("key", "is required with {keys}: where a found record holds its match key")
    lookup = Lookup(
        endpoint=where,
        query=query,
        records=_part(r, "records"),
        key=key,
        id=id_ or (lambda _record: None),
        size=whole(r, "size", 100, 1, LARGEST_BULK) if many else 1,
        separator=r.text("separator") or ",",
    )
    r.refuse_unknown()
    return lookup


def _part(r: Reader, name: str) -> Read | None:
    """Read a path whose `""` stands for the whole."""
    return (lambda whole: whole) if r.anything(name) == "" else path(r, name)


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
