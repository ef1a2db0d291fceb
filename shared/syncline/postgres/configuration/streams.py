"""Streams: the (instance, entity type) pairs a run can be triggered for, with what it would use."""

from __future__ import annotations

import msgspec

from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import ConflictError, NotFoundError
from syncline.domain.naming import shown
from syncline.postgres.database.database import Repository, Row
from syncline.postgres.database.near_names import meant_by, no_entity_type
from syncline.postgres.database.rows import struct_of

_FIND = """
select i.tenant, i.id as instance, i.name, i.name as instance_name, i.enabled,
  i.source_id as source, i.target_id as target,
  i.run_order as "order",
  s.id, s.entity_type, s.mapping_id as mapping, m.active_version as mapping_version,
  p.active as source_active, p.name as source_name,
  t.active as target_active, t.name as target_name,
  array(select o.entity_type from streams o where o.instance_id = i.id and not o.removed order by 1)
    as entity_types
from instances i
join profiles p on p.id = i.source_id join profiles t on t.id = i.target_id
left join streams s on s.instance_id = i.id and not s.removed
  and s.entity_type = coalesce($3, i.run_order[1])
left join mappings m on m.id = s.mapping_id
where i.tenant = $1 and (i.name = $2 or i.id::text = $2)
"""


class Stream(msgspec.Struct, frozen=True):
    """An (instance, entity type) that may run now, what a run pins, and the instance's order."""

    id: int
    tenant: str
    instance: str
    instance_name: str
    entity_type: str
    source: str
    target: str
    mapping: str
    mapping_version: int
    order: list[str] = []


class Streams(Repository):
    """Looks up streams."""

    async def runnable(self, tenant: str, instance: str, entity_type: str | None) -> Stream:
        """Return the stream of an instance (name or ID) and entity type, the first without one.

        Raises:
            NotFoundError: no such instance, or the entity type is not in its mapping configs; or
                none is named, and the instance has no order.
            ConflictError: the instance is Inactive or Dependency Inactive.
        """
        wanted = entity_type and entity_type.lower()
        row = await self._database.fetchrow(_FIND, tenant, instance, wanted)
        if row is None:
            like = await meant_by(self._database, Kind.INSTANCE, tenant, instance)
            raise NotFoundError(f"unknown instance {shown(instance)}{like}")
        if row["id"] is None and entity_type is None:
            has = ", ".join(row["entity_types"]) or "none"
            message = f"instance {row['name']!r} has no `order`: name an entity type; it has: {has}"
            raise NotFoundError(message)
        if row["id"] is None and entity_type is not None:
            raise NotFoundError(no_entity_type(row["name"], entity_type, row["entity_types"]))
        if why := switched_off(row):
            raise ConflictError(why)
        return struct_of(Stream, row)


def switched_off(row: Row) -> str | None:
    """Say what keeps an instance from running, by its row with both profiles; None: nothing."""
    if not row["enabled"]:
        return f"instance {row['name']!r} is Inactive"
    for side in ("source", "target"):
        if not row[f"{side}_active"]:
            why = f"profile {row[f'{side}_name']!r} is Inactive"
            return f"instance {row['name']!r} is Dependency Inactive: {why}"
    return None
