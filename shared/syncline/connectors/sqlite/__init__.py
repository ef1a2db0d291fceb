"""SQLite as a source and a target."""

from __future__ import annotations

from syncline.connectors.sqlite.connector import SqliteConnector

__all__ = ["SqliteConnector"]
