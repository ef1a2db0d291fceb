"""The instance `erp-shop`: 5,000 items go from a table to another one of the same database."""

from __future__ import annotations

from syncline.postgres.database.database import Database
from tests.support.configured import store_instance
from tests.support.installation import Installation

DOCUMENT = {
    "entityType": "item",
    "extraction": {
        "mode": "config", "table": "source_items", "idColumn": "code", "cursorColumn": "changed",
    },
    "normalization": {"fields": [
        {"source": "code", "target": "sku", "required": True},
        {"source": "name", "target": "name", "transform": "trim", "required": True},
        {"source": "price", "target": "price", "type": "decimal"},
        {"source": "active", "target": "active", "type": "bool", "transform": "sapYesNo"},
    ]},
    "transformation": {
        "matchKey": "code", "target": {"table": "target_items"},
        "exclude": {"field": "name", "op": "eq", "value": "internal"},
        "fields": [
            {"source": "sku", "target": "code"}, {"source": "name", "target": "title"},
            {"source": "price", "target": "price"}, {"source": "active", "target": "active"},
        ],
    },
}  # fmt: skip


async def store_erp_shop(db: Database, place: Installation) -> None:
    """Store profiles, a mapping and the instance, and make and fill its tables."""
    async with db.transaction() as c:
        profiles = place.profiles(c)
        source = await profiles.store_own_database("erp")
        target = await profiles.store_own_database("shop")
        await store_instance(c, "erp-shop", (source, target), "items", DOCUMENT)
        await c.execute(
            """create table source_items as select 'A' || n as code, ' Näme ' || n as name,
            (n * 1.10)::numeric(19,6) as price, case when n % 3 = 0 then 'N' else 'Y' end as active,
            timestamp '2026-01-01' + n / 100 * interval '1 minute' as changed
            from generate_series(1, 5000) n"""
        )
        await c.execute(
            "create table target_items "
            "(code text primary key, title text, price numeric, active bool)"
        )
