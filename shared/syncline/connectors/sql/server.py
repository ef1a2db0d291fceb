"""Databases that are servers: what a profile says of one, its addresses, and the rules of TLS."""

from __future__ import annotations

import socket
import ssl
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.facts import Check
from syncline.connectors.settings import ConnectorSettings, advanced, secret
from syncline.connectors.sql.connector import StatementTimeout
from syncline.connectors.system_errors import unknown_name
from syncline.connectors.tls import named_context, trust

CONNECT_LIMIT = 10
"""Seconds, for the name and all its addresses."""
PASSED = (Check("host", ok=True, message="reached"), Check("login", ok=True, message="accepted"))
"""What a connection test has found once it is logged in."""


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


class ServerSettings(ConnectorSettings):
    """A profile: which database is reached, and as whom."""

    left_out = (None, "")

    host: Annotated[str, AfterValidator(_network_host)] = Field(title="Host", min_length=1)
    """Name or address of the server."""
    port: int = Field(title="Port", ge=1, le=65_535)
    database: str = Field(title="Database", min_length=1)
    user: str = Field(title="User", min_length=1)
    """With just the rights it needs."""
    sslmode: SslMode = Field(SslMode.PREFER, strict=False, title="TLS")
    """`verify-full` also checks the server's name."""
    sslrootcert: str = advanced("", "Root certificate")
    """Path of a file, where the issuer is not generally known."""
    statement_timeout: StatementTimeout = advanced(300, "Statement time-out")
    """Seconds that one statement may take."""


class ServerSecrets(ConnectorSettings):
    """A profile's secrets."""

    password: str | None = secret("Password")


async def addresses_of(settings: ServerSettings, allowed: AllowedAddresses) -> list[str]:
    """Return a server's addresses.

    Raises:
        ConnectorError: one of them is not allowed.
        OSError: the name is not known.
    """
    try:
        return await allowed.checked(settings.host, settings.port)
    except (socket.gaierror, UnicodeError) as error:
        raise OSError(unknown_name(settings.host, error)) from error


def tls_of(settings: ServerSettings) -> ssl.SSLContext | bool:
    """Return the rules of TLS, False where there is to be none.

    Raises ConnectorError where the root certificate cannot be read.
    """
    mode = settings.sslmode
    if mode is SslMode.DISABLE:
        return False
    context = named_context(lambda _address: settings.host)
    context.check_hostname = context.checks_name = mode is SslMode.VERIFY_FULL
    if mode not in (SslMode.VERIFY_CA, SslMode.VERIFY_FULL):
        context.verify_mode = ssl.CERT_NONE
    else:
        trust(context, settings.sslrootcert, "sslrootcert")
    return context


def failed_check(part: str, message: str) -> list[Check]:
    """Return the check that failed, behind those that must have passed before it."""
    before = {"host": 0, "tls": 1, "login": 1}.get(part, 2)
    return [*PASSED[:before], Check(part, ok=False, message=message)]
