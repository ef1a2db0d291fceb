"""Lists of runs by filter, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from syncline.domain.run import Counters, Notice
from syncline.postgres.database.database import Database
from syncline.postgres.runs.notices import notices_of
from syncline.postgres.runs.run_row import counters_of

COUNTED = 10_000
"""Most runs of a filter that are counted; above it a list says that there are more."""
REASONS = ("unchanged", "excluded", "superseded", "cancelled")
_FIRST, _LAST = "0" * 32, "f" * 32
SELECT = """
select r.*, i.name as instance, s.name as source_name, t.name as target_name
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
        trigger: who asked: console, cli, topic, api, schedule, replay.
        skip_reasons: unchanged, excluded, superseded, cancelled -> records; zeros are left out.
        total_is_final: the source was read to its end, so that total rises no more.
        source_ids: how many source IDs the run is limited to.
        replay_of: the run whose failures are replayed.
        retry_due_at: when the last of the waiting retries is due.
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
    created_at: datetime
    started_at: datetime | None
    extracted_at: datetime | None
    finished_at: datetime | None
    seconds: float | None
    notices: list[Notice]


class RunCount(msgspec.Struct, frozen=True, rename="camel"):
    """How many runs match a filter; `at_least` when there are more than were counted."""

    count: int
    at_least: bool


class RunList:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(
        self,
        tenant: str,
        wanted: RunFilter,
        limit: int,
        after: tuple[datetime, str] | None = None,
    ) -> list[RunView]:
        """Return the newest runs.

        Args:
            after: creation time and correlation ID of the last run that is known already.
        """
        where, values = _conditions(tenant, wanted)
        if after is not None:
            values += [after[0], after[1]]
            where += f" and (r.created_at, r.id) < (${len(values) - 1}, ${len(values)})"
        rows = await self._database.fetch(
            f"{SELECT} where {where} order by r.created_at desc, r.id desc "
            f"limit ${len(values) + 1}",
            *values,
            limit,
        )
        return [run_view(row) for row in rows]

    async def count(self, tenant: str, wanted: RunFilter) -> RunCount:
        """Count the runs of a filter, up to COUNTED."""
        where, values = _conditions(tenant, wanted)
        counted = await self._database.fetchval(
            f"select count(*) from (select from runs r where {where} limit {COUNTED + 1}) c",
            *values,
        )
        return RunCount(min(counted, COUNTED), counted > COUNTED)


def prefix_range(digits: str) -> tuple[str, str]:
    """Return the first and the last UUID that begin with these hexadecimal digits."""
    plain = digits.replace("-", "").lower()
    return plain.ljust(32, "0"), plain.ljust(32, "f")


def _conditions(tenant: str, wanted: RunFilter) -> tuple[str, list[object]]:
    """Say a filter in SQL; the texts are constants, values are bound."""
    low, high = prefix_range(wanted.prefix) if wanted.prefix else (None, None)
    asked: list[tuple[str, object]] = [
        ("r.state = any({})", list(wanted.states) or None),
        (_OF_INSTANCE, wanted.instance),
        ("r.entity_type = {}", wanted.entity_type and wanted.entity_type.lower()),
        ("r.trigger = {}", wanted.trigger),
        ("r.mode = {}", wanted.mode),
        ("r.created_at >= {}", wanted.since),
        ("r.created_at < {}", wanted.until),
        ("r.id >= {}", low),
        ("r.id <= {}", high),
        ("r.parent_id = {}", wanted.parent),
    ]
    parts, values = ["r.tenant = $1"], [tenant, *(v for _, v in asked if v is not None)]
    for condition, value in asked:
        if value is not None:
            parts.append(condition.format(f"${len(parts) + 1}"))
    return " and ".join(parts), values


def run_view(row: Any) -> RunView:  # noqa: ANN401 - a database row
    """Read a run as lists show it."""
    counters: Counters = counters_of(row)
    begun, ended = row["started_at"], row["finished_at"]
    return RunView(
        correlation_id=str(row["id"]), instance=row["instance"], entity_type=row["entity_type"],
        source=row["source_name"], target=row["target_name"], trigger=row["trigger"],
        actor=row["actor"], mode=row["mode"], state=row["state"], reason=row["reason"],
        total=counters.total, success=counters.success, skipped=counters.skipped,
        failed=counters.failed, in_flight=counters.in_flight,
        skip_reasons={n: getattr(counters, n) for n in REASONS if getattr(counters, n)},
        total_is_final=row["extracted"], mapping_version=row["mapping_version"],
        batch_size=row["batch_size"], max_entities=row["max_entities"],
        source_ids=len(row["source_ids"]) if row["source_ids"] else None,
        replay_of=str(row["parent_id"]) if row["parent_id"] else None,
        retry_due_at=row["retry_due_at"], cancel_requested_at=row["cancel_requested_at"],
        cancel_requested_by=row["cancel_requested_by"], created_at=row["created_at"],
        started_at=begun, extracted_at=row["extracted_at"], finished_at=ended,
        seconds=(ended - begun).total_seconds() if begun and ended else None,
        notices=notices_of(row),
    )  # fmt: skip
