"""What a profile and a mapping may say about SQLite."""

from __future__ import annotations

from pydantic import Field

from syncline.connectors.folders import AbsolutePath
from syncline.connectors.settings import Settings, advanced
from syncline.connectors.sql.settings import StatementTimeout


class SqliteSettings(Settings):
    """A profile: where the database lies."""

    file: AbsolutePath = Field(title="File")
    statement_timeout: StatementTimeout = advanced(300, "Statement time-out")
    """Seconds that one statement may take."""
