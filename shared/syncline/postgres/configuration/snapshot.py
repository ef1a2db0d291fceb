"""A tenant's configuration as it is stored: read whole, for comparing and exporting."""

from __future__ import annotations

import msgspec

from syncline.domain.configuration.documents import (
    InstanceConfig,
    Kind,
    MappingConfig,
    ProfileConfig,
    ScheduleConfig,
    TenantConfiguration,
)
from syncline.domain.retry import RetryPolicy
from syncline.postgres.database.database import Connection, Row
from syncline.postgres.database.near_names import none_like
from syncline.security.secrets import Keyring


async def configured(connection: Connection, keys: Keyring, tenant: str) -> TenantConfiguration:
    """Read everything of a tenant, secrets decrypted."""
    profiles = await connection.fetch(
        "select * from profiles where tenant = $1 and deleted_at is null order by name", tenant
    )
    mappings = await connection.fetch(
        """select m.name, v.document from mappings m
        join mapping_versions v on v.mapping_id = m.id and v.version = m.active_version
        where m.tenant = $1 and m.deleted_at is null order by m.name""",
        tenant,
    )
    instances = await connection.fetch(
        """select i.name, i.enabled, s.name as source, t.name as target,
          array(select m.name from streams x join mappings m on m.id = x.mapping_id
                where x.instance_id = i.id and not x.removed order by m.name) as mappings
        from instances i join profiles s on s.id = i.source_id join profiles t on t.id = i.target_id
        where i.tenant = $1 and i.deleted_at is null order by i.name""",
        tenant,
    )
    schedules = await connection.fetch(
        """select s.name, i.name as instance, s.entity_type, s.cron, s.timezone, s.enabled
        from schedules s join instances i on i.id = s.instance_id
        where s.tenant = $1 and s.deleted_at is null order by s.name""",
        tenant,
    )
    return TenantConfiguration(
        {row["name"]: _profile(row, keys) for row in profiles},
        {r["name"]: MappingConfig(name=r["name"], document=r["document"]) for r in mappings},
        {row["name"]: _instance(row) for row in instances},
        {row["name"]: ScheduleConfig(**row) for row in schedules},
    )


async def profile_named(
    connection: Connection,
    keys: Keyring,
    tenant: str,
    name: str,
) -> ProfileConfig:
    """Read one profile, secrets decrypted. Raises NotFoundError."""
    row = await connection.fetchrow(
        "select * from profiles where tenant = $1 and name = $2 and deleted_at is null",
        tenant,
        name,
    )
    if row is None:
        raise await none_like(connection, Kind.PROFILE, tenant, name)
    return _profile(row, keys)


def _profile(row: Row, keys: Keyring) -> ProfileConfig:
    stored = row["secrets"]
    return ProfileConfig(
        name=row["name"],
        connector=row["connector"],
        config=row["config"],
        secrets=keys.decrypt(stored, row["tenant"], row["id"]) if stored else {},
        secret_sources=row["secret_sources"],
        active=row["active"],
        max_concurrent=row["max_concurrent"],
        rate=row["rate"],
        retry=msgspec.convert(row["retry"], RetryPolicy),
    )


def _instance(row: Row) -> InstanceConfig:
    return InstanceConfig(
        name=row["name"],
        source=row["source"],
        target=row["target"],
        mappings=tuple(row["mappings"]),
        enabled=row["enabled"],
    )
