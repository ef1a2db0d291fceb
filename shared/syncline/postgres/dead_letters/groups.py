"""Groups of dead letters that failed alike: what they share, how many, since when, and what now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TypeAlias

import msgspec

from syncline.domain.dead_letter.fingerprint import pattern_of
from syncline.domain.dead_letter.replay import (
    AMBIGUOUS,
    ERASED,
    UNCHECKED,
    StreamStanding,
    hindrance_of,
)
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Repository, Row
from syncline.postgres.database.rows import struct_of
from syncline.postgres.database.sorts import Order, Sorts, sort_column
from syncline.postgres.dead_letters.filter import DeadLetterFilter, conditions_of
from syncline.postgres.dead_letters.queue import standing_of

# Two steps, so that the names of a group's streams come without sorting its entries.
_GROUPS = """
with parts as (
  select d.fingerprint, d.instance_id, d.entity_type, count(*) as n, min(d.failed_at) as first_at,
    max(d.failed_at) as last_at,
    count(*) filter (where d.status = 'pending' and d.erased_at is null) as waiting,
    count(*) filter (where d.status = 'pending' and d.erased_at is not null) as erased
  from dead_letters d where {condition} group by 1, 2, 3
), folded as (
  select fingerprint, sum(n)::bigint as n, min(first_at) as first_at, max(last_at) as last_at,
    array_agg(distinct instance_id) as instances, array_agg(distinct entity_type) as entity_types,
    array_agg(instance_id) as of_instance, array_agg(entity_type) as of_type,
    array_agg(waiting) as waiting, sum(erased)::bigint as erased
  from parts group by 1
)
select f.fingerprint as "group", d.stage, d.category, d.code, d.error, d.pattern, d.field,
  f.n as count, f.first_at as first_seen, f.last_at as last_seen,
  array(select name from instances where id = any(f.instances) order by 1) as instances,
  array(select t from unnest(f.entity_types) t where t is not null order by 1) as entity_types,
  f.of_instance, f.of_type, f.waiting, f.erased, now() - f.first_at < interval '1 day' as is_new,
  exists (select from dead_letters r where r.tenant = $1 and r.fingerprint = f.fingerprint
    and r.status = 'replayed' and r.resolved_at < f.first_at) as came_back
from (select * from folded f where {behind} order by {order} limit {limit}) f
cross join lateral (
  select stage, category, code, error, pattern, field from dead_letters d
  where d.fingerprint = f.fingerprint and {condition}
  order by d.failed_at desc, d.id desc limit 1) d
order by {order}
"""
# Groups are made of all entries that are meant, whichever of them are shown.
GROUP_SORTS = Sorts(
    {
        "count": sort_column("f.n", "count", "number"),
        "firstSeen": sort_column("f.first_at", "first_seen", "moment"),
        "lastSeen": sort_column("f.last_at", "last_seen", "moment"),
    },
    unique=sort_column("f.fingerprint", "group"),
    default="-count",
)
LARGEST = GROUP_SORTS.order()
_PATTERN = """
select pattern from dead_letters where tenant = $1 and fingerprint = $2
order by failed_at desc, id desc limit 1
"""
_STANDINGS = """
select i.id as instance_id, w.entity_type, i.name as instance, i.enabled, s.name as source,
  s.active as source_active, t.name as target, t.active as target_active,
  coalesce(st.removed, true) as removed
from unnest($1::uuid[], $2::text[]) as w(id, entity_type) join instances i on i.id = w.id
join profiles s on s.id = i.source_id join profiles t on t.id = i.target_id
left join streams st on st.instance_id = i.id and st.entity_type = w.entity_type
"""
_STREAMS = """
select now() as now, i.name, p.entity_type, p.n from (select) one left join (
  select d.instance_id, d.entity_type, count(*) as n from dead_letters d where {}
  group by 1, 2) p on true
left join instances i on i.id = p.instance_id
order by p.n desc nulls last, i.name, p.entity_type
"""
_Stream: TypeAlias = tuple[str | None, str | None]
"""ID of an instance, and entity type."""
_Standings: TypeAlias = dict[_Stream, StreamStanding | None]


class DeadLetterGroup(msgspec.Struct, frozen=True, rename="camel"):
    """Entries that failed alike.

    Attributes:
        group: the fingerprint of stage, class, field and the message without its values.
        pattern: that message.
        error: the newest one, with its values.
        state: `new` (since less than a day), `regressed` (came back after a replay) or `ongoing`.
        replayable: entries of it that wait and that a replay would take now.
        hindrances: why it would not take the others.
    """

    group: str
    stage: str
    category: str
    code: str
    error: str
    pattern: str
    field: str | None
    count: int
    instances: list[str]
    entity_types: list[str]
    first_seen: datetime
    last_seen: datetime
    state: str
    replayable: int
    hindrances: list[str]


class DeadLetterGroups(Repository):
    """Every method may raise RetriableError."""

    async def page(
        self, tenant: str, wanted: DeadLetterFilter, limit: int, order: Order = LARGEST
    ) -> list[DeadLetterGroup]:
        """Return groups in an order, from where it begins; the largest where none is wanted."""
        where = conditions_of(tenant, wanted)
        behind = Conditions(*where.values)
        order.limit(behind)
        limited = behind.bind(limit)
        sql = _GROUPS.format(condition=where, behind=behind, order=order, limit=limited)
        rows = await self._database.fetch(sql, *behind.values)
        standings = await self._standings(
            {pair for row in rows for pair in zip(row["of_instance"], row["of_type"], strict=True)}
        )
        return [_group(row, standings) for row in rows]

    async def pattern_of(self, tenant: str, group: str) -> str | None:
        """Return the error of a group without its values; None where nothing failed so."""
        found: str | None = await self._database.fetchval(_PATTERN, tenant, group)
        return found

    async def _standings(self, streams: Collection[_Stream]) -> _Standings:
        instances, types = [stream[0] for stream in streams], [stream[1] for stream in streams]
        rows = await self._database.fetch(_STANDINGS, instances, types)
        return {(row["instance_id"], row["entity_type"]): standing_of(row) for row in rows}

    async def streams(
        self, tenant: str, wanted: DeadLetterFilter
    ) -> tuple[datetime, list[tuple[str | None, str | None, int]]]:
        """Return the moment, and how many entries there are of each instance and entity type."""
        where = conditions_of(tenant, wanted)
        rows = await self._database.fetch(_STREAMS.format(where), *where.values)
        found = [(row["name"], row["entity_type"], row["n"]) for row in rows if row["n"]]
        return rows[0]["now"], found


def _group(row: Row, standings: _Standings) -> DeadLetterGroup:
    replayable, hindrances = _replayable(row, standings)
    return struct_of(
        DeadLetterGroup,
        row,
        pattern=row["pattern"] or pattern_of(row["error"]),
        state="regressed" if row["came_back"] else "new" if row["is_new"] else "ongoing",
        replayable=replayable,
        hindrances=hindrances,
    )


def _replayable(row: Row, standings: _Standings) -> tuple[int, list[str]]:
    """Count the entries that a replay of the group takes, and say why it does not take others."""
    count, hindrances = 0, dict[str, None]()
    if row["erased"]:
        hindrances[ERASED] = None
    streams = zip(row["of_instance"], row["of_type"], row["waiting"], strict=True)
    for instance, entity_type, waiting in streams:
        why = hindrance_of(standings.get((instance, entity_type)), row["stage"], row["code"])
        if why is None and row["code"] == AMBIGUOUS:
            why = UNCHECKED
        if why is None:
            count += waiting
        elif waiting:
            hindrances[why] = None
    return count, list(hindrances)
