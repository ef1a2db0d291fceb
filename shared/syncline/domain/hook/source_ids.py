"""Which records a delivery names: the source IDs at the hook's path."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.naming import shown
from syncline.domain.record import MAX_SOURCE_ID_LENGTH, Value

MOST_IDS = 10_000
"""Source IDs of one delivery."""


class NoSourceIdsError(ValueError):
    """A delivery names no record; its text says why, for the person who set the hook up."""


def checked_path(text: str) -> str:
    """Return a path to source IDs, without the `$.` that some write. Raises ValueError."""
    path = text.strip().removeprefix("$.")
    parse_path(path)
    return path


def source_ids_in(document: Value, path: str) -> list[str]:
    """Return the source IDs at a path, one or a list of them, each once and in order.

    Texts and whole numbers count, those that no trigger takes do not. Raises NoSourceIdsError.
    """
    found = reader(parse_path(path))(document)
    values = list(_leaves(found))
    ids = list(dict.fromkeys(text for value in values if (text := _id_of(value))))
    if len(ids) > MOST_IDS:
        raise NoSourceIdsError(f"{path} has {len(ids):,} IDs, at most {MOST_IDS:,} are taken")
    if ids:
        return ids
    if not values:
        raise NoSourceIdsError(f"there is nothing at {path}")
    raise NoSourceIdsError(f"{path} is {shown(values[0])}, which is no source ID")


def _leaves(value: Value) -> Iterator[Value]:
    if isinstance(value, list):
        for part in value:
            yield from _leaves(part)
    elif value is not None:
        yield value


def _id_of(value: Value) -> str:
    """Return a source ID as a trigger has it; "" for what is none."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    text = str(value).strip()
    return text if text.isprintable() and len(text) <= MAX_SOURCE_ID_LENGTH else ""
