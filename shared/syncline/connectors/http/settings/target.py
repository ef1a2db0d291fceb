"""What a mapping's `transformation.target` block says: the calls by which records are written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from syncline.connectors.http.settings import fields
from syncline.connectors.http.settings.bodies import placed, texts, texts_in
from syncline.connectors.http.settings.graphql import IN_VARIABLES, GraphqlCall
from syncline.connectors.http.settings.lookup import Lookup
from syncline.connectors.settings import ConnectorSettings, Contradictions
from syncline.contracts.messages import encode
from syncline.domain.record import JsonObject

_MARK = "\x1frecords\x1f"
RECORD = "{record}"
_GOOD = ("ok", "success", "succeeded", "created", "updated", "unchanged", "accepted")


class ResultRules(ConnectorSettings):
    """Where an answer tells what became of each record (docs/connectors/http.md)."""

    records: fields.ReadPart | None = None
    id: fields.ReadAt = None
    status: fields.ReadAt = None
    error: fields.ReadAt = None
    good: list[str] = Field([])
    key: fields.ReadAt = None
    key_of: fields.ReadAt = None
    index: fields.ReadAt = None
    missing: Literal["failure", "success"] = "failure"
    required: bool = False
    echo: fields.ReadPart | None = None

    @property
    def is_read(self) -> bool:
        """Tell whether the answer's body must be understood at all."""
        return any((self.records, self.id, self.status, self.error, self.echo))

    @property
    def tells(self) -> bool:
        """Tell whether the mapping says itself where an answer has errors of records."""
        return any((self.records, self.status, self.error))

    @cached_property
    def good_words(self) -> frozenset[str]:
        """Words of `status` that mean success, in lower case."""
        return frozenset(_GOOD) | {word.lower() for word in self.good}

    def contradictions(self) -> Contradictions:
        if self.key and self.index:
            yield "index", "results are matched by `key` or by `index`, not by both"
        if self.required and self.id is None:
            yield "id", "is required where `required` says that an answer must hold it"


def _top_field(name: str) -> str:
    if "." in name or "[" in name:
        raise ValueError("must be a field at the record's top, without dots")
    return name


Method: TypeAlias = Literal["POST", "PUT", "PATCH", "DELETE"]
TopField = Annotated[str, AfterValidator(_top_field)]


class WriteCall(GraphqlCall):
    """One way to write (docs/connectors/http.md); records of a bulk travel in an array."""

    method: Method = "POST"
    endpoint: Annotated[str, fields.endpoint_with("key")]
    parameters: Annotated[fields.Query, fields.query_with()] = ()
    headers: Annotated[Mapping[str, str], fields.headers_without()] = {}
    bulk_size: fields.Whole = Field(1, ge=1, le=1000)
    array: bool = False
    body: JsonObject = Field({})
    body_path: fields.PathTo = ()
    envelope: JsonObject = Field({})
    id_field: TopField = ""
    id_is_number: bool = False
    key_field: TopField = ""
    answer: ResultRules = ResultRules()

    placeholders: ClassVar[tuple[str, ...]] = ("key", "record", "records", "idempotencyKey")

    @cached_property
    def frame(self) -> tuple[bytes, bytes]:
        """What stands before and behind the records in the body."""
        if not self.body_path:
            return b"", b""
        keys = [str(segment.key) for segment in self.body_path]
        before, _, behind = encode(placed(self.body, keys, _MARK)).partition(encode(_MARK))
        return before, behind

    @property
    def takes_key(self) -> bool:
        """Tell whether a write's idempotency key goes into the body."""
        return bool(self.key_field) or self.holds("{idempotencyKey}")

    def is_of_one(self, placeholder: str) -> bool:
        """Tell whether {id} or {key} of one record stands in the endpoint or the variables."""
        return placeholder in self.endpoint or self.holds(placeholder)

    def contradictions(self) -> Contradictions:
        yield from self.graphql_problems(*self.placeholders)
        yield from self._graphql_contradictions()
        yield from self._envelope_contradictions()
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

    def _envelope_contradictions(self) -> Contradictions:
        if not self.envelope:
            return
        if RECORD not in texts(self.envelope):
            yield "envelope", f"must hold {RECORD}: a text that is this alone becomes the record"
        try:
            fields.check_placeholders(texts_in(self.envelope), ("key", "record", "idempotencyKey"))
        except ValueError as error:
            yield "envelope", str(error)
        if self.answer.echo:
            yield "answer.echo", "is of records that are sent as they are, without `envelope`"

    def _graphql_contradictions(self) -> Contradictions:
        if self.query is None:
            return
        for name, given in (("bodyPath", self.body_path), ("parameters", self.parameters)):
            if given:
                yield name, IN_VARIABLES
        if self.method != "POST":
            yield "method", "must be POST for a GraphQL query"
        if isinstance(self, Deletion):
            return
        wanted = "{records}" if self.bulk_size > 1 else "{record}"
        if not self.holds(wanted) and not (self.bulk_size == 1 and self.holds("{records}")):
            yield "variables", f"must hold {wanted}: a text that is this alone becomes what is sent"
        if self.bulk_size > 1 and (self.holds("{id}") or self.holds("{key}")):
            yield "variables", "{id} and {key} stand for one record: leave out bulkSize, or it"


def _posted(given: object) -> object:
    """GraphQL is sent by POST, whatever another call of this kind is sent by."""
    is_graphql = isinstance(given, Mapping) and given.get("query") and "method" not in given
    return {**given, "method": "POST"} if is_graphql and isinstance(given, Mapping) else given


class SecondCall(WriteCall):
    """A further call for each record, which takes its ID and sends one of its fields."""

    placeholders: ClassVar[tuple[str, ...]] = ("key", "record", "idempotencyKey", "id")
    endpoint: Annotated[str, fields.endpoint_with("id", "key")]
    field: Annotated[TopField, Field(min_length=1)]

    def contradictions(self) -> Contradictions:
        yield from super().contradictions()
        if not self.is_of_one("{id}") and not self.id_field:
            yield "variables" if self.query else "endpoint", "must hold {id}, or say `idField`"
        given = {
            "bulkSize": self.bulk_size > 1,
            "keyField": self.key_field,
            "answer.records": self.answer.records,
            "answer.echo": self.answer.echo,
        }
        for name in (name for name, value in given.items() if value):
            yield name, "is not for a call that sends one field of one record: leave it out"


class FirstSecondCall(SecondCall):
    """The second call of a creation; `present` shows in a found record that it was made."""

    present: fields.ReadRequired


class Update(WriteCall):
    """How records that are there are changed, or created anew where they are gone."""

    placeholders: ClassVar[tuple[str, ...]] = (*WriteCall.placeholders, "id")
    method: Method = "PATCH"
    endpoint: Annotated[str, fields.endpoint_with("id", "key")]
    recreate: bool = False
    then: SecondCall | None = None


class Deletion(WriteCall):
    """How records are deleted."""

    placeholders: ClassVar[tuple[str, ...]] = ("id",)
    method: Method = "DELETE"
    endpoint: Annotated[str, fields.endpoint_with("id")]


class HttpTarget(WriteCall):
    """Where and how records are written; itself it says how they are created."""

    update: Annotated[Update | None, BeforeValidator(_posted)] = None
    lookup: Lookup | None = None
    then: FirstSecondCall | None = None
    delete: Annotated[Deletion | None, BeforeValidator(_posted)] = None
    idempotent: bool = False
    existing: Literal["update", "skip"] = "update"
    honours_keys: bool = False
    gone: list[fields.Sign] = Field([])
    exists: list[fields.Sign] = Field([])
    parent_missing: list[fields.Sign] = Field([])

    @property
    def finds(self) -> bool:
        """Tell whether records whose ID is not known are looked for before they are written."""
        return self.lookup is not None and (self.update is not None or self.skips)

    @property
    def skips(self) -> bool:
        """Tell whether only what is not there yet is created."""
        return self.existing == "skip"

    def contradictions(self) -> Contradictions:
        yield from super().contradictions()
        yield from self._second_contradictions()
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

    def _second_contradictions(self) -> Contradictions:
        update = self.update.then if self.update else None
        if self.then is None:
            if update is not None:
                yield "then", "is required beside `update.then`: what follows a creation"
            return
        if self.lookup is None:
            yield "lookup", "is required by `then`: it tells which of both calls were made"
        if self.update is None:
            yield "update", "is required by `then`: a record may be there without its second call"
        if update is not None and update.field != self.then.field:
            yield "update.then.field", f"must be the field of `then`, {self.then.field}"
        if self.answer.id is None:
            yield "answer.id", "is required by `then`, which takes the ID of the created record"
        if self.idempotent:
            yield "idempotent", "does not go with `then`: two calls leave half a record in between"
