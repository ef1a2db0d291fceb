"""Finds the primary among the hosts of a DSN, also when one of them is lost without a word.

The driver asks the hosts one after the other within one time limit: a machine that has lost its
power would use it up, and the new primary would never be asked.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import asyncpg

HOST_WITHIN = 5.0
"""Seconds that one of several hosts has for its answer."""
LOST_AFTER = 10
"""Seconds without a sign of life of the server's machine after which a connection is broken."""
_WRITABLE = "read-write"


async def connect(
    dsn: str | None = None,
    **options: Any,  # noqa: ANN401 - as the driver takes them
) -> asyncpg.Connection:
    """Connect to the first host that answers, of several to the first that takes changes.

    Raises as the driver does; OSError where none of several hosts is right.
    """
    hosts = single_hosts(dsn or "")
    if len(hosts) == 1:
        return _watched(await asyncpg.connect(dsn, **options))
    problems = []
    for host, only in hosts.items():
        try:
            async with asyncio.timeout(HOST_WITHIN):
                return _watched(await asyncpg.connect(only, **options))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InternalClientError) as error:
            problems.append(f"{host}: {str(error) or type(error).__name__}")
    raise OSError("; ".join(problems))


def single_hosts(dsn: str) -> dict[str, str]:
    """Return a DSN for each host that one names, by `host:port` as it stands there."""
    parts = urlsplit(dsn)
    login, at, places = parts.netloc.rpartition("@")
    hosts = places.split(",")
    if len(hosts) == 1:
        return {places: dsn}
    query = {"target_session_attrs": _WRITABLE} | dict(parse_qsl(parts.query))
    own = parts._replace(query=urlencode(query))
    return {host: own._replace(netloc=f"{login}{at}{host}").geturl() for host in hosts}


def _watched(connection: asyncpg.Connection) -> asyncpg.Connection:
    """Let the system break a connection of which the other machine is lost, also inside a query."""
    transport = connection._transport  # type: ignore[attr-defined]  # noqa: SLF001 - the one way
    link = transport.get_extra_info("socket")
    if link is not None and link.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, LOST_AFTER // 2)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, LOST_AFTER // 4)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, LOST_AFTER * 1000)
    return connection
