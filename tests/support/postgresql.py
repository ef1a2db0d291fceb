"""PostgreSQL connectors to databases of tests."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from syncline.connectors.port import Surroundings
from syncline.connectors.postgresql import PostgresqlConnector


def config_of(dsn: str) -> dict[str, Any]:
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
    return PostgresqlConnector(config_of(dsn) | changes, secrets, Surroundings())
