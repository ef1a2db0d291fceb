"""PostgreSQL as a source and a target."""

from __future__ import annotations

from syncline.connectors.postgresql.connector import PostgresqlConnector

__all__ = ["PostgresqlConnector"]
