"""Mappings and their versions as people see them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.domain.configuration.documents import Kind
from syncline.domain.record import JsonObject
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Repository, Row
from syncline.postgres.database.near_names import row_named
from syncline.postgres.database.rows import fetch_structs, mark_of, row_of, struct_of
from syncline.postgres.database.sorts import ListPart, Sorts, sort_column

_SELECT = """
select m.name, m.entity_type, m.active_version, m.changed_at, v.actor as changed_by, v.document,
  (select count(*) from mapping_versions o where o.mapping_id = m.id)::int as versions,
  array(select distinct i.name from streams s join instances i on i.id = s.instance_id
        where s.mapping_id = m.id and not s.removed order by 1) as used_by
from mappings m join mapping_versions v on v.mapping_id = m.id and v.version = m.active_version
where m.tenant = $1 and m.deleted_at is null
"""
_VERSIONS = """
select v.version, v.actor, v.created_at, v.version = m.active_version as active, v.document
from mapping_versions v join mappings m on m.id = v.mapping_id
where m.tenant = $1 and m.name = $2 and m.deleted_at is null
"""


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


MAPPING_SORTS = Sorts(
    {
        "name": sort_column("m.name", "name", folded=True),
        "entityType": sort_column("m.entity_type", "entity_type"),
        "activeVersion": sort_column("m.active_version", "active_version", "number"),
        "changedBy": sort_column("v.actor", "changed_by", folded=True),
        "changedAt": sort_column("m.changed_at", "changed_at", "moment"),
    },
    unique=sort_column("m.name", "name"),
    default="name",
)


class MappingVersionView(msgspec.Struct, frozen=True, rename="camel"):
    """One version of a mapping, without its document."""

    version: int
    actor: str
    created_at: datetime
    active: bool


class MappingList(Repository):
    """A tenant's mappings."""

    async def page(
        self, tenant: str, part: ListPart, *, entity_type: str | None = None
    ) -> list[MappingView]:
        """Return mappings, by name where no other order is wanted."""
        where, order = Conditions(tenant), part.order or MAPPING_SORTS.order()
        order.limit(where)
        where.add("(m.name ilike {0} or m.entity_type ilike {0})", part.pattern)
        where.add("m.entity_type = {}", entity_type and entity_type.strip().lower())
        sql = f"{_SELECT} and {where} order by {order} limit {where.bind(part.limit)}"
        return [_view(row) for row in await self._database.fetch(sql, *where.values)]

    async def get(self, tenant: str, name: str) -> tuple[MappingView, JsonObject]:
        """Return one mapping and its active document. Raises NotFoundError."""
        select = f"{_SELECT} and m.name = $2"
        row = await row_named(self._database, Kind.MAPPING, tenant, name, select=select)
        return _view(row), row["document"]

    async def versions(
        self, tenant: str, name: str, before: int | None, part: ListPart
    ) -> list[MappingVersionView]:
        """Return versions below `before`, newest first; `search`: a number, or part of the author.

        Raises NotFoundError.
        """
        await self.get(tenant, name)
        where = Conditions(tenant, name)
        where.add("v.version < {}", before)
        where.add("(v.version::text = btrim({0}, '%') or v.actor ilike {0})", part.pattern)
        sql = f"{_VERSIONS} and {where} order by v.version desc limit {where.bind(part.limit)}"
        return await fetch_structs(self._database, MappingVersionView, sql, *where.values)

    async def version(
        self, tenant: str, name: str, version: int
    ) -> tuple[MappingVersionView, JsonObject]:
        """Return one version and its document. Raises NotFoundError."""
        sql, what = f"{_VERSIONS} and v.version = $3", f"version {version} of mapping {name!r}"
        row = await row_of(self._database, what, sql, tenant, name, version)
        return struct_of(MappingVersionView, row), row["document"]


def _view(row: Row) -> MappingView:
    return struct_of(MappingView, row, etag=mark_of(row["changed_at"]))
