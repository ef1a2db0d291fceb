"""A connection profile as processes use it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from syncline.domain.configuration.documents import ProfileSettings


@dataclass(frozen=True, kw_only=True, repr=False)
class Profile(ProfileSettings):
    """One system's address, credentials and limits.

    Attributes:
        secrets: decrypted; never encoded, logged or shown.
    """

    id: str
    tenant: str
    secrets: dict[str, str]
    changed_at: datetime
