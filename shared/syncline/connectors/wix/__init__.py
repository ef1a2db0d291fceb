"""Wix sites: customers, orders, bookings, subscriptions, products and more, to read."""

from __future__ import annotations

from syncline.connectors.wix.connector import WixConnector

__all__ = ["WixConnector"]
