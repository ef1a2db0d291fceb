"""Match keys as texts: what names a row at a target that has no IDs of its own.

A key of one column is its value; a key of several is a JSON array of theirs, which says what it
was made of: `["4711","eu"]`.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from decimal import Decimal

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.port import WriteBatch, WriteResult
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.paths import column_name
from syncline.domain.mapping.values.converters import plain_text
from syncline.domain.record import Record

_NONE = (type(None), dict, list)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[str]).decode
_decode_records = msgspec.json.Decoder(list[Record], float_hook=Decimal).decode


def key_columns(
    system: str, key: Sequence[str], table: str, columns: Collection[str]
) -> tuple[str, ...]:
    """Return the columns that a match key names. Raises ConnectorError where there are none."""
    if not key:
        raise refusal("no_match_key", f"the mapping has no matchKey: {system} needs one")
    named = tuple(map(column_name, key))
    for column in named:
        if column not in columns:
            has = ", ".join(columns)
            message = f"matchKey {column!r} is no column of table {table}; it has: {has}"
            raise refusal("unknown_match_key", message)
    return named


def fitting_keys(keys: Sequence[Sequence[str]]) -> str:
    """Say which match keys a table is keyed by."""
    written = (names[0] if len(names) == 1 else f"[{', '.join(names)}]" for names in keys)
    fits = " or ".join(f"matchKey: {key}" for key in written)
    return f"it is keyed otherwise: {fits} would fit"


def key_parts(record: Mapping[str, object], columns: Sequence[str]) -> tuple[str, ...] | None:
    """Return a record's key, a text for each column; None where a part is no text or number."""
    parts = [record.get(column) for column in columns]
    if any(isinstance(part, _NONE) for part in parts):
        return None
    return tuple(map(plain_text, parts))


def to_target_id(parts: Sequence[str]) -> str:
    """Return a key as a target ID."""
    return parts[0] if len(parts) == 1 else _encode(list(parts)).decode()


def of_target_id(text: str, count: int) -> tuple[str, ...] | None:
    """Return the parts of a target ID; None where it is not made of so many."""
    if count == 1:
        return (text,)
    try:
        parts = _decode(text)
    except msgspec.DecodeError:  # not made of parts, as the caller hears
        return None
    return tuple(parts) if len(parts) == count else None


class KeyedRecords(msgspec.Struct, frozen=True):
    """A bulk's records with their keys, and those as target IDs, for columns; parallel lists."""

    columns: Sequence[str]
    records: list[Record]
    keys: list[tuple[str, ...] | None]
    ids: list[str | None]

    def keyless(self) -> dict[int, Failure]:
        """Fail records without a key."""
        failures: dict[int, Failure] = {}
        for place in [place for place, key in enumerate(self.keys) if key is None]:
            column = next(c for c in self.columns if key_parts(self.records[place], (c,)) is None)
            message = f"the key {column!r} must be a text or a number; it is empty or an object"
            failures[place] = Failure(Category.PERMANENT, "invalid_key", message, field=column)
        return failures

    def result(self, failures: dict[int, Failure], claimed: Claims) -> WriteResult:
        """Return what became of the bulk; an older version of a record fails with its newest."""
        for place, newest in claimed.older.items():
            if newest in failures:
                failures[place] = failures[newest]
        ids = [None if place in failures else key for place, key in enumerate(self.ids)]
        return WriteResult(ids, failures)


def keyed(batch: WriteBatch, columns: Sequence[str]) -> KeyedRecords:
    """Make a bulk's records and read their keys."""
    if batch.columns is not None:
        records = batch.columns.records()
    else:
        records = _decode_records(b"[" + b",".join(batch.payloads) + b"]")
    keys = [key_parts(record, columns) for record in records]
    ids = [None if key is None else to_target_id(key) for key in keys]
    return KeyedRecords(columns, records, keys, ids)


class Claims(msgspec.Struct):
    """The records of a bulk that are not written, because another record has their key.

    An older version is listed with its newest version's place, any other record with a failure.
    """

    older: dict[int, int] = {}
    failures: dict[int, Failure] = {}

    @property
    def places(self) -> set[int]:
        """The places that are not to be written."""
        return self.older.keys() | self.failures.keys()


def claims(
    places: Sequence[int],
    rows: Mapping[int, Hashable],
    ids: Sequence[str | None],
    batch: WriteBatch,
) -> Claims:
    """Find records that would be written to one row; `rows` is equal for such records.

    Of two versions of one record the later counts. Of two records, the row belongs to the one that
    was written to it before, else to the first; the others fail, and their failure says so.
    """
    groups: dict[Hashable, list[int]] = {}
    for place in places:
        groups.setdefault(rows[place], []).append(place)
    found = Claims()
    if len(groups) == len(places):
        return found
    for group in groups.values():
        owner = next((p for p in group if batch.target_ids[p] == ids[p]), group[0])
        source_id = batch.source_ids[owner]
        own = [p for p in group if batch.source_ids[p] == source_id]
        found.older |= dict.fromkeys(own[:-1], own[-1])
        others = [p for p in group if batch.source_ids[p] != source_id]
        found.failures |= {p: _taken(ids[p] or "", source_id) for p in others}
    return found


def still_held(
    stuck: Sequence[int], places: Sequence[int], ids: Sequence[str | None], batch: WriteBatch
) -> dict[int, Failure]:
    """Fail records whose key is still that of a `stuck` record, which could not get its new one."""
    owners = {batch.target_ids[place]: batch.source_ids[place] for place in stuck}
    return {p: _taken(ids[p] or "", owners[ids[p]]) for p in places if ids[p] in owners}


def _taken(target_id: str, owner: str) -> Failure:
    message = (
        f"the match key {target_id} is that of source record {owner!r} too, which has the row: "
        "two records cannot share one; give them keys of their own, or exclude one"
    )
    return Failure(Category.PERMANENT, "duplicate_key", message[:1000])
