"""Oracle Database as a source and a target."""

from __future__ import annotations

from syncline.connectors.oracle.connector import OracleConnector

__all__ = ["OracleConnector"]
