"""Read models of the dead-letter queue: lists by filter, groups of alike entries, one in full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from syncline.domain.errors import InvalidInputError, NotFoundError, Problem
from syncline.postgres.database import Database

_FROM = """
from dead_letters d left join instances i on i.id = d.instance_id
left join profiles s on s.id = i.source_id left join profiles t on t.id = i.target_id
where d.tenant = $1
  and ($2::text is null or d.status = $2) and ($3::text is null or i.name = $3)
  and ($4::text is null or d.entity_type = $4) and ($5::text is null or d.stage = $5)
  and ($6::text is null or d.category = $6) and ($7::text is null or d.source_id = $7)
  and ($8::uuid is null or d.run_id = $8) and ($9::text is null or d.fingerprint = $9)
  and ($10::uuid[] is null or d.id = any($10))
"""
_COLUMNS = """
d.id, d.status, d.category, i.name as instance, s.name as source, t.name as target, d.entity_type,
d.source_id, d.stage, d.code, d.error, d.field, d.retries, d.mapping_version, d.run_id,
d.failed_at, d.fingerprint, d.replay_run, d.replay_of, d.resolved_at, d.resolved_by, d.reason,
d.stream_id
"""


class LetterFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries; None is any. `group` is a fingerprint, `run` a correlation ID."""

    status: str | None = None
    instance: str | None = None
    entity_type: str | None = None
    stage: str | None = None
    category: str | None = None
    source_id: str | None = None
    run: str | None = None
    group: str | None = None
    ids: tuple[str, ...] | None = None


class LetterView(msgspec.Struct, frozen=True, rename="camel"):
    """An entry of the DLQ. `instance` is None for a message that nobody could read."""

    id: str
    status: str
    category: str
    instance: str | None
    source: str | None
    target: str | None
    entity_type: str | None
    source_id: str | None
    stage: str
    code: str
    error: str
    field: str | None
    retries: int
    mapping_version: int | None
    correlation_id: str | None
    failed_at: datetime
    group: str
    replay_run: str | None
    replay_of: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    reason: str | None


class LetterDetail(msgspec.Struct, frozen=True, rename="camel"):
    """An entry with what is long: `payload` is the failed stage's input, as text."""

    entry: LetterView
    detail: str | None
    attempts: list[dict[str, Any]]
    edit: dict[str, Any] | None
    payload: str | None


class LetterGroup(msgspec.Struct, frozen=True, rename="camel"):
    """Entries that failed alike."""

    group: str
    stage: str
    code: str
    error: str
    field: str | None
    count: int
    first_seen: datetime
    last_seen: datetime


class LetterViews:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ids_of(self, tenant: str, given: Sequence[str]) -> list[str]:
        """Return the IDs of entries that are named by their IDs or by how those begin.

        Raises:
            InvalidInputError: one is no beginning of an ID, or of several.
            NotFoundError: there is no such entry.
        """
        found: dict[str, None] = {}
        for text in given:
            low, high = _range(text)
            rows = await self._database.fetch(
                "select id from dead_letters where tenant = $1 and id between $2 and $3 limit 2",
                tenant,
                low,
                high,
            )
            if not rows:
                raise NotFoundError(f"no dead letter {text}")
            if len(rows) > 1:
                message = "is the beginning of several IDs: give more of it"
                raise InvalidInputError([Problem(text, message)])
            found[str(rows[0]["id"])] = None
        return list(found)

    async def oldest(self, tenant: str, wanted: LetterFilter, limit: int) -> list[LetterView]:
        """Return the oldest entries."""
        rows = await self._database.fetch(
            f"select {_COLUMNS} {_FROM} order by d.failed_at, d.id limit $11",
            *_values(tenant, wanted),
            limit,
        )
        return [_view(row) for row in rows]

    async def newest(self, tenant: str, wanted: LetterFilter, limit: int) -> list[LetterView]:
        """Return the newest entries."""
        rows = await self._database.fetch(
            f"select {_COLUMNS} {_FROM} order by d.failed_at desc, d.id limit $11",
            *_values(tenant, wanted),
            limit,
        )
        return [_view(row) for row in rows]

    async def count(self, tenant: str, wanted: LetterFilter) -> int:
        """Return how many entries there are."""
        found = await self._database.fetchval(f"select count(*) {_FROM}", *_values(tenant, wanted))
        return int(found)

    async def groups(self, tenant: str, wanted: LetterFilter, limit: int) -> list[LetterGroup]:
        """Return groups, the largest first."""
        rows = await self._database.fetch(
            f"""select d.fingerprint, min(d.stage) as stage, min(d.code) as code,
            (array_agg(d.error order by d.failed_at desc))[1] as error, min(d.field) as field,
            count(*) as count, min(d.failed_at) as first, max(d.failed_at) as last
            {_FROM} group by d.fingerprint order by count(*) desc, d.fingerprint limit $11""",
            *_values(tenant, wanted),
            limit,
        )
        return [LetterGroup(*row.values()) for row in rows]

    async def get(self, tenant: str, letter_id: str) -> LetterDetail:
        """Return one entry in full. Raises NotFoundError, also for another tenant's."""
        wanted = LetterFilter(ids=(letter_id,))
        row = await self._database.fetchrow(
            f"select {_COLUMNS}, d.detail, d.attempts, d.edit, d.payload {_FROM}",
            *_values(tenant, wanted),
        )
        if row is None:
            raise NotFoundError(f"no dead letter {letter_id}")
        payload = row["payload"]
        return LetterDetail(
            _view(row),
            row["detail"],
            row["attempts"],
            row["edit"],
            None if payload is None else payload.decode(errors="backslashreplace"),
        )


def _range(text: str) -> tuple[UUID, UUID]:
    """Return the first and the last UUID that begin so."""
    digits = text.replace("-", "").lower()
    if not 6 <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        message = "is no ID of a dead letter; at least its first 6 digits are needed"
        raise InvalidInputError([Problem(text[:80], message)])
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def _values(tenant: str, wanted: LetterFilter) -> tuple[object, ...]:
    return (
        tenant,
        wanted.status,
        wanted.instance,
        wanted.entity_type and wanted.entity_type.lower(),
        wanted.stage,
        wanted.category,
        wanted.source_id,
        UUID(wanted.run) if wanted.run else None,
        wanted.group,
        None if wanted.ids is None else [UUID(letter_id) for letter_id in wanted.ids],
    )


def _view(row: Any) -> LetterView:  # noqa: ANN401 - a database row
    def text(name: str) -> str | None:
        return str(row[name]) if row[name] else None

    return LetterView(
        str(row["id"]), row["status"], row["category"], row["instance"], row["source"],
        row["target"], row["entity_type"], row["source_id"], row["stage"], row["code"],
        row["error"], row["field"], row["retries"], row["mapping_version"], text("run_id"),
        row["failed_at"], row["fingerprint"], text("replay_run"), text("replay_of"),
        row["resolved_at"], row["resolved_by"], row["reason"],
    )  # fmt: skip
