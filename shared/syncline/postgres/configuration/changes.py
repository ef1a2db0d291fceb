"""Writing configuration of every kind in one transaction, audited; and reading it whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec
from uuid6 import uuid7

from syncline.domain.configuration.comparison import PlanStep, kept_secrets
from syncline.domain.configuration.documents import (
    Config,
    HookConfig,
    InstanceConfig,
    Kind,
    MappingConfig,
    ProfileConfig,
    ScheduleConfig,
    TenantConfiguration,
)
from syncline.domain.errors import InvalidInputError, NotFoundError, Problem
from syncline.domain.notification.subscription import SubscriptionConfig
from syncline.postgres.audit.log import audit, before_and_after
from syncline.postgres.configuration.edits import REMOVE_STREAMS, Edits
from syncline.postgres.configuration.hooks import save_hook
from syncline.postgres.configuration.profiles import secrets_of
from syncline.postgres.configuration.schedules import save_schedule
from syncline.postgres.configuration.subscriptions import (
    save_subscription,
    subscriptions_of,
    unconfirmed,
)
from syncline.postgres.database.database import Connection, Row
from syncline.postgres.database.near_names import row_named
from syncline.postgres.database.rekey import SecretRepository, rekey_column
from syncline.postgres.database.rows import struct_of
from syncline.security.secrets import Keyring

_SAVE_PROFILE = """
insert into profiles (id, tenant, name, connector, config, secrets, secret_sources, active,
  max_concurrent, rate, retry)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (tenant, name) do update set connector = excluded.connector, config = excluded.config,
  secrets = excluded.secrets, secret_sources = excluded.secret_sources, active = excluded.active,
  max_concurrent = excluded.max_concurrent, rate = excluded.rate, retry = excluded.retry,
  changed_at = clock_timestamp()
"""
_NEXT_VERSION = """
select id, entity_type, 1 + (select max(version) from mapping_versions v
  where v.mapping_id = m.id) as next from mappings m where tenant = $1 and name = $2
"""
_SAVE_MAPPING = """
insert into mappings (id, tenant, name, entity_type, active_version) values ($1, $2, $3, $4, $5)
on conflict (id) do update set active_version = excluded.active_version,
  changed_at = clock_timestamp()
"""
_SAVE_VERSION = """
insert into mapping_versions (mapping_id, version, tenant, document, actor)
values ($1, $2, $3, $4, $5)
"""
_SAVE_INSTANCE = """
insert into instances (id, tenant, name, source_id, target_id, enabled, failure_budget, run_order)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (tenant, name) do update set source_id = excluded.source_id,
  target_id = excluded.target_id, enabled = excluded.enabled,
  failure_budget = excluded.failure_budget, run_order = excluded.run_order,
  changed_at = clock_timestamp()
"""
_SAVE_STREAMS = """
insert into streams (tenant, instance_id, entity_type, mapping_id)
select m.tenant, $1, m.entity_type, m.id from mappings m where m.id = any($2)
on conflict (instance_id, entity_type)
  do update set mapping_id = excluded.mapping_id, removed = false
"""
_PROFILES = "select * from profiles where tenant = $1 and deleted_at is null order by name"
_MAPPINGS = """
select m.name, v.document from mappings m
join mapping_versions v on v.mapping_id = m.id and v.version = m.active_version
where m.tenant = $1 and m.deleted_at is null order by m.name
"""
_INSTANCES = """
select i.name, i.enabled, i.failure_budget, i.run_order as "order",
  s.name as source, t.name as target,
  array(select m.name from streams x join mappings m on m.id = x.mapping_id
        where x.instance_id = i.id and not x.removed order by m.name) as mappings
from instances i join profiles s on s.id = i.source_id join profiles t on t.id = i.target_id
where i.tenant = $1 and i.deleted_at is null order by i.name
"""
_SCHEDULES = """
select s.name, i.name as instance, s.entity_type, s.cron, s.timezone, s.enabled
from schedules s join instances i on i.id = s.instance_id
where s.tenant = $1 and s.deleted_at is null order by s.name
"""
_HOOKS = """
select h.name, i.name as instance, h.entity_type, h.source_ids, h.signature, h.enabled
from hooks h join instances i on i.id = h.instance_id
where h.tenant = $1 and h.deleted_at is null order by h.name
"""
_KEEP_TEST = """
update profiles set tested_at = $3, test = $4
where tenant = $1 and name = $2 and deleted_at is null
"""
_WRITTEN_BY = """
select count(*) from (
  select from mappings m join streams s on s.mapping_id = m.id and not s.removed
  join ledger l on l.stream_id = s.id and l.payload_hash is not null
  where m.tenant = $1 and m.name = $2 and m.deleted_at is null limit $3) found
"""
_LEDGER_SYSTEMS = """
select i.name, s.entity_type, s.ledger_system
from streams s join instances i on i.id = s.instance_id
where s.tenant = $1 and s.ledger_system is not null and not s.removed and i.deleted_at is null
"""


class Change(Edits):
    """One transaction that changes one tenant's configuration; every change is audited."""

    def __init__(self, connection: Connection, keys: Keyring, tenant: str, actor: str) -> None:
        super().__init__(connection, tenant, actor)
        self._keys = keys

    async def stored(self) -> TenantConfiguration:
        """Return what is configured now, secrets decrypted."""
        return await _read_configuration(self._connection, self._keys, self._tenant)

    async def save(self, step: PlanStep, config: Config, stored: Config | None) -> None:
        """Store one created or changed document; its differences go into the audit log.

        Raises:
            InvalidInputError: a kept secret would go to another address, or a mapping's entity
                type would change.
            NotFoundError: an instance names a profile or mapping that does not exist.
            ConflictError: another schedule is there for its instance and entity type.
        """
        if isinstance(config, ProfileConfig):
            await self._save_profile(config, stored)
        elif isinstance(config, MappingConfig):
            await self._save_mapping(config)
        elif isinstance(config, ScheduleConfig):
            instance = await self._existing(Kind.INSTANCE, config.instance)
            await save_schedule(self._connection, self._tenant, instance, config)
        elif isinstance(config, HookConfig):
            instance = await self._existing(Kind.INSTANCE, config.instance)
            await save_hook(self._connection, self._tenant, instance, config)
        elif isinstance(config, SubscriptionConfig):
            await save_subscription(self._connection, self._keys, self._tenant, config)
        else:
            await self._save_instance(config)
        action = f"{step.kind.lower()}.{step.action}"
        details = before_and_after(step.differences)
        await audit(self._connection, self._tenant, self._actor, action, step.name, details)

    async def _save_profile(self, config: ProfileConfig, stored: Config | None) -> None:
        before = stored if isinstance(stored, ProfileConfig) else None
        secrets, sources = kept_secrets(config, before)
        profile_id = await self._id("profiles", config.name) or str(uuid7())
        encrypted = self._keys.encrypt(secrets, self._tenant, profile_id) if secrets else None
        who = (profile_id, self._tenant, config.name, config.connector)
        limits = (config.max_concurrent, config.rate, msgspec.to_builtins(config.retry))
        what = (config.config, encrypted, sources, config.active, *limits)
        await self._connection.execute(_SAVE_PROFILE, *who, *what)

    async def add_version(self, config: MappingConfig) -> int:
        """Add the next version of a mapping that is there, and leave the active one as it is.

        Returns its number. Raises InvalidInputError: its entity type would change.
        """
        mapping_id, version = await self._next_version(config)
        await self._save_version(mapping_id, version, config)
        await self._audit("mapping.version_saved", config.name, {"version": version})
        return version

    async def _save_mapping(self, config: MappingConfig) -> None:
        """Add the next version, and make it the active one."""
        mapping_id, version = await self._next_version(config)
        mapping = (mapping_id, self._tenant, config.name, config.entity_type, version)
        await self._connection.execute(_SAVE_MAPPING, *mapping)
        await self._save_version(mapping_id, version, config)

    async def _next_version(self, config: MappingConfig) -> tuple[str, int]:
        """Return a mapping's ID, made where there is none, and the number of its next version."""
        row = await self._connection.fetchrow(_NEXT_VERSION, self._tenant, config.name)
        if row is not None and row["entity_type"] != config.entity_type:
            message = f"cannot change from {row['entity_type']!r}: give the mapping another name"
            raise InvalidInputError([Problem("$.entityType", message)])
        return (row["id"], row["next"]) if row else (str(uuid7()), 1)

    async def _save_version(self, mapping_id: str, version: int, config: MappingConfig) -> None:
        """Store a version; versions never change, so runs keep the one they pinned."""
        saved = (mapping_id, version, self._tenant, config.document, self._actor)
        await self._connection.execute(_SAVE_VERSION, *saved)

    async def _save_instance(self, config: InstanceConfig) -> None:
        instance_id = await self._id("instances", config.name) or str(uuid7())
        source = await self._existing(Kind.PROFILE, config.source)
        target = await self._existing(Kind.PROFILE, config.target)
        budget = config.failure_budget and msgspec.to_builtins(config.failure_budget)
        who = (instance_id, self._tenant, config.name, source, target)
        what = (config.enabled, budget, list(config.order))
        await self._connection.execute(_SAVE_INSTANCE, *who, *what)
        await self._save_streams(instance_id, config.mappings)

    async def _save_streams(self, instance_id: str, mappings: Sequence[str]) -> None:
        """Give the instance these streams; one that is removed keeps its history."""
        ids = [await self._existing(Kind.MAPPING, name) for name in mappings]
        await self._connection.execute(REMOVE_STREAMS, instance_id)
        await self._connection.execute(_SAVE_STREAMS, instance_id, ids)

    async def _id(self, table: str, name: str) -> str | None:
        found: str | None = await self._connection.fetchval(
            f"select id from {table} where tenant = $1 and name = $2", self._tenant, name
        )
        return found

    async def _existing(self, kind: Kind, name: str) -> str:
        found: str = (await self._row(kind, name))["id"]
        return found


class ConfigurationStore(SecretRepository):
    """A tenant's configuration as a whole; every method may raise RetriableError."""

    async def stored(self, tenant: str) -> TenantConfiguration:
        """Return what is configured, secrets decrypted. Raises NotFoundError."""
        async with self._database.connection() as connection:
            await _require_tenant(connection, tenant)
            return await _read_configuration(connection, self._keys, tenant)

    async def profile(self, tenant: str, name: str) -> ProfileConfig:
        """Return one profile, secrets decrypted. Raises NotFoundError."""
        row = await row_named(self._database, Kind.PROFILE, tenant, name)
        return _profile(row, self._keys)

    async def written_by(self, tenant: str, mapping: str, most: int) -> int:
        """Count the records that were written by a mapping, up to one more than `most`."""
        count: int = await self._database.fetchval(_WRITTEN_BY, tenant, mapping, most + 1)
        return count

    async def ledger_systems(self, tenant: str) -> dict[tuple[str, str], str]:
        """Return what the ledgers of streams are about, by instance and entity type."""
        rows = await self._database.fetch(_LEDGER_SYSTEMS, tenant)
        return {(row[0], row[1]): row[2] for row in rows}

    async def unconfirmed(self, tenant: str, addresses: Sequence[str]) -> list[str]:
        """Return those of the addresses whose owners have not confirmed that they want mail."""
        return await unconfirmed(self._database, tenant, list(addresses))

    async def keep_test(
        self, tenant: str, name: str, at: datetime, result: Mapping[str, object]
    ) -> None:
        """Store the result of a connection test with its profile, which counts as unchanged."""
        await self._database.execute(_KEEP_TEST, tenant, name, at, dict(result))

    @asynccontextmanager
    async def change(self, tenant: str, actor: str) -> AsyncIterator[Change]:
        """Open the one transaction that changes a tenant's configuration. Raises NotFoundError."""
        async with self._database.transaction() as connection:
            await _require_tenant(connection, tenant, lock=True)
            yield Change(connection, self._keys, tenant, actor)

    async def rekey(self, actor: str) -> int:
        """Encrypt every secret that is not under the first key anew; return how many there were."""
        async with self._database.transaction() as connection:
            old = await rekey_column(connection, self._keys, "profiles", "secrets", str)
            for row in old:
                await audit(connection, row["tenant"], actor, "profile.rekeyed", row["name"], {})
            return len(old)


async def _require_tenant(connection: Connection, tenant: str, *, lock: bool = False) -> None:
    suffix = " for update" if lock else ""
    found = await connection.fetchval(f"select id from tenants where id = $1{suffix}", tenant)
    if found is None:
        raise NotFoundError(f"no tenant {tenant!r}")


async def _read_configuration(
    connection: Connection, keys: Keyring, tenant: str
) -> TenantConfiguration:
    """Read everything of a tenant, secrets decrypted."""

    async def rows(sql: str) -> dict[str, Row]:
        return {row["name"]: row for row in await connection.fetch(sql, tenant)}

    return TenantConfiguration(
        {name: _profile(row, keys) for name, row in (await rows(_PROFILES)).items()},
        {name: struct_of(MappingConfig, row) for name, row in (await rows(_MAPPINGS)).items()},
        {name: struct_of(InstanceConfig, row) for name, row in (await rows(_INSTANCES)).items()},
        {name: struct_of(ScheduleConfig, row) for name, row in (await rows(_SCHEDULES)).items()},
        {name: struct_of(HookConfig, row) for name, row in (await rows(_HOOKS)).items()},
        await subscriptions_of(connection, keys, tenant),
    )


def _profile(row: Row, keys: Keyring) -> ProfileConfig:
    return struct_of(ProfileConfig, row, secrets=secrets_of(row, keys))
