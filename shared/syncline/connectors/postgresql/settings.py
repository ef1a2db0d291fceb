"""What a profile and a mapping may say about PostgreSQL, and the address that a profile makes."""

from __future__ import annotations

import ssl
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from syncline.connectors.errors import refusal
from syncline.connectors.settings import ConnectorSettings, advanced, secret
from syncline.connectors.sql.connector import StatementTimeout
from syncline.connectors.sql.text import table_name

CONNECT_LIMIT = 10
"""Seconds."""


class SslMode(StrEnum):
    """How far the server is checked, in libpq's words."""

    DISABLE = "disable"
    PREFER = "prefer"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"


class PostgresqlSettings(ConnectorSettings):
    """A profile: which database is reached, and as whom."""

    left_out = (None, "")

    host: str = Field(title="Host", min_length=1)
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


def connection_arguments(
    settings: PostgresqlSettings, password: str | None, name: str = "syncline"
) -> dict[str, Any]:
    """Return the arguments of a connection; `name` is what the server shows of it.

    Raises ConnectorError where the root certificate cannot be read.
    """
    server = {
        "application_name": name,
        "timezone": "UTC",
        "statement_timeout": str(settings.statement_timeout * 1000),
    }
    if settings.search_schema:
        server["search_path"] = table_name(settings.search_schema)
    return {
        "host": settings.host,
        "port": settings.port,
        "database": settings.database,
        "user": settings.user,
        "password": password,
        "ssl": _ssl(settings),
        "server_settings": server,
        "timeout": CONNECT_LIMIT,
        "command_timeout": settings.statement_timeout + 10,
    }


def _ssl(settings: PostgresqlSettings) -> ssl.SSLContext | str:
    mode, authority = settings.sslmode, settings.sslrootcert or None
    if mode not in (SslMode.VERIFY_CA, SslMode.VERIFY_FULL):
        return str(mode)
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        message = f"sslrootcert: {authority!r} cannot be used as a certificate: {error.strerror}"
        raise refusal("invalid_certificate", message) from error
    context.check_hostname = mode is SslMode.VERIFY_FULL
    return context
