"""What a profile and a mapping's target block say of Business One."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from syncline.connectors.api.connector import ApiSettings
from syncline.connectors.business_one.entities import REFERENCE
from syncline.connectors.http.settings.fields import Whole
from syncline.connectors.http.settings.profile import Timeouts, check_url
from syncline.connectors.settings import ConnectorSettings, advanced, secret

SECONDS = 120.0
"""How long a call may take."""
SLOWEST = 20.0
"""Seconds that the server works on a document, also where its caller is gone: 18 were seen."""
_PATHS = ("/b1s/v1", "/b1s/v2")


def _address(url: str) -> str:
    """Return the address with the version in it; the path counts in its case."""
    url = check_url(url)
    path = urlsplit(url).path
    if not path:
        return url + _PATHS[-1]
    if path not in _PATHS:
        raise ValueError(f"must end with {' or '.join(_PATHS)}, or with the port")
    return url


class BusinessOneSettings(ApiSettings):
    """A profile of one company's Service Layer."""

    url: Annotated[str, AfterValidator(_address)] = Field(
        title="Service Layer", json_schema_extra={"pattern": "^https?://"}
    )
    """Such as https://b1.example.com:50000, to which /b1s/v2 is added."""
    company: str = Field(title="Company database", min_length=1)
    username: str = Field(title="User", min_length=1)
    page_size: Whole = advanced(100, "Records in a page", ge=1, le=10_000)
    timeouts: Timeouts = advanced(Timeouts(total=SECONDS), "Time-outs")

    def http(self) -> dict[str, Any]:
        """Return it as a profile of the HTTP connector."""
        login = {"CompanyDB": self.company, "UserName": "{username}", "Password": "{password}"}
        return super().http() | {
            "baseUrl": self.url,
            "auth": {
                "type": "session",
                "username": self.username,
                "tokenUrl": "/Login",
                "body": login,
                "tokenHeader": "Set-Cookie",
                "sendIn": "Cookie",
                "logoutUrl": "/Logout",
            },
            "headers": {"Prefer": f"odata.maxpagesize={self.page_size}"},
            "idempotencyHeader": "",
            "errors": {"message": "error.message", "code": "error.code"},
            "test": {"endpoint": "/Items?$select=ItemCode&$top=1"},
        }


class BusinessOneSecrets(ConnectorSettings):
    """The password of the profile's user."""

    password: str | None = secret("Password")


def _property(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
        raise ValueError(f"must be a property of the document, such as {REFERENCE} or U_ShopOrder")
    return name


class BusinessOneTarget(ConnectorSettings):
    """What a mapping's target block says: the document, and the property it is known by."""

    entity: str
    reference: Annotated[str, AfterValidator(_property)] = REFERENCE
