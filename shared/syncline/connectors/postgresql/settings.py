"""What a profile may say about PostgreSQL."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from syncline.connectors.settings import advanced
from syncline.connectors.sql.server import ServerSettings


class PostgresqlSettings(ServerSettings):
    """A profile: which database is reached, and as whom."""

    port: int = Field(5432, title="Port", ge=1, le=65_535)
    search_schema: Annotated[str, Field(alias="schema")] = advanced("", "Schema")
    """Where tables are looked for; without one, the user's search path."""
