"""A tenant's configuration as it is stored: read whole, for comparing and exporting."""

from __future__ import annotations

from syncline.domain.configuration.documents import (
    InstanceConfig,
    Kind,
    MappingConfig,
    ProfileConfig,
    ScheduleConfig,
    TenantConfiguration,
)
from syncline.postgres.configuration.profiles import secrets_of
from syncline.postgres.database.database import Connection, Queryable, Row
from syncline.postgres.database.near_names import row_named
from syncline.postgres.database.rows import struct_of
from syncline.security.secrets import Keyring

_PROFILES = "select * from profiles where tenant = $1 and deleted_at is null order by name"
_MAPPINGS = """
select m.name, v.document from mappings m
join mapping_versions v on v.mapping_id = m.id and v.version = m.active_version
where m.tenant = $1 and m.deleted_at is null order by m.name
"""
_INSTANCES = """
select i.name, i.enabled, s.name as source, t.name as target,
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


async def read_configuration(
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
    )


async def read_profile(database: Queryable, keys: Keyring, tenant: str, name: str) -> ProfileConfig:
    """Read one profile, secrets decrypted. Raises NotFoundError."""
    return _profile(await row_named(database, Kind.PROFILE, tenant, name), keys)


def _profile(row: Row, keys: Keyring) -> ProfileConfig:
    return struct_of(ProfileConfig, row, secrets=secrets_of(row, keys))
