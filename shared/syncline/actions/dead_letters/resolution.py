"""Discarding entries that wait and restoring them, with a result for each."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.domain.dead_letter.operation import OperationKind
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.queue import DeadLetterView
from syncline.postgres.dead_letters.store import resolve_dead_letters

DISCARD, RESTORE = "discard", "restore"
STATUS_OF = {DISCARD: "pending", RESTORE: "discarded"}
"""What is done -> the status that an entry must have for it."""


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
    doing: str,
    *,
    actor: str,
    reason: str | None = None,
) -> list[Resolution]:
    """Discard or restore entries.

    Args:
        doing: `discard` or `restore`.
        actor, reason: for the audit log; the reason stays with a discarded entry.

    Raises:
        RetriableError: the database is away.
    """
    kind, ids = OperationKind(doing), [entry.id for entry in entries]
    why = reason if kind is OperationKind.DISCARD else None
    async with database.transaction() as connection:
        done = await resolve_dead_letters(connection, tenant, ids, kind, actor, why)
    return [_resolution(entry, doing, done=entry.id in done) for entry in entries]


def _resolution(entry: DeadLetterView, doing: str, *, done: bool) -> Resolution:
    past = f"{doing}ed" if doing == DISCARD else "restored"
    was = STATUS_OF[doing].title()
    words = past if done else f"not {past}: it is not {was} but {entry.status.title()}"
    return Resolution(entry.id, entry.instance, entry.source_id, done, words)
