"""Shopify shops, by the GraphQL Admin API."""

from __future__ import annotations

from syncline.connectors.shopify.connector import ShopifyConnector

__all__ = ["ShopifyConnector"]
