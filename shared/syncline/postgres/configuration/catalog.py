"""Read models of configuration: lists by name, one object in full; secrets by name only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from syncline.domain.configuration.documents import MASK, Kind
from syncline.domain.errors import NotFoundError, SynclineError
from syncline.domain.retry import RetryPolicy
from syncline.postgres.configuration.edits import mark_of
from syncline.postgres.database.database import Database, Row
from syncline.postgres.database.near_names import none_like
from syncline.security.secrets import Keyring

_USED_BY_PROFILE = """
array(select i.name from instances i where i.deleted_at is null
      and p.id in (i.source_id, i.target_id) order by i.name) as used_by
"""
_PROFILES = f"""
select p.*, {_USED_BY_PROFILE} from profiles p
where p.tenant = $1 and p.deleted_at is null
  and ($2::text is null or p.name > $2)
  and ($3::text is null or p.name ilike $3 or p.connector ilike $3)
  and ($4::bool is null or p.active = $4) and ($5::text is null or p.connector = $5)
  and ($6::text is null or p.name = $6)
order by p.name limit $7
"""
_MAPPINGS = """
select m.name, m.entity_type, m.active_version, m.changed_at, v.actor, v.document,
  (select count(*) from mapping_versions o where o.mapping_id = m.id)::int as versions,
  array(select distinct i.name from streams s join instances i on i.id = s.instance_id
        where s.mapping_id = m.id and not s.removed order by 1) as used_by
from mappings m join mapping_versions v on v.mapping_id = m.id and v.version = m.active_version
where m.tenant = $1 and m.deleted_at is null
  and ($2::text is null or m.name > $2)
  and ($3::text is null or m.name ilike $3 or m.entity_type ilike $3)
  and ($4::text is null or m.entity_type = $4) and ($5::text is null or m.name = $5)
order by m.name limit $6
"""
_VERSIONS = """
select v.version, v.actor, v.created_at, v.version = m.active_version as active, v.document
from mapping_versions v join mappings m on m.id = v.mapping_id
where m.tenant = $1 and m.name = $2 and m.deleted_at is null
  and ($3::int is null or v.version < $3) and ($4::int is null or v.version = $4)
  and ($6::text is null or v.version::text = btrim($6, '%') or v.actor ilike $6)
order by v.version desc limit $5
"""


class LastTest(msgspec.Struct, frozen=True, rename="camel"):
    """The kept result of a connection test.

    Attributes:
        stale: the profile was changed since.
    """

    ok: bool
    checks: list[dict[str, Any]]
    took_ms: int
    at: datetime
    stale: bool


class ProfileView(msgspec.Struct, frozen=True, rename="camel"):
    """A connection profile.

    Attributes:
        secrets: a mask for each secret that is stored; given back, it keeps the secret.
        secrets_readable: false when no key here decrypts them.
        used_by: instances.
        etag: of this state, for `If-Match`.
    """

    name: str
    connector: str
    config: dict[str, Any]
    secrets: dict[str, str]
    secrets_readable: bool
    active: bool
    max_concurrent: int
    rate: float | None
    retry: RetryPolicy
    used_by: list[str]
    last_test: LastTest | None
    changed_at: datetime
    etag: str


class MappingView(msgspec.Struct, frozen=True, rename="camel"):
    """A mapping without its document. `changed_by` saved the active version."""

    name: str
    entity_type: str
    active_version: int
    versions: int
    changed_by: str
    used_by: list[str]
    changed_at: datetime
    etag: str


class MappingVersionView(msgspec.Struct, frozen=True, rename="camel"):
    """One version of a mapping, without its document."""

    version: int
    actor: str
    created_at: datetime
    active: bool


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a list.

    Attributes:
        after: name of the last one before it.
        search: part of a name, in any case.
    """

    limit: int
    after: str | None = None
    search: str | None = None

    @property
    def pattern(self) -> str | None:
        """What `search` means to `ilike`."""
        if not self.search:
            return None
        quoted = self.search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"%{quoted}%"


class ConfigurationViews:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys

    async def profiles(
        self, tenant: str, part: Listed, *, active: bool | None = None, connector: str | None = None
    ) -> list[ProfileView]:
        """Return profiles by name."""
        rows = await self._database.fetch(
            _PROFILES, tenant, part.after, part.pattern, active, connector, None, part.limit
        )
        return [self._profile(row) for row in rows]

    async def profile(self, tenant: str, name: str) -> ProfileView:
        """Return one profile. Raises NotFoundError."""
        rows = await self._database.fetch(_PROFILES, tenant, None, None, None, None, name, 1)
        if not rows:
            raise await none_like(self._database, Kind.PROFILE, tenant, name)
        return self._profile(rows[0])

    async def mappings(
        self, tenant: str, part: Listed, *, entity_type: str | None = None
    ) -> list[MappingView]:
        """Return mappings by name."""
        kind = entity_type and entity_type.strip().lower()
        values = (tenant, part.after, part.pattern, kind, None, part.limit)
        return [_mapping(row) for row in await self._database.fetch(_MAPPINGS, *values)]

    async def mapping(self, tenant: str, name: str) -> tuple[MappingView, dict[str, Any]]:
        """Return one mapping and its active document. Raises NotFoundError."""
        rows = await self._database.fetch(_MAPPINGS, tenant, None, None, None, name, 1)
        if not rows:
            raise await none_like(self._database, Kind.MAPPING, tenant, name)
        return _mapping(rows[0]), dict(rows[0]["document"])

    async def versions(
        self, tenant: str, name: str, before: int | None, part: Listed
    ) -> list[MappingVersionView]:
        """Return versions of a mapping, newest first; `part.search` is a number or who saved it.

        Raises:
            NotFoundError: there is no such mapping.
        """
        await self.mapping(tenant, name)
        values = (tenant, name, before, None, part.limit, part.pattern)
        rows = await self._database.fetch(_VERSIONS, *values)
        return [_version(row) for row in rows]

    async def version(
        self, tenant: str, name: str, version: int
    ) -> tuple[MappingVersionView, dict[str, Any]]:
        """Return one version and its document. Raises NotFoundError."""
        rows = await self._database.fetch(_VERSIONS, tenant, name, None, version, 1, None)
        if not rows:
            raise NotFoundError(f"no version {version} of mapping {name!r}")
        return _version(rows[0]), dict(rows[0]["document"])

    def _profile(self, row: Row) -> ProfileView:
        names, readable = self._secret_names(row)
        return ProfileView(
            name=row["name"],
            connector=row["connector"],
            config=row["config"],
            secrets=dict.fromkeys(names, MASK),
            secrets_readable=readable,
            active=row["active"],
            max_concurrent=row["max_concurrent"],
            rate=row["rate"],
            retry=msgspec.convert(row["retry"], RetryPolicy),
            used_by=row["used_by"],
            last_test=_last_test(row),
            changed_at=row["changed_at"],
            etag=mark_of(row["changed_at"]),
        )

    def _secret_names(self, row: Row) -> tuple[Sequence[str], bool]:
        if not row["secrets"]:
            return [], True
        try:
            found = self._keys.decrypt(row["secrets"], row["tenant"], row["id"])
        except SynclineError:  # False says that the key is not at hand
            return [], False
        return sorted(found), True


def _last_test(row: Row) -> LastTest | None:
    if row["tested_at"] is None:
        return None
    kept = row["test"]
    stale = row["tested_at"] < row["changed_at"]
    return LastTest(kept["ok"], kept["checks"], int(kept["tookMs"]), row["tested_at"], stale)


def _mapping(row: Row) -> MappingView:
    return MappingView(
        row["name"], row["entity_type"], row["active_version"], row["versions"], row["actor"],
        row["used_by"], row["changed_at"], mark_of(row["changed_at"]),
    )  # fmt: skip


def _version(row: Row) -> MappingVersionView:
    return MappingVersionView(row["version"], row["actor"], row["created_at"], row["active"])
