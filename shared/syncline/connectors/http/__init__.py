"""Any HTTP API that speaks JSON, as a source and a target."""

from __future__ import annotations

from syncline.connectors.http.connector import HttpConnector

__all__ = ["HttpConnector"]
