"""A mapping's `target.lookup` block as typed values: how records are found by their match key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from syncline.connectors.http.settings.profile import check_placeholders, endpoint, path, whole
from syncline.connectors.http.settings.signs import Sign, signs_of
from syncline.domain.mapping.paths import parse_path
from syncline.domain.mapping.reading import Reader

Read = Callable[[Any], Any]
MANY = ("{keys}", "{keysJson}", "{eachKey}")
LARGEST = 1000


class LookupMethod(StrEnum):
    """How a look-up is sent."""

    GET = "GET"
    POST = "POST"


class Lookup(msgspec.Struct, frozen=True):
    """How records are found, `size` of them in a call.

    Attributes:
        body: of a POST; a text that is `{keys}` and nothing else becomes the array of keys.
        records: the found ones in an answer; `records_name` is where the path begins.
        key, id: in a found record; without `key` the mapping's match key is looked for.
        stored: in a found record, what was stored, to be compared with a payload.
        total: how many there are, of which an answer may hold the first ones alone.
        ignore_case: whether keys that differ in case and outer blanks alone name one record; None
            where nobody said so.
        complete: an answer holds every match, whatever else it holds.
        absent: answers by which the API says that it has none.
    """

    method: LookupMethod
    endpoint: str
    query: Sequence[tuple[str, str]]
    body: object
    records: Read | None
    records_name: str | None
    key: Read | None
    id: Read
    stored: Read
    total: Read | None
    size: int
    separator: str
    ignore_case: bool | None
    complete: bool
    absent: Sequence[Sign]

    def has(self, placeholder: str) -> bool:
        """Tell whether a placeholder stands in the query or the body."""
        return any(placeholder in value for _, value in self.query) or placeholder in _texts(
            self.body
        )


def parse_lookup(r: Reader, query: Sequence[tuple[str, str]]) -> Lookup:
    """Read the block.

    Args:
        query: its `parameters`, read.
    """
    method = r.choice("method", LookupMethod, LookupMethod.GET)
    body = r.mapping("body")
    if body and method is LookupMethod.GET:
        r.problem("body", "is sent with `method: POST` alone")
    check_placeholders(r, "body", _texts(body), ("key", "keys", "keysJson"))
    where = endpoint(r, "endpoint", required=True, known=("key",))
    sent = " ".join([*(value for _, value in query), _texts(body)])
    many = any(placeholder in sent for placeholder in MANY)
    if many == ("{key}" in where or "{key}" in sent):
        message = (
            "must hold {key} (one record a call), or {keys}, {keysJson} or {eachKey} (many): one "
            "of them"
        )
        r.problem("parameters", message)
    id_ = path(r, "id")
    if id_ is None:
        r.problem("id", "is required: where a found record holds its ID")
    key = path(r, "key")
    if many and key is None:
        r.problem("key", "is required with many keys: where a found record holds its match key")
    lookup = Lookup(
        method=method,
        endpoint=where,
        query=query,
        body=body,
        records=part(r, "records"),
        records_name=_first_name(r.text("records")),
        key=key,
        id=id_ or (lambda _record: None),
        stored=part(r, "stored") or (lambda record: record),
        total=path(r, "total"),
        size=whole(r, "size", 100, 1, LARGEST) if many else 1,
        separator=r.text("separator") or ",",
        ignore_case=r.boolean("ignoreCase", default=False) if r.has("ignoreCase") else None,
        complete=r.boolean("complete", default=False),
        absent=signs_of(r, "absent"),
    )
    r.refuse_unknown()
    return lookup


def part(r: Reader, name: str) -> Read | None:
    """Read a path whose `""` stands for the whole."""
    return (lambda whole: whole) if r.anything(name) == "" else path(r, name)


def filled_body(body: object, key: str, keys: Sequence[str], separator: str) -> object:
    """Fill a body's placeholders."""
    if isinstance(body, dict):
        return {n: filled_body(v, key, keys, separator) for n, v in body.items()}
    if isinstance(body, list):
        return [filled_body(v, key, keys, separator) for v in body]
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


def _first_name(text: str) -> str | None:
    try:
        return parse_path(text)[0].key if text else None
    except ValueError:  # no path; the check of the mapping names it
        return None
