"""A configured stream, put straight into the database."""

from __future__ import annotations

from uuid import uuid4

from syncline.postgres.database import Database

DOCUMENT = {
    "entityType": "item",
    "extraction": {"mode": "config", "table": "items", "idColumn": "id", "cursorColumn": "changed"},
    "normalization": {"fields": [{"source": "id", "target": "sku"}]},
    "transformation": {"matchKey": "sku", "fields": [{"source": "sku", "target": "sku"}]},
}


async def configure(
    database: Database, *, tenant: str = "default", instance: str = "erp-shop"
) -> str:
    """Insert two profiles, a mapping and an instance with one stream `item`; return its ID."""
    source, target, mapping, instance_id = (uuid4() for _ in range(4))
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
        await c.execute(
            "insert into mappings (id, tenant, name, entity_type, active_version) "
            "values ($1, $2, $3, 'item', 1)",
            mapping,
            tenant,
            f"{instance}-items",
        )
        await c.execute(
            "insert into mapping_versions (mapping_id, version, tenant, document, actor) "
            "values ($1, 1, $2, $3, 'test')",
            mapping,
            tenant,
            DOCUMENT,
        )
        await c.execute(
            "insert into instances (id, tenant, name, source_id, target_id) "
            "values ($1, $2, $3, $4, $5)",
            instance_id,
            tenant,
            instance,
            source,
            target,
        )
        await c.execute(
            "insert into streams (tenant, instance_id, entity_type, mapping_id) "
            "values ($1, $2, 'item', $3)",
            tenant,
            instance_id,
            mapping,
        )
    return str(instance_id)
