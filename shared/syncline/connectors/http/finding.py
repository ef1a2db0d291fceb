"""Finding records at the target by their match key."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.connectors.http.answers import key_text
from syncline.connectors.http.calling import Api, address, filled, placed
from syncline.connectors.http.target import Lookup
from syncline.connectors.port import ConnectorError
from syncline.domain.errors import Category, Failure


class Found(msgspec.Struct):
    """A record that the target has, or why it cannot be told which."""

    id: str
    failure: Failure | None = None


async def find(api: Api, lookup: Lookup, keys: Sequence[str]) -> dict[str, Found]:
    """Return what the target has, by match key. Raises what reading raises."""
    found: dict[str, Found] = {}
    wanted = list(dict.fromkeys(key for key in keys if key))
    if any("{keys}" in value for _, value in lookup.query):
        found = {k: _unsearchable(k, lookup) for k in wanted if lookup.separator in k}
        wanted = [key for key in wanted if key not in found]
    for start in range(0, len(wanted), lookup.size):
        part = wanted[start : start + lookup.size]
        for record in await _records(api, lookup, part):
            key = key_text(lookup.key(record)) if lookup.key else part[0]
            value = lookup.id(record)
            if value is not None and key in part:
                _add(found, key, key_text(value))
    return found


async def _records(api: Api, lookup: Lookup, keys: Sequence[str]) -> list[object]:
    values = {
        "{key}": keys[0],
        "{keys}": lookup.separator.join(keys),
        "{keysJson}": msgspec.json.encode(list(keys)).decode(),
    }
    query = [(name, placed(value, values)) for name, value in lookup.query]
    endpoint = filled(lookup.endpoint, {"key": keys[0]})
    try:
        document = await api.document(address(api.settings.base_url, endpoint, query))
    except ConnectorError as error:
        if error.failure.code == "not_found" and "{key}" in lookup.endpoint:
            return []
        raise
    records = lookup.records(document) if lookup.records else document
    return records if isinstance(records, list) else [] if records is None else [records]


def _add(found: dict[str, Found], key: str, target_id: str) -> None:
    before = found.get(key)
    if before is None:
        found[key] = Found(target_id)
    elif before.id != target_id:
        message = (
            f"the target has more than one record with the match key {key!r}, "
            f"such as {before.id} and {target_id}: leave one there"
        )
        before.failure = Failure(Category.PERMANENT, "match_not_unique", message)


def _unsearchable(key: str, lookup: Lookup) -> Found:
    message = (
        f"the match key {key!r} holds {lookup.separator!r}, which separates keys in the lookup: "
        "use {keysJson}, {key} or another separator"
    )
    return Found("", Failure(Category.PERMANENT, "key_not_searchable", message))
