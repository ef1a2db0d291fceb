"""SQL Server as a source and a target."""

from __future__ import annotations

from syncline.connectors.mssql.connector import MssqlConnector

__all__ = ["MssqlConnector"]
