"""A mapping's `answer` block as typed values: where an answer tells what became of each record."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from syncline.connectors.http.settings.lookup import part
from syncline.connectors.http.settings.profile import path
from syncline.domain.mapping.reading import Reader

Read = Callable[[Any], Any]
_GOOD = ("ok", "success", "succeeded", "created", "updated", "unchanged", "accepted")


class MissingResult(StrEnum):
    """What it means that a bulk's answer has nothing for a record."""

    FAILURE = "failure"
    SUCCESS = "success"


class ResultRules(msgspec.Struct, frozen=True):
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
    missing: MissingResult = MissingResult.FAILURE
    required: bool = False
    echo: Read | None = None

    @property
    def is_read(self) -> bool:
        """Tell whether the answer's body must be understood at all."""
        return any((self.records, self.id, self.status, self.error, self.echo))


def parse_results(r: Reader, *, is_bulk: bool) -> ResultRules:
    """Read the block."""
    records = part(r, "records")
    good = frozenset(_GOOD) | {word.lower() for word in r.texts("good")}
    results = ResultRules(
        records=records,
        id=path(r, "id"),
        status=path(r, "status"),
        error=path(r, "error"),
        good=good,
        key=path(r, "key"),
        key_of=path(r, "keyOf"),
        index=path(r, "index"),
        missing=r.choice("missing", MissingResult, MissingResult.FAILURE),
        required=r.boolean("required", default=False),
        echo=part(r, "echo"),
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
