"""SAP Business One by its Service Layer: master data and documents in, sales documents out."""

from __future__ import annotations

from syncline.connectors.business_one.connector import BusinessOneConnector

__all__ = ["BusinessOneConnector"]
