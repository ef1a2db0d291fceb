"""Notices: what a run tells of itself that is no failure; each code once in its row."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.domain.record import JsonObject
from syncline.domain.run import Notice
from syncline.postgres.database.database import Database, Row

_ADD = "update runs set notices = notices || $2 where id = $1"


def notices_of(row: Row) -> list[Notice]:
    """Read the notices of a run row, by code."""
    return [msgspec.convert(notice, Notice) for _, notice in sorted(row["notices"].items())]


def notices_by_code(notices: Sequence[Notice]) -> JsonObject:
    """Return notices as the column `notices` holds them; one that is repeated takes its place."""
    return {notice.code: msgspec.to_builtins(notice) for notice in notices}


async def add_notices(database: Database, run_id: str, notices: Sequence[Notice]) -> None:
    """Add notices to a run; of one code the last one stands, so to repeat it is safe.

    Raises:
        RetriableError: the database is away.
    """
    await database.execute(_ADD, run_id, notices_by_code(notices))
