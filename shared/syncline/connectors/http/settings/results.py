"""What a target's `answer` block says: where an answer tells what became of each record."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import Field

from syncline.connectors.http.settings.fields import CHOICE, ReadAt, ReadPart
from syncline.connectors.settings import Contradictions, Settings

_GOOD = ("ok", "success", "succeeded", "created", "updated", "unchanged", "accepted")


class MissingResult(StrEnum):
    """What it means that a bulk's answer has nothing for a record."""

    FAILURE = "failure"
    SUCCESS = "success"


class ResultRules(Settings):
    """Where an answer tells what became of each record.

    Attributes:
        records: the array of results in a bulk's answer; None where it has none.
        id, status, error: in a result, or in the answer to a single record.
        good: more words of `status` that mean success; 2xx and true do anyway.
        key, key_of: a result belongs to the record whose `key_of` is the result's `key`.
        index: in a result, its record's place in the bulk, from 0.
        required: an answer to a single record must hold the ID.
        echo: the record as the target stored it; a field that is not in there was dropped.
    """

    records: ReadPart | None = None
    id: ReadAt = None
    status: ReadAt = None
    error: ReadAt = None
    good: list[str] = Field([])
    key: ReadAt = None
    key_of: ReadAt = None
    index: ReadAt = None
    missing: Annotated[MissingResult, CHOICE] = MissingResult.FAILURE
    required: bool = False
    echo: ReadPart | None = None

    @property
    def is_read(self) -> bool:
        """Tell whether the answer's body must be understood at all."""
        return any((self.records, self.id, self.status, self.error, self.echo))

    @cached_property
    def good_words(self) -> frozenset[str]:
        """Words of `status` that mean success, in lower case."""
        return frozenset(_GOOD) | {word.lower() for word in self.good}

    def contradictions(self) -> Contradictions:
        if self.key and self.index:
            yield "index", "results are matched by `key` or by `index`, not by both"
        if self.required and self.id is None:
            yield "id", "is required where `required` says that an answer must hold it"
