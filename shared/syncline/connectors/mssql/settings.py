"""What a profile may say about SQL Server."""

from __future__ import annotations

from pydantic import Field

from syncline.connectors.settings import Contradictions, advanced
from syncline.connectors.sql.server import ServerSettings, SslMode
from syncline.connectors.sql.zones import ZoneName


class MssqlSettings(ServerSettings):
    """A profile: which database is reached, and as whom."""

    port: int = Field(1433, title="Port", ge=1, le=65_535)
    """A named instance has a port of its own: the one that its server listens at."""
    sslmode: SslMode = Field(SslMode.PREFER, strict=False, title="TLS")
    """`verify-full` also checks who the server is; every connection is encrypted."""
    timezone: ZoneName = advanced("", "Time zone")
    """Of `datetime` and `datetime2` columns that are read; without one they have none."""

    def contradictions(self) -> Contradictions:
        """Yield what the driver cannot do: it is Microsoft's, with rules of its own for TLS."""
        if "\\" in self.host or "," in self.host:
            yield "host", "must be the server alone: a named instance has a `port` of its own"
        if self.sslmode is SslMode.VERIFY_CA:
            yield "sslmode", "SQL Server's driver checks the server's name, too: say `verify-full`"
        if self.sslmode is SslMode.DISABLE:
            yield "sslmode", "SQL Server's logins are always encrypted: say `require`"
        if self.sslrootcert:
            words = "SQL Server's driver trusts the system's authorities: add the certificate there"
            yield "sslrootcert", words
