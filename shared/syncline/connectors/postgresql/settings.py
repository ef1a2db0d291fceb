"""What a profile may say about PostgreSQL."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from syncline.connectors.settings import ConnectorSettings, advanced, secret
from syncline.connectors.sql.connector import StatementTimeout


class SslMode(StrEnum):
    """How far the server is checked, in libpq's words."""

    DISABLE = "disable"
    PREFER = "prefer"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"


def _network_host(host: str) -> str:
    if "/" in host or host.startswith("@"):
        raise ValueError("must be a name or address; a socket's folder cannot be used")
    return host


class PostgresqlSettings(ConnectorSettings):
    """A profile: which database is reached, and as whom."""

    left_out = (None, "")

    host: Annotated[str, AfterValidator(_network_host)] = Field(title="Host", min_length=1)
    """Name or address of the server."""
    port: int = Field(5432, title="Port", ge=1, le=65_535)
    database: str = Field(title="Database", min_length=1)
    user: str = Field(title="User", min_length=1)
    """With just the rights it needs."""
    sslmode: SslMode = Field(SslMode.PREFER, strict=False, title="TLS")
    """`verify-full` also checks the server's name."""
    sslrootcert: str = advanced("", "Root certificate")
    """Path of a file, where the issuer is not generally known."""
    search_schema: Annotated[str, Field(alias="schema")] = advanced("", "Schema")
    """Where tables are looked for; without one, the user's search path."""
    statement_timeout: StatementTimeout = advanced(300, "Statement time-out")
    """Seconds that one statement may take."""


class PostgresqlSecrets(ConnectorSettings):
    """A profile's secrets."""

    password: str | None = secret("Password")
