"""WooCommerce shops, by their REST API v3."""

from __future__ import annotations

from syncline.connectors.woocommerce.connector import WooCommerceConnector

__all__ = ["WooCommerceConnector"]
