"""A selection of dead letters: in words, in numbers, discarded or restored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from syncline.domain.dead_letter.operation import OperationKind
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.dead_letters.groups import DeadLetterGroups
from syncline.postgres.dead_letters.queue import DeadLetterView
from syncline.postgres.dead_letters.store import resolve_dead_letters

_WORDS = (
    ("instance", "instance {}"),
    ("entity_type", "entity type {}"),
    ("stage", "failed at {}"),
    ("category", "{}"),
    ("code", "code {}"),
    ("source_id", "source ID {}"),
    ("run", "run {}"),
    ("group", "error “{}”"),
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
    """What a filter selects, also in words; pass `asOf` back to act on exactly these entries."""

    words: str
    count: int
    as_of: datetime
    streams: list[StreamCount]


async def selection_words(database: Database, tenant: str, wanted: DeadLetterFilter) -> str:
    """Say which entries are meant; a group by what went wrong."""
    if wanted.ids is not None:
        return "1 selected entry" if len(wanted.ids) == 1 else f"{len(wanted.ids)} selected entries"
    if wanted.group is not None:
        pattern = await DeadLetterGroups(database).pattern_of(tenant, wanted.group)
        wanted = msgspec.structs.replace(wanted, group=pattern or wanted.group)
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


class Resolution(msgspec.Struct, frozen=True, rename="camel"):
    """What became of one entry."""

    id: str
    instance: str | None
    source_id: str | None
    done: bool
    result: str


async def resolve(
    database: Database,
    tenant: str,
    entries: Sequence[DeadLetterView],
    kind: OperationKind,
    *,
    actor: str,
    reason: str | None = None,
) -> list[Resolution]:
    """Discard or restore entries; the reason stays with a discarded one."""
    why = reason if kind is OperationKind.DISCARD else None
    ids = [entry.id for entry in entries]
    async with database.transaction() as connection:
        done = await resolve_dead_letters(connection, tenant, ids, kind, actor, why)
    return [_resolution(entry, kind, done=entry.id in done) for entry in entries]


def _resolution(entry: DeadLetterView, kind: OperationKind, *, done: bool) -> Resolution:
    refused = f"not {kind.past}: it is not {kind.takes.title()} but {entry.status.title()}"
    words = kind.past if done else refused
    return Resolution(entry.id, entry.instance, entry.source_id, done, words)
