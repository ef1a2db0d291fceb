"""A schedule, put straight into the database."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from syncline.postgres.database.database import Database


async def schedule(
    database: Database,
    cron: str,
    next_at: datetime,
    *,
    name: str = "nightly",
    instance: str = "erp-shop",
) -> None:
    """Insert a schedule of items whose next slot is given; nothing changed since long ago."""
    await database.execute(
        """insert into schedules (id, tenant, name, instance_id, entity_type, cron, timezone,
          sentence, next_at, changed_at)
        select $1, i.tenant, $2, i.id, 'item', $3, 'UTC', $3, $4, timestamptz '2000-01-01'
        from instances i where i.name = $5""",
        uuid4(),
        name,
        cron,
        next_at,
        instance,
    )
    for table in ("instances", "profiles"):
        await database.execute(f"update {table} set changed_at = timestamptz '2000-01-01'")
