"""Versions of a stream's cursor: the newest one, and a new one behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class CursorView(msgspec.Struct, frozen=True, rename="camel"):
    """One version of a stream's cursor; version 0: it was never set."""

    instance: str
    entity_type: str
    version: int
    value: str | None
    correlation_id: str | None = None
    actor: str | None = None
    reason: str | None = None
    at: datetime | None = None


def cursor_view(row: Any) -> CursorView:  # noqa: ANN401 - a database row
    """Read a version of a cursor."""
    return CursorView(
        row["instance"],
        row["entity_type"],
        row["version"] or 0,
        row["value"],
        str(row["run_id"]) if row["run_id"] else None,
        row["actor"],
        row["reason"],
        row["at"],
    )
