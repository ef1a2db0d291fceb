"""Instances as people see them: whether they may run, why not, what they sync, their last runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from syncline.domain.configuration.documents import Kind, status_of
from syncline.domain.failure_budget import FailureBudget
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Repository, Row
from syncline.postgres.database.near_names import row_named
from syncline.postgres.database.rows import mark_of, struct_of
from syncline.postgres.database.sorts import ListPart, Sorts, sort_column

_INSTANCES = """
select i.*, i.run_order as "order",
  p.name as source, p.connector as source_connector, p.active as source_active,
  t.name as target, t.connector as target_connector, t.active as target_active
from instances i join profiles p on p.id = i.source_id join profiles t on t.id = i.target_id
where i.tenant = $1 and i.deleted_at is null
"""
_STATUS = """
case when not i.enabled then 'inactive' when p.active and t.active then 'active'
  else 'dependency_inactive' end
"""
# Of each entity type the newest run by the index, not all of them.
_LAST_RUN = """
(select max((select r.created_at from runs r where r.stream_id = s.id and r.replay is null
   order by r.created_at desc limit 1))
 from streams s where s.instance_id = i.id and not s.removed)
"""
# Counted once, and only where the list is sorted by it.
_PAGE = f"""
with pending as (
  select instance_id, count(*) as n from dead_letters
  where tenant = $1 and status = 'pending' group by 1
) {_INSTANCES}
"""
_PENDING = "coalesce((select n from pending c where c.instance_id = i.id), 0)"
_STREAMS = """
select s.instance_id, s.entity_type, m.name as mapping, m.active_version as mapping_version,
  coalesce(c.version, 0) as cursor_version, c.value as cursor, c.at as cursor_at,
  r.id as correlation_id, r.state, r.created_at, r.finished_at
from streams s join mappings m on m.id = s.mapping_id
left join lateral (select * from cursors c where c.stream_id = s.id order by version desc limit 1) c
  on true
left join lateral (select * from runs r where r.stream_id = s.id and r.replay is null
  order by created_at desc limit 1) r on true
where s.instance_id = any($1) and not s.removed order by s.entity_type
"""
_LETTERS = """
select instance_id, count(*) from dead_letters
where tenant = $1 and status = 'pending' and instance_id = any($2) group by 1
"""


class LastRun(msgspec.Struct, frozen=True, rename="camel"):
    """The newest run of an entity type that read its source: a replay says nothing of that."""

    correlation_id: str
    state: str
    created_at: datetime
    finished_at: datetime | None


class EntityTypeView(msgspec.Struct, frozen=True, rename="camel"):
    """An entity type of an instance; `cursor` is None if never set (version 0), or cleared."""

    entity_type: str
    mapping: str
    mapping_version: int
    cursor: str | None
    cursor_version: int
    cursor_at: datetime | None
    last_run: LastRun | None


class InstanceView(msgspec.Struct, frozen=True, rename="camel"):
    """An instance.

    Attributes:
        enabled: as a person switched it.
        status: `active`, `inactive` or `dependency_inactive`.
        cause: why it is not Active.
        mappings: names; what a change of the instance gives back.
        order: entity types whose whole runs follow one another; none where there is no order.
        failure_budget: how many records of a run may fail until it waits for a person.
        etag: of this state, for `If-Match`.
    """

    name: str
    source: str
    source_connector: str
    target: str
    target_connector: str
    enabled: bool
    status: str
    cause: str | None
    mappings: list[str]
    entity_types: list[EntityTypeView]
    pending_letters: int
    order: list[str]
    failure_budget: FailureBudget | None
    changed_at: datetime
    etag: str

    @property
    def last_run_at(self) -> datetime | None:
        """When the newest run of any of its entity types was created."""
        runs = [each.last_run.created_at for each in self.entity_types if each.last_run]
        return max(runs, default=None)


INSTANCE_SORTS = Sorts(
    {
        "name": sort_column("i.name", "name", folded=True),
        "source": sort_column("p.name", "source", folded=True),
        "target": sort_column("t.name", "target", folded=True),
        "status": sort_column(_STATUS, "status"),
        "lastRun": sort_column(_LAST_RUN, "last_run_at", "moment", nullable=True),
        "pendingLetters": sort_column(_PENDING, "pending_letters", "number"),
    },
    unique=sort_column("i.name", "name"),
    default="name",
)


class InstanceList(Repository):
    """A tenant's instances."""

    async def page(
        self, tenant: str, part: ListPart, *, status: str | None = None
    ) -> list[InstanceView]:
        """Return instances, by name where no other order is wanted."""
        where, order = Conditions(tenant), part.order or INSTANCE_SORTS.order()
        order.limit(where)
        where.add("(i.name ilike {0} or p.name ilike {0} or t.name ilike {0})", part.pattern)
        where.add(f"{{}} = {_STATUS}", status)
        sql = f"{_PAGE} and {where} order by {order} limit {where.bind(part.limit)}"
        return await self._views(tenant, await self._database.fetch(sql, *where.values))

    async def get(self, tenant: str, name: str) -> InstanceView:
        """Return one instance. Raises NotFoundError."""
        select = f"{_INSTANCES} and i.name = $2"
        row = await row_named(self._database, Kind.INSTANCE, tenant, name, select=select)
        return (await self._views(tenant, [row]))[0]

    async def _views(self, tenant: str, rows: Sequence[Row]) -> list[InstanceView]:
        ids = [row["id"] for row in rows]
        streams: dict[str, list[EntityTypeView]] = defaultdict(list)
        for row in await self._database.fetch(_STREAMS, ids):
            last_run = struct_of(LastRun, row) if row["correlation_id"] else None
            streams[row["instance_id"]].append(struct_of(EntityTypeView, row, last_run=last_run))
        letters = dict(map(tuple, await self._database.fetch(_LETTERS, tenant, ids)))
        return [_view(row, streams[row["id"]], letters.get(row["id"], 0)) for row in rows]


def _view(row: Row, streams: Sequence[EntityTypeView], letters: int) -> InstanceView:
    inactive = [row[side] for side in ("source", "target") if not row[f"{side}_active"]]
    status, cause = status_of(enabled=row["enabled"], inactive_profiles=inactive)
    return struct_of(
        InstanceView,
        row,
        status=status.value,
        cause=cause,
        mappings=sorted(stream.mapping for stream in streams),
        entity_types=streams,
        pending_letters=letters,
        etag=mark_of(row["changed_at"]),
    )
