"""A selection of dead letters in words, and how many there are of it at a moment."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.postgres.dead_letters.filter import DeadLetterFilter

_WORDS = (
    ("instance", "instance {}"),
    ("entity_type", "entity type {}"),
    ("stage", "failed at {}"),
    ("category", "{}"),
    ("code", "code {}"),
    ("source_id", "source ID {}"),
    ("run", "run {}"),
    ("group", "error group {}"),
    ("text", "error contains “{}”"),
    ("retries", "{} or more retries"),
    ("failed_from", "failed from {}"),
    ("failed_to", "failed before {}"),
)


class StreamCount(msgspec.Struct, frozen=True, rename="camel"):
    """Entries of one instance and entity type; both None: nobody could read the message."""

    instance: str | None
    entity_type: str | None
    count: int


class SelectionView(msgspec.Struct, frozen=True, rename="camel"):
    """What a filter selects now, also in words.

    What is stored after `asOf` is not in it: give it back to act on just these.
    """

    words: str
    count: int
    as_of: datetime
    streams: list[StreamCount]


def words_of(wanted: DeadLetterFilter) -> str:
    """Say which entries are meant."""
    if wanted.ids is not None:
        return "1 selected entry" if len(wanted.ids) == 1 else f"{len(wanted.ids)} selected entries"
    parts = [
        words.format(_shown(value))
        for name, words in _WORDS
        if (value := getattr(wanted, name)) is not None
    ]
    status = f"{wanted.status} " if wanted.status else ""
    return f"all {status}entries" + (f": {', '.join(parts)}" if parts else "")


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    return str(value)
