"""What a target's `lookup` block says: how records are found by their match key."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from pydantic import Field

from syncline.connectors.http.settings.fields import (
    CHOICE,
    Query,
    ReadAt,
    ReadPart,
    ReadRequired,
    RecordsAt,
    RecordsPath,
    Separator,
    Sign,
    Whole,
    check_placeholders,
    endpoint_with,
    query_with,
    whole,
)
from syncline.connectors.settings import Contradictions, Settings
from syncline.domain.record import JsonObject

MANY = ("{keys}", "{keysJson}", "{eachKey}")


class LookupMethod(StrEnum):
    """How a look-up is sent."""

    GET = "GET"
    POST = "POST"


class Lookup(Settings):
    """How records are found, `keys_per_call` of them in a call.

    Attributes:
        body: of a POST; a text that is `{keys}` and nothing else becomes the array of keys.
        records: the found ones in an answer.
        key, id: in a found record; without `key` the mapping's match key is looked for.
        stored: in a found record, what was stored, to be compared with a payload.
        total: how many there are, of which an answer may hold the first ones alone.
        ignore_case: whether keys that differ in case and outer blanks alone name one record; None
            where nobody said so.
        complete: an answer holds every match, whatever else it holds.
        absent: answers by which the API says that it has none.
    """

    method: Annotated[LookupMethod, CHOICE] = LookupMethod.GET
    endpoint: Annotated[str, endpoint_with("key")]
    parameters: Annotated[Query, query_with("key", "keys", "keysJson", "eachKey")] = ()
    body: JsonObject = Field({})
    records: RecordsAt = RecordsPath()
    key: ReadAt = None
    id: ReadRequired
    stored: ReadPart = whole
    total: ReadAt = None
    size: Whole = Field(100, ge=1, le=1000)
    separator: Separator = ","
    ignore_case: bool | None = None
    complete: bool = False
    absent: list[Sign] = Field([])

    @property
    def keys_per_call(self) -> int:
        """How many keys one call asks for."""
        return self.size if any(map(self.has, MANY)) else 1

    def has(self, placeholder: str) -> bool:
        """Tell whether a placeholder stands in the query or the body."""
        return any(placeholder in value for _, value in self.parameters) or placeholder in _texts(
            self.body
        )

    def contradictions(self) -> Contradictions:
        if self.body and self.method is LookupMethod.GET:
            yield "body", "is sent with `method: POST` alone"
        try:
            check_placeholders(_texts(self.body), ("key", "keys", "keysJson"))
        except ValueError as error:
            yield "body", str(error)
        many = any(map(self.has, MANY))
        if many == ("{key}" in self.endpoint or self.has("{key}")):
            message = (
                "must hold {key} (one record a call), or {keys}, {keysJson} or {eachKey} (many): "
                "one of them"
            )
            yield "parameters", message
        if many and self.key is None:
            yield "key", "is required with many keys: where a found record holds its match key"
        if not many and "size" in self.model_fields_set:
            yield "size", "is for calls that ask for many keys: leave it out"


def fill_body(body: object, key: str, keys: Sequence[str], separator: str) -> object:
    """Fill a body's placeholders."""
    if isinstance(body, dict):
        return {n: fill_body(v, key, keys, separator) for n, v in body.items()}
    if isinstance(body, list):
        return [fill_body(v, key, keys, separator) for v in body]
    if not isinstance(body, str):
        return body
    return list(keys) if body == "{keys}" else _filled_text(body, key, keys, separator)


def _filled_text(text: str, key: str, keys: Sequence[str], separator: str) -> str:
    if "{keysJson}" in text:
        return text.replace("{keysJson}", msgspec.json.encode(list(keys)).decode())
    if "{keys}" in text:
        return text.replace("{keys}", separator.join(keys))
    return text.replace("{key}", key)


def _texts(body: object) -> str:
    """Return all texts of a body as one."""
    if isinstance(body, dict):
        return " ".join(map(_texts, body.values()))
    if isinstance(body, list):
        return " ".join(map(_texts, body))
    return body if isinstance(body, str) else ""
