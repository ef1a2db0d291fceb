"""Changing hooks. Their secrets are in `postgres.hooks.hook_secrets`."""

from __future__ import annotations

import msgspec
from uuid6 import uuid7

from syncline.domain.configuration.documents import HookConfig
from syncline.postgres.database.database import Connection

_SAVE = """
insert into hooks (id, tenant, name, instance_id, entity_type, source_ids, signature, enabled)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (tenant, name) do update set source_ids = excluded.source_ids,
  signature = excluded.signature, enabled = excluded.enabled, changed_at = clock_timestamp()
"""


async def save_hook(connection: Connection, tenant: str, instance: str, config: HookConfig) -> None:
    """Store a new or changed hook of the instance of an ID; a new one has no secret yet."""
    signature = msgspec.to_builtins(config.signature)
    what = (instance, config.entity_type, config.source_ids, signature, config.enabled)
    await connection.execute(_SAVE, str(uuid7()), tenant, config.name, *what)
