"""What a person writes about a shop: which one, and how to sign in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from syncline.connectors.api.connector import ApiSettings
from syncline.connectors.api.entities import EntityTarget
from syncline.connectors.http.settings.profile import check_url
from syncline.connectors.settings import ConnectorSettings, advanced, secret
from syncline.connectors.shopify.documents import TEST

VERSION = "2026-10"
"""Of the Admin API that the documents of this connector are written for."""
TOKEN_HEADER = "X-Shopify-Access-Token"  # noqa: S105 - the name of a header
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_DOMAIN = ".myshopify.com"


def _shop(text: str) -> str:
    """Return the address of a shop. Raises ValueError."""
    if text.startswith(("http://", "https://")):
        return check_url(text)
    name = text.lower().removesuffix(_DOMAIN)
    if not _NAME.fullmatch(name):
        raise ValueError(f"must be the shop's name at Shopify, such as my-shop or my-shop{_DOMAIN}")
    return f"https://{name}{_DOMAIN}"


def _version(text: str) -> str:
    if not re.fullmatch(r"20\d\d-(01|04|07|10)", text):
        raise ValueError(f"must be a version of the Admin API, such as {VERSION}")
    return text


class ShopifySettings(ApiSettings):
    """A profile: one shop."""

    shop: Annotated[str, AfterValidator(_shop)] = Field(title="Shop", min_length=1)
    """Its name at Shopify, such as my-shop of my-shop.myshopify.com."""
    client_id: str = Field("", title="Client ID")
    """Of an app of the Dev Dashboard; empty for an app with an access token of its own."""
    api_version: Annotated[str, AfterValidator(_version)] = advanced(VERSION, "API version")

    def http(self) -> dict[str, Any]:
        """Return it as a profile of the HTTP connector."""
        login: dict[str, str] = {"type": "apiKey", "header": TOKEN_HEADER}
        if self.client_id:
            login = {
                "type": "oauth2",
                "tokenUrl": f"{self.shop}/admin/oauth/access_token",
                "clientId": self.client_id,
                "clientAuth": "body",
                "sendIn": TOKEN_HEADER,
            }
        return {
            **super().http(),
            "baseUrl": f"{self.shop}/admin/api/{self.api_version}",
            "auth": login,
            "test": {"endpoint": "/graphql.json", "query": TEST},
            "idempotencyHeader": "",
            "errors": {
                "rules": [
                    {"status": 402, "category": "permanent"},
                    {"status": 423, "category": "permanent"},
                    {"status": 430, "category": "transient"},
                ]
            },
        }


class ShopifySecrets(ConnectorSettings):
    """The secret of a profile; which one is up to its login."""

    access_token: str | None = secret("Access token")
    """Begins with shpat_; of an app that has one."""
    client_secret: str | None = secret("Client secret")
    """Of an app of the Dev Dashboard, beside its client ID."""


class ShopifyTarget(EntityTarget):
    """What a mapping's target block says."""

    reason: str = advanced("correction", "Reason of stock changes")
    """Shown in the history of an item's stock."""
    replace_variants: bool = advanced(False, "Replace variants")
    """Let a record delete variants of a product that Syncline has not written yet."""
    replace_addresses: bool = advanced(False, "Replace addresses")
    """Let a record delete addresses of a customer that Syncline has not written yet."""
    location: str = ""
    """Of stock whose records name no location: its ID, such as gid://shopify/Location/1."""


def shop_of(config: Mapping[str, object]) -> str:
    """Return the host of a profile's shop, whatever version of the API is used."""
    return ShopifySettings.model_validate(config).shop.partition("://")[2]
