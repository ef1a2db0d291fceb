"""A configured stream, put straight into the database."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from syncline.postgres.database.database import Database

DOCUMENT = {
    "entityType": "item",
    "extraction": {"mode": "config", "table": "items", "idColumn": "id", "cursorColumn": "changed"},
    "normalization": {"fields": [{"source": "id", "target": "sku"}]},
    "transformation": {"matchKey": "sku", "fields": [{"source": "sku", "target": "sku"}]},
}


async def store_instance(
    c: Any, name: str, profiles: tuple[UUID, UUID], mapping: str, document: object,
    tenant: str = "default",
) -> UUID:  # fmt: skip
    """Insert a mapping of items and an instance with that one stream; return the instance's ID.

    Args:
        profiles: its source and its target.
        mapping: the mapping's name.
    """
    instance, mapping_id = uuid4(), uuid4()
    await c.execute(
        "insert into mappings (id, tenant, name, entity_type, active_version) "
        "values ($1, $2, $3, 'item', 1)",
        mapping_id, tenant, mapping,
    )  # fmt: skip
    await c.execute(
        "insert into mapping_versions (mapping_id, version, tenant, document, actor) "
        "values ($1, 1, $2, $3, 'test')",
        mapping_id, tenant, document,
    )  # fmt: skip
    await c.execute(
        "insert into instances (id, tenant, name, source_id, target_id) "
        "values ($1, $2, $3, $4, $5)",
        instance, tenant, name, *profiles,
    )  # fmt: skip
    await c.execute(
        "insert into streams (tenant, instance_id, entity_type, mapping_id) "
        "values ($1, $2, 'item', $3)",
        tenant, instance, mapping_id,
    )  # fmt: skip
    return instance


async def configure(
    database: Database, *, tenant: str = "default", instance: str = "erp-shop"
) -> str:
    """Insert two profiles, a mapping and an instance with one stream `item`; return its ID."""
    source, target = uuid4(), uuid4()
    async with database.transaction() as c:
        await c.execute("insert into tenants (id) values ($1) on conflict do nothing", tenant)
        for profile, name in ((source, "erp"), (target, "shop")):
            await c.execute(
                """insert into profiles (id, tenant, name, connector, config)
                values ($1, $2, $3, 'http', '{}')""",
                profile,
                tenant,
                f"{instance}-{name}",
            )
        stored = await store_instance(
            c, instance, (source, target), f"{instance}-items", DOCUMENT, tenant
        )
    return str(stored)
