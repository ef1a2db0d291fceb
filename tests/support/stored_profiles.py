"""Profiles with their secrets, put straight into the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from syncline.security.secrets import Keyring


class ProfileStore:
    """Inserts profiles of the tenant `default`.

    Args:
        c: a connection to the installation's database.
        dsn: of that database.
        keys: the installation's secret keys.
    """

    def __init__(self, c: Any, dsn: str, keys: str) -> None:
        self._connection = c
        self._dsn = dsn
        self._keys = Keyring.parse(keys)

    async def store(
        self, name: str, connector: str, config: Any, secrets: Mapping[str, str] | None = None
    ) -> UUID:
        """Return the profile's ID."""
        profile = uuid4()
        await self._connection.execute(
            "insert into profiles (id, tenant, name, connector, config, secrets) "
            "values ($1, 'default', $2, $3, $4, $5)",
            profile, name, connector, config,
            self._keys.encrypt(dict(secrets or {}), "default", str(profile)),
        )  # fmt: skip
        return profile

    async def store_own_database(self, name: str) -> UUID:
        """Store a profile of the installation's own database; return its ID."""
        url = urlsplit(self._dsn)
        config = {
            "host": url.hostname, "port": url.port, "database": url.path[1:], "user": url.username,
        }  # fmt: skip
        return await self.store(name, "postgresql", config, {"password": url.password or ""})
