"""What a profile says of a Wix site."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from syncline.connectors.api.connector import ApiSettings
from syncline.connectors.http.settings.profile import check_url
from syncline.connectors.settings import ConnectorSettings, advanced, secret

MINUTE = 60
"""Seconds. Wix allows 200 calls in a minute and does not say when the next one begins."""


def _site(text: str) -> str:
    if not text or not text.isascii() or not text.replace("-", "").isalnum():
        raise ValueError("must be the ID of a site, such as 5d5a3a0e-59f0-4b5e-9f5e-3d1c5f0f7a11")
    return text


class WixSettings(ApiSettings):
    """A site."""

    site_id: Annotated[str, AfterValidator(_site)] = Field(title="Site ID")
    """Stands in the address of the site's dashboard, behind `/dashboard/`."""
    base_url: Annotated[str, AfterValidator(check_url)] = advanced(
        "https://www.wixapis.com", "Address of the API"
    )

    def http(self) -> dict[str, Any]:
        """Return it as a profile of the HTTP connector."""
        return super().http() | {
            "baseUrl": self.base_url,
            "auth": {"type": "apiKey", "header": "Authorization"},
            "headers": {"wix-site-id": self.site_id},
            "errors": {
                "message": "message",
                "code": "details.applicationError.code",
                "rules": [
                    {"status": 429, "category": "transient", "retryAfter": MINUTE},
                    {"status": 428, "category": "permanent"},
                ],
            },
        }


class WixSecrets(ConnectorSettings):
    """The secret of a site."""

    api_key: str | None = secret("API key")
