"""What a profile may say about MySQL and MariaDB."""

from __future__ import annotations

from pydantic import Field

from syncline.connectors.settings import advanced
from syncline.connectors.sql.server import ServerSettings
from syncline.connectors.sql.zones import ZoneName


class MysqlSettings(ServerSettings):
    """A profile: which database is reached, and as whom."""

    port: int = Field(3306, title="Port", ge=1, le=65_535)
    timezone: ZoneName = advanced("", "Time zone")
    """Of `datetime` columns that are read, such as Europe/Berlin; without one they have none."""
