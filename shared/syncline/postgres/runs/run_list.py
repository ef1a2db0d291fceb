"""Lists of runs by filter, in the order that is wanted."""

from __future__ import annotations

import math
from datetime import datetime

import msgspec

from syncline.domain.run import Counters, Notice
from syncline.postgres.database.conditions import Conditions, id_range
from syncline.postgres.database.database import Repository, Row
from syncline.postgres.database.rows import struct_of
from syncline.postgres.database.sorts import Kind, Order, SortColumn, Sorts, sort_column
from syncline.postgres.runs.run_row import notices_of

COUNTED = 10_000
"""Most runs of a filter that are counted; above it a list says that there are more."""
REASONS = ("unchanged", "excluded", "superseded", "cancelled")
SELECT = """
select r.*, r.id as correlation_id, i.name as instance, s.name as source, t.name as target,
  r.extracted as total_is_final, r.parent_id as replay_of,
  extract(epoch from r.finished_at - r.started_at)::float8 as seconds
from runs r join instances i on i.id = r.instance_id
left join profiles s on s.id = r.source_id left join profiles t on t.id = r.target_id
"""
_OF_INSTANCE = """r.stream_id = any(array(select s.id from streams s
  join instances i on i.id = s.instance_id where i.tenant = $1 and i.name = {}))"""


class RunFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs; empty is any.

    Attributes:
        states: any of these.
        instance: its name.
        since, until: of their creation; the first inclusive, the second exclusive.
        prefix: how the correlation ID begins: hexadecimal digits, hyphens do not matter.
        parent: they replay failures of this run.
    """

    states: tuple[str, ...] = ()
    instance: str | None = None
    entity_type: str | None = None
    trigger: str | None = None
    mode: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    prefix: str | None = None
    parent: str | None = None


class RunView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A run as lists show it.

    Attributes:
        source, target: names of the connection profiles.
        trigger: who asked: console, cli, topic, api, schedule, hook, replay, chain.
        skip_reasons: unchanged, excluded, superseded, cancelled -> records; zeros are left out.
        total_is_final: the source was read to its end, so that total rises no more.
        source_ids: how many source IDs the run is limited to.
        replay_of: the run whose failures are replayed.
        retry_due_at: when the last of the waiting retries is due.
        paused_by: who paused it, while it is paused.
        needs_attention: why a person has to resume or cancel it, while it is over its failure
            budget.
        seconds: from its start to its end.
        notices: what it tells of itself that is no failure, each code once.
    """

    correlation_id: str
    instance: str
    entity_type: str
    source: str | None
    target: str | None
    trigger: str
    actor: str
    mode: str
    state: str
    reason: str | None
    total: int
    success: int
    skipped: int
    failed: int
    in_flight: int
    skip_reasons: dict[str, int]
    total_is_final: bool
    mapping_version: int
    batch_size: int
    max_entities: int | None
    source_ids: int | None
    replay_of: str | None
    retry_due_at: datetime | None
    cancel_requested_at: datetime | None
    cancel_requested_by: str | None
    paused_by: str | None
    needs_attention: str | None
    created_at: datetime
    started_at: datetime | None
    extracted_at: datetime | None
    finished_at: datetime | None
    seconds: float | None
    notices: list[Notice]


def _seconds(run: RunView) -> float:
    """Return how long a run took: for ever so far, or no time where it never began."""
    if run.finished_at is None:
        return math.inf
    return -1 if run.seconds is None else run.seconds


def _figure(name: str, kind: Kind = "number") -> SortColumn:
    return sort_column(f"r.ended_{name}", name, kind)


RUN_SORTS = Sorts(
    {
        "createdAt": sort_column("r.created_at", "created_at", "moment"),
        "startedAt": SortColumn(
            "coalesce(r.started_at, r.created_at)",
            lambda run: run.started_at or run.created_at,
            "moment",
        ),
        "total": _figure("total"),
        "success": _figure("success"),
        "skipped": _figure("skipped"),
        "failed": _figure("failed"),
        "seconds": SortColumn("r.ended_seconds", _seconds, "decimal"),
    },
    unique=sort_column("r.id", "correlation_id", "id"),
    default="-createdAt",
)
NEWEST = RUN_SORTS.order()
# What changes with each batch stands in no index. A run that has not ended is one of few.
_SO_FAR = {
    "r.ended_total": "r.total",
    "r.ended_success": "r.success",
    "r.ended_skipped": "(r.unchanged + r.excluded + r.superseded + r.cancelled)",
    "r.ended_failed": "r.failed",
    "r.ended_seconds": "'infinity'::float8",
}
_OPEN = "r.state = any('{{queued,extracting,in_progress}}')"


def _parts(order: Order) -> list[tuple[str, Order]]:
    """Return the parts of a list that is in an order: their conditions, and the order of each."""
    so_far = _SO_FAR.get(order.column.sql)
    if so_far is None:
        return [("true", order)]
    column = msgspec.structs.replace(order.column, sql=so_far)
    open_ones = msgspec.structs.replace(order, column=column)
    return [(f"{order.column.sql} is not null", order), (_OPEN, open_ones)]


class RunCount(msgspec.Struct, frozen=True, rename="camel"):
    """How many runs match a filter; `at_least` when there are more than were counted."""

    count: int
    at_least: bool


class RunList(Repository):
    """Every method may raise RetriableError."""

    async def page(
        self, tenant: str, wanted: RunFilter, limit: int, order: Order = NEWEST
    ) -> list[RunView]:
        """Return runs in an order, from where it begins; the newest where none is wanted."""
        found: list[RunView] = []
        for condition, part in _parts(order):
            where = _conditions(tenant, wanted)
            where.add(condition)
            part.limit(where)
            sql = f"{SELECT} where {where} order by {part} limit {where.bind(limit)}"
            found += map(run_view, await self._database.fetch(sql, *where.values))
        return order.merged(found)[:limit]

    async def count(self, tenant: str, wanted: RunFilter) -> RunCount:
        """Count the runs of a filter, up to COUNTED."""
        where = _conditions(tenant, wanted)
        some = f"select from runs r where {where} limit {COUNTED + 1}"
        counted = await self._database.fetchval(f"select count(*) from ({some}) c", *where.values)
        return RunCount(min(counted, COUNTED), counted > COUNTED)


def _conditions(tenant: str, wanted: RunFilter) -> Conditions:
    where = Conditions(tenant)
    where.add("r.tenant = $1")
    where.add("r.state = any({})", list(wanted.states) or None)
    where.add(_OF_INSTANCE, wanted.instance)
    where.add("r.entity_type = {}", wanted.entity_type and wanted.entity_type.lower())
    where.add("r.trigger = {}", wanted.trigger)
    where.add("r.mode = {}", wanted.mode)
    where.add("r.created_at >= {}", wanted.since)
    where.add("r.created_at < {}", wanted.until)
    where.add("r.id between {} and {}", *(id_range(wanted.prefix or "") or (None, None)))
    where.add("r.parent_id = {}", wanted.parent)
    return where


def run_view(row: Row) -> RunView:
    """Read a run as lists show it."""
    counters = struct_of(Counters, row)
    return struct_of(
        RunView,
        row,
        skipped=counters.skipped,
        in_flight=counters.in_flight,
        skip_reasons={n: getattr(counters, n) for n in REASONS if getattr(counters, n)},
        source_ids=len(row["source_ids"]) if row["source_ids"] else None,
        notices=notices_of(row),
    )
