"""What a profile may say about MySQL and MariaDB."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from syncline.connectors.settings import advanced
from syncline.connectors.sql.server import ServerSettings


def _zone_name(name: str) -> str:
    if name and name not in available_timezones():
        raise ValueError("must be the name of a time zone such as Europe/Berlin")
    return name


class MysqlSettings(ServerSettings):
    """A profile: which database is reached, and as whom."""

    port: int = Field(3306, title="Port", ge=1, le=65_535)
    timezone: Annotated[str, AfterValidator(_zone_name)] = advanced("", "Time zone")
    """Of `datetime` columns that are read, such as Europe/Berlin; without one they have none."""
