"""Test Connection: host, TLS, login, data and rights, one after the other."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import asyncpg

from syncline.connectors.port import Check
from syncline.connectors.postgresql.errors import LOGIN_REFUSED
from syncline.connectors.postgresql.settings import CONNECT_LIMIT
from syncline.connectors.postgresql.source.open_writers import blindness

_ORDER = ("host", "tls", "login", "data")
_WELL = {"host": "reached", "tls": "as asked", "login": "accepted"}


async def checks(address: dict[str, Any], schema: str) -> list[Check]:
    """Connect, log in, and look at the schema and the role's rights."""
    try:
        async with asyncio.timeout(CONNECT_LIMIT):
            connection = await asyncpg.connect(**address)
            try:
                return await _inside(connection, schema)
            finally:
                connection.terminate()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return _failed(_part(error), str(error) or f"no answer within {CONNECT_LIMIT} s")


async def _inside(connection: asyncpg.Connection, schema: str) -> list[Check]:
    version = await connection.fetchval("show server_version")
    if schema and not await connection.fetchval("select to_regnamespace($1)", f'"{schema}"'):
        return _failed("data", f"there is no schema {schema!r}")
    passed = [Check(part, ok=True, message=_WELL[part]) for part in ("host", "login")]
    passed.append(Check("data", ok=True, message=f"PostgreSQL {version}"))
    if await connection.fetchval("select rolsuper from pg_roles where rolname = current_user"):
        message = "the user is a superuser; one with just the rights it needs is safer"
        passed.append(Check("permission", ok=True, message=message))
    if (blind := await blindness(connection)) is not None:
        passed.append(Check("permission", ok=True, message=blind))
    return passed


def _part(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError) or "SSL" in str(error):
        return "tls"
    if isinstance(error, LOGIN_REFUSED):
        return "login"
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return "data"
    return "permission" if isinstance(error, asyncpg.InsufficientPrivilegeError) else "host"


def _failed(part: str, message: str) -> list[Check]:
    """Return the check that failed, behind those that must have passed before it."""
    before = _ORDER[: _ORDER.index(part)] if part in _ORDER else ("host", "login")
    passed = [Check(p, ok=True, message=_WELL[p]) for p in before if p != "tls"]
    return [*passed, Check(part, ok=False, message=message)]
