"""Portal hubs, by Syncline's own contract (docs/connectors/portal-openapi.yaml), both ways."""

from __future__ import annotations

from syncline.connectors.portal.connector import PortalConnector

__all__ = ["PortalConnector"]
