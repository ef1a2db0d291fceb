"""A connection profile: how to reach one system."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from syncline.domain.retry import RetryPolicy


class Profile(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One system's address, credentials and limits.

    Attributes:
        connector: name of the connector type, e.g. `postgresql`.
        config: settings of the connector, without secrets.
        secrets: decrypted; never encoded, logged or shown.
        max_concurrent: calls in flight over all processes, 1 to 100.
        rate: calls per second over all processes, None for no limit.
    """

    id: str
    tenant: str
    name: str
    connector: str
    config: dict[str, Any]
    secrets: dict[str, str] = {}
    active: bool = True
    max_concurrent: int = 10
    rate: float | None = None
    retry: RetryPolicy = RetryPolicy()
    changed_at: datetime

    def __repr__(self) -> str:
        return f"Profile({self.name!r}, {self.connector!r})"
