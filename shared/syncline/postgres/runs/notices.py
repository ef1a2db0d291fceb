"""Notices: what a run tells of itself that is no failure; each code once in its row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from syncline.domain.run import Notice
from syncline.postgres.database.database import Database


def notices_of(row: Any) -> list[Notice]:  # noqa: ANN401 - a database row
    """Read the notices of a run row, by code."""
    return [msgspec.convert(notice, Notice) for _, notice in sorted(row["notices"].items())]


def notices_by_code(notices: Sequence[Notice]) -> dict[str, Any]:
    """Return notices as the column `notices` holds them; one said again takes its place."""
    return {notice.code: msgspec.to_builtins(notice) for notice in notices}


async def add_notices(database: Database, run_id: str, notices: Sequence[Notice]) -> None:
    """Let a run tell something; of one code the last notice stands, so to repeat it is safe.

    Raises:
        RetriableError: the database is away.
    """
    await database.execute(
        "update runs set notices = notices || $2 where id = $1",
        run_id,
        notices_by_code(notices),
    )
