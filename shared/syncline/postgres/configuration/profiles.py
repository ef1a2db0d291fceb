"""Profiles with their secrets, and mapping versions, as runs have pinned them."""

from __future__ import annotations

from contextlib import suppress

from syncline.domain.configuration.documents import Profile
from syncline.domain.errors import RetriableError, SynclineError
from syncline.domain.record import JsonObject
from syncline.postgres.database.database import Queryable, Row
from syncline.postgres.database.rekey import SecretRepository
from syncline.postgres.database.rows import row_of, struct_of
from syncline.security.secrets import Keyring, MissingKeyError
from syncline.telemetry.masking import Secrets

_DOCUMENT = """
select v.document from mapping_versions v join mappings m on m.id = v.mapping_id
where m.tenant = $1 and m.name = $2 and m.deleted_at is null
  and v.version = coalesce($3::int, m.active_version)
"""
_VERSION = """
select v.document from mapping_versions v join mappings m on m.id = v.mapping_id
where m.id = $1 and v.version = $2 and m.tenant = $3
"""


def secrets_of(row: Row, keys: Keyring) -> dict[str, str]:
    """Decrypt the secrets of a profile's row. Raises SecretsError."""
    stored = row["secrets"]
    return keys.decrypt(stored, row["tenant"], row["id"]) if stored else {}


async def mapping_document(
    database: Queryable, tenant: str, name: str, version: int | None = None
) -> JsonObject:
    """Return the document of a mapping's version, or of the active one. Raises NotFoundError."""
    what = f"mapping {name!r}" if version is None else f"version {version} of mapping {name!r}"
    document: JsonObject = (await row_of(database, what, _DOCUMENT, tenant, name, version))[0]
    return document


class Configuration(SecretRepository):
    """Every method may raise RetriableError."""

    async def profile(self, tenant: str, profile_id: str) -> Profile:
        """Return a tenant's profile with its secrets. Raises SecretsError; NotFoundError.

        A key that is missing is an outage, RetriableError: with the key, everything goes on.
        """
        sql = "select * from profiles where id = $1 and tenant = $2"
        what = f"connection profile {profile_id}"
        row = await row_of(self._database, what, sql, profile_id, tenant)
        try:
            secrets = secrets_of(row, self._keys)
        except MissingKeyError as error:
            raise RetriableError(str(error), code="key_missing") from error
        return struct_of(Profile, row, secrets=secrets)

    async def secrets(self, tenant: str) -> Secrets:
        """Return the secrets of a tenant's profiles: what nobody of it may be shown."""
        rows = await self._database.fetch(
            "select id, tenant, secrets from profiles where tenant = $1 and secrets is not null",
            tenant,
        )
        secrets = Secrets()
        for row in rows:
            with suppress(SynclineError):  # its key is gone: nobody could use it any more
                secrets.know(secrets_of(row, self._keys).values())
        return secrets

    async def mapping_document(self, tenant: str, mapping: str, version: int) -> JsonObject:
        """Return a version of a tenant's mapping as it was saved. Raises NotFoundError."""
        what = f"version {version} of mapping {mapping}"
        row = await row_of(self._database, what, _VERSION, mapping, version, tenant)
        document: JsonObject = row[0]
        return document
