"""MySQL and MariaDB as a source and a target."""

from __future__ import annotations

from syncline.connectors.mysql.connector import MysqlConnector

__all__ = ["MysqlConnector"]
