"""What a profile says of a Portal hub."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from syncline.connectors.api.connector import ApiSettings
from syncline.connectors.http.settings.profile import check_url
from syncline.connectors.settings import ConnectorSettings, secret


class PortalSettings(ApiSettings):
    """A hub."""

    base_url: Annotated[str, AfterValidator(check_url)] = Field(
        title="Address of the hub", json_schema_extra={"pattern": "^https?://"}
    )
    """With the version: https://hub.example.com/api/v1."""

    def http(self) -> dict[str, Any]:
        """Return it as a profile of the HTTP connector."""
        return super().http() | {
            "baseUrl": self.base_url,
            "auth": {"type": "apiKey", "header": "X-Integration-Key"},
            "errors": {"message": "detail", "code": "code"},
        }


class PortalSecrets(ConnectorSettings):
    """The secret of a hub."""

    integration_key: str | None = secret("Integration key")
