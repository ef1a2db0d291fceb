"""What a mapping's `transformation.target` block says: the calls by which records are written."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from syncline.connectors.http.settings.fields import (
    CHOICE,
    PathTo,
    Query,
    Sign,
    Whole,
    endpoint_with,
    headers_without,
    query_with,
)
from syncline.connectors.http.settings.lookup import Lookup
from syncline.connectors.http.settings.results import ResultRules
from syncline.connectors.settings import Contradictions, Settings
from syncline.contracts.messages import encode
from syncline.domain.record import JsonObject

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


def _top_field(name: str) -> str:
    if "." in name or "[" in name:
        raise ValueError("must be a field at the record's top, without dots")
    return name


TopField = Annotated[str, AfterValidator(_top_field)]


class WriteCall(Settings):
    """One way to write.

    Attributes:
        bulk_size: records of one call.
        array: records travel in an array, also a single one.
        body, body_path: what stands around the records, and where they go in it.
        id_field: takes the target ID, if the API wants it in the record.
        key_field: takes the record's idempotency key.
        answer: where it tells what became of each record.
    """

    method: Annotated[Method, CHOICE] = Method.POST
    endpoint: Annotated[str, endpoint_with("key")]
    parameters: Annotated[Query, query_with()] = ()
    headers: Annotated[Mapping[str, str], headers_without()] = {}
    bulk_size: Whole = Field(1, ge=1, le=1000)
    array: bool = False
    body: JsonObject = Field({})
    body_path: PathTo = ()
    id_field: TopField = ""
    id_is_number: bool = False
    key_field: TopField = ""
    answer: ResultRules = ResultRules()

    @property
    def in_array(self) -> bool:
        """Tell whether records travel in an array."""
        return self.array or self.bulk_size > 1

    @cached_property
    def frame(self) -> tuple[bytes, bytes]:
        """What stands before and behind the records in the body."""
        if not self.body_path:
            return b"", b""
        keys = [str(segment.key) for segment in self.body_path]
        before, _, behind = encode(_placed(self.body, keys)).partition(encode(_MARK))
        return before, behind

    def contradictions(self) -> Contradictions:
        if self.bulk_size > 1 and "{" in self.endpoint:
            yield "endpoint", "a placeholder stands for one record: leave out bulkSize, or it"
        if self.body and not self.body_path:
            yield "bodyPath", "is required beside `body`: where the records go in it"
        if any(segment.key is None for segment in self.body_path):
            yield "bodyPath", "must lead through objects, such as `data.items`"
        answer = self.answer
        tells = answer.id or answer.status or answer.error
        if self.bulk_size > 1 and answer.records is None and tells:
            message = 'is required for bulks: the array of results, `""` for the answer itself'
            yield "answer.records", message


def _placed(body: Mapping[str, Any], keys: list[str]) -> JsonObject:
    first, *rest = keys
    inner = body.get(first)
    below = _placed(inner if isinstance(inner, dict) else {}, rest) if rest else _MARK
    return {**body, first: below}


class Update(WriteCall):
    """How records that are there are changed.

    Attributes:
        recreate: a record that the target has no more is created anew instead of failing.
    """

    method: Annotated[Method, CHOICE] = Method.PATCH
    endpoint: Annotated[str, endpoint_with("id", "key")]
    recreate: bool = False


class Deletion(WriteCall):
    """How records are deleted."""

    method: Annotated[Method, CHOICE] = Method.DELETE
    endpoint: Annotated[str, endpoint_with("id")]


class Target(WriteCall):
    """Where and how a mapping's records are written; itself it says how they are created.

    Attributes:
        update: how they are changed; without it all records are created.
        idempotent: writing a record twice leaves one, whatever else happens.
        existing: what becomes of a record that the target has already.
        honours_keys: the API does nothing when it gets an idempotency key a second time.
        gone, exists: answers by which the API says that it has a record no more, or has it already.
    """

    update: Update | None = None
    lookup: Lookup | None = None
    delete: Deletion | None = None
    idempotent: bool = False
    existing: Annotated[ExistingRecord, CHOICE] = ExistingRecord.UPDATE
    honours_keys: bool = False
    gone: list[Sign] = Field([])
    exists: list[Sign] = Field([])

    @property
    def finds(self) -> bool:
        """Tell whether records whose ID is not known are looked for before they are written."""
        return self.lookup is not None and (self.update is not None or self.skips)

    @property
    def skips(self) -> bool:
        """Tell whether only what is not there yet is created."""
        return self.existing is ExistingRecord.SKIP

    def contradictions(self) -> Contradictions:
        yield from super().contradictions()
        if self.lookup and not self.update and not self.idempotent and not self.skips:
            yield (
                "lookup",
                "finds records to update, but `update` does not say how they are updated",
            )
        if self.skips and self.update:
            yield "existing", "`skip` leaves what is there as it is: leave out `update`, or this"
        if self.skips and not self.lookup and not self.exists:
            message = "`skip` needs `lookup` or `exists`: how is it told that a record is there?"
            yield "existing", message
        if self.exists and not self.skips:
            message = "tells of records that are there, which `existing: skip` leaves alone"
            yield "exists", message
        bulks = [call for call in (self, self.update) if call and call.bulk_size > 1]
        if self.honours_keys and not all(call.key_field for call in bulks):
            message = (
                "the key of a bulk is made of its records' keys, and a bulk that is sent again may "
                "be put together differently: give each record its key by `keyField`"
            )
            yield "honoursKeys", message
