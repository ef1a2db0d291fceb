"""PostgreSQL connectors to databases of tests."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import asyncpg

from syncline.connectors.postgresql import PostgresqlConnector
from tests.support.eventually import eventually
from tests.support.surroundings import surroundings_of


def config_of(dsn: str) -> dict[str, Any]:
    """Return the settings of a profile that leads to a database server at an address."""
    parts = urlsplit(dsn)
    return {
        "host": parts.hostname,
        "port": parts.port,
        "database": parts.path[1:],
        "user": parts.username,
        "sslmode": "disable",
    }


def connector_to(dsn: str, password: str | None = None, **changes: Any) -> PostgresqlConnector:
    secrets = {"password": password or urlsplit(dsn).password or ""}
    return PostgresqlConnector(config_of(dsn) | changes, secrets, surroundings_of(dsn))


async def drop_role(owner: asyncpg.Connection, role: str) -> None:
    """Drop a role and what it owns, once the server has ended its sessions.

    A connection that is closed ends its session a moment later, and drops its temporary tables
    then; to drop them here meanwhile is a deadlock.
    """
    sessions = "select count(*) = 0 from pg_stat_activity where usename = $1"
    await eventually(lambda: owner.fetchval(sessions, role))
    await owner.execute(f"drop owned by {role} cascade; drop role {role}")
