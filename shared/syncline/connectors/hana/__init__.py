"""SAP HANA as a source."""

from __future__ import annotations

from syncline.connectors.hana.connector import HanaConnector

__all__ = ["HanaConnector"]
