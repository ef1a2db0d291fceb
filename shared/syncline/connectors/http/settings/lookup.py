"""What a mapping's target block says of finding records by their match key."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from syncline.connectors.http.settings import fields
from syncline.connectors.http.settings.bodies import texts_in
from syncline.connectors.http.settings.graphql import IN_VARIABLES, GraphqlCall
from syncline.connectors.settings import Contradictions
from syncline.domain.record import JsonObject

_MANY = ("{keys}", "{keysJson}", "{eachKey}")


class Lookup(GraphqlCall):
    """How records are found, `keys_per_call` of them in a call (docs/connectors/http.md)."""

    method: Literal["GET", "POST"] = "GET"
    endpoint: Annotated[str, fields.endpoint_with("key")]
    parameters: Annotated[
        fields.Query, fields.query_with("key", "keys", "keysJson", "eachKey")
    ] = ()
    body: JsonObject = Field({})
    records: fields.RecordsAt = fields.RecordsPath()
    key: fields.ReadAt = None
    id: fields.ReadRequired
    stored: fields.ReadPart = fields.whole
    total: fields.ReadAt = None
    size: fields.Whole = Field(100, ge=1, le=1000)
    separator: fields.Separator = ","
    double_quotes: bool = False
    ignore_case: bool | None = None
    complete: bool = False
    visible_after: float = Field(5.0, ge=0, le=3600)
    absent: list[fields.Sign] = Field([])

    @property
    def keys_per_call(self) -> int:
        """How many keys one call asks for."""
        return self.size if any(map(self.has, _MANY)) else 1

    def has(self, placeholder: str) -> bool:
        """Tell whether a placeholder stands in the query, the body or the variables."""
        return (
            any(placeholder in value for _, value in self.parameters)
            or placeholder in texts_in(self.body)
            or self.holds(placeholder)
        )

    def contradictions(self) -> Contradictions:
        yield from self.graphql_problems("key", "keys", "keysJson", kind="query")
        if self.query is not None and (self.body or self.parameters):
            yield "body" if self.body else "parameters", IN_VARIABLES
        if self.body and self.method == "GET":
            yield "body", "is sent with `method: POST` alone"
        try:
            fields.check_placeholders(texts_in(self.body), ("key", "keys", "keysJson"))
        except ValueError as error:
            yield "body", str(error)
        many = any(map(self.has, _MANY))
        if many == ("{key}" in self.endpoint or self.has("{key}")):
            message = (
                "must hold {key} (one record a call), or {keys}, {keysJson} or {eachKey} (many): "
                "one of them"
            )
            yield "parameters" if self.query is None else "variables", message
        if many and self.key is None:
            yield "key", "is required with many keys: where a found record holds its match key"
        if not many and "size" in self.model_fields_set:
            yield "size", "is for calls that ask for many keys: leave it out"
