"""What a profile may say about Oracle."""

from __future__ import annotations

from pydantic import Field

from syncline.connectors.settings import Contradictions, advanced
from syncline.connectors.sql.server import ServerSettings, SslMode
from syncline.connectors.sql.zones import ZoneName


class OracleSettings(ServerSettings):
    """A profile: which database is reached, and as whom."""

    port: int = Field(1521, title="Port", ge=1, le=65_535)
    """2484 is usual with TLS."""
    database: str = Field(title="Service name", min_length=1)
    """Not the SID; `lsnrctl services` lists them."""
    sslmode: SslMode = Field(SslMode.DISABLE, strict=False, title="TLS")
    """`verify-full` also checks the server's name."""
    timezone: ZoneName = advanced("", "Time zone")
    """Of `date` and `timestamp` columns that are read; without one they have none."""

    def contradictions(self) -> Contradictions:
        """Yield what Oracle's listeners cannot do."""
        if self.sslmode is SslMode.PREFER:
            words = "Oracle listens with and without TLS at ports of their own: say `require`"
            yield "sslmode", f"{words} or `disable`"
