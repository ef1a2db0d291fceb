"""Discarding entries that wait and restoring them, with a result for each."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.domain.dead_letter.operation import OperationKind
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.queue import DeadLetterView
from syncline.postgres.dead_letters.store import resolve_dead_letters


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
