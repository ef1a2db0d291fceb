"""Read models of the dead-letter queue: lists by filter, and one entry in full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from syncline.domain.dead_letter.replay import StreamStanding, hindrance_of
from syncline.domain.errors import InvalidInputError, NotFoundError, Problem
from syncline.domain.run import outcome_name
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.filter import DeadLetterFilter, condition, each_status

Place: TypeAlias = tuple[datetime, str]
"""When an entry failed, and its ID: lists are in this order."""
_NAMES = """
left join instances i on i.id = d.instance_id
left join profiles s on s.id = i.source_id left join profiles t on t.id = i.target_id
left join streams st on st.id = d.stream_id
"""
_COLUMNS = """
d.id, d.status, d.category, i.name as instance, s.name as source, t.name as target, d.entity_type,
d.source_id, d.stage, d.code, d.error, d.field, d.retries, d.mapping_version, d.run_id,
d.failed_at, d.fingerprint, d.replay_run, d.replay_of, d.resolved_at, d.resolved_by, d.reason,
d.overtaken_by, d.overtaken_run, i.enabled, s.active as source_active, t.active as target_active,
coalesce(st.removed, true) as removed
"""
_AFTERWARDS = """
(select u.code from batches b, unnest(b.source_ids, string_to_array(b.outcomes, null)) u(id, code)
  where b.run_id = d.replay_run and u.id = d.source_id order by b.number limit 1) as code_then,
(select a.id from dead_letters a where a.run_id = d.replay_run and a.source_id = d.source_id
  limit 1) as again_id
"""


class DeadLetterView(msgspec.Struct, frozen=True, rename="camel"):
    """An entry of the DLQ.

    Attributes:
        status: pending, replayed, discarded, or overtaken: closed by itself.
        instance: None for a message that nobody could read.
        overtaken_by: the newer entry of the same record.
        overtaken_run: or the run that wrote the record since.
        hindrance: why a replay would be refused now; None if it would not.
    """

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
    overtaken_by: str | None = None
    overtaken_run: str | None = None
    hindrance: str | None = None


class DeadLetterDetail(msgspec.Struct, frozen=True, rename="camel"):
    """An entry with what is long.

    Attributes:
        payload: the failed stage's input, as text.
        is_masked: `***` stands in the payload for secrets of connection profiles.
        outcome: of its record in the run that replayed it.
        again_id: the entry as which it failed again.
    """

    entry: DeadLetterView
    detail: str | None
    attempts: list[dict[str, Any]]
    edit: dict[str, Any] | None
    payload: str | None
    is_masked: bool = False
    outcome: str | None = None
    again_id: str | None = None


class DeadLetterQueue:
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

    async def oldest(
        self, tenant: str, wanted: DeadLetterFilter, limit: int
    ) -> list[DeadLetterView]:
        """Return the oldest entries."""
        return await self._some(tenant, wanted, limit, "", None)

    async def newest(
        self, tenant: str, wanted: DeadLetterFilter, limit: int, after: Place | None = None
    ) -> list[DeadLetterView]:
        """Return the newest entries; of those that come after a place, if one is given."""
        return await self._some(tenant, wanted, limit, "desc", after)

    async def count(self, tenant: str, wanted: DeadLetterFilter) -> int:
        """Return how many entries there are."""
        sql, values = condition(tenant, wanted)
        return int(
            await self._database.fetchval(
                f"select count(*) from dead_letters d where {sql}", *values
            )
        )

    async def _some(
        self, tenant: str, wanted: DeadLetterFilter, limit: int, way: str, after: Place | None
    ) -> list[DeadLetterView]:
        """Find a page in the index first, and then read the rows that are on it."""
        found: list[DeadLetterView] = []
        for part in each_status(wanted):
            sql, values = condition(tenant, part)
            if after is not None:
                values += [after[0], after[1]]
                sql += f" and (d.failed_at, d.id) < (${len(values) - 1}, ${len(values)})"
            values.append(limit)
            rows = await self._database.fetch(
                f"""select {_COLUMNS} from (select d.id from dead_letters d where {sql}
                order by d.failed_at {way}, d.id {way} limit ${len(values)}) page
                join dead_letters d on d.id = page.id {_NAMES}
                order by d.failed_at {way}, d.id {way}""",
                *values,
            )
            found += map(_view, rows)
        found.sort(key=place_of, reverse=way == "desc")
        return found[:limit]

    async def get(self, tenant: str, letter_id: str) -> DeadLetterDetail:
        """Return one entry in full. Raises NotFoundError, also for another tenant's."""
        row = await self._database.fetchrow(
            f"""select {_COLUMNS}, d.detail, d.attempts, d.edit, d.payload, {_AFTERWARDS}
            from dead_letters d {_NAMES} where d.tenant = $1 and d.id = $2""",
            tenant,
            letter_id,
        )
        if row is None:
            raise NotFoundError(f"no dead letter {letter_id}")
        payload = row["payload"]
        return DeadLetterDetail(
            _view(row),
            row["detail"],
            row["attempts"],
            row["edit"],
            None if payload is None else payload.decode(errors="backslashreplace"),
            outcome=outcome_name(row["code_then"]) if row["code_then"] else None,
            again_id=str(row["again_id"]) if row["again_id"] else None,
        )

    async def payload(self, tenant: str, letter_id: str) -> bytes | None:
        """Return the bytes of an entry's payload as they are stored. Raises NotFoundError."""
        row = await self._database.fetchrow(
            "select payload from dead_letters where tenant = $1 and id = $2",
            tenant,
            letter_id,
        )
        if row is None:
            raise NotFoundError(f"no dead letter {letter_id}")
        found: bytes | None = row["payload"]
        return found


def _range(text: str) -> tuple[str, str]:
    """Return the first and the last UUID that begin so."""
    digits = text.replace("-", "").lower()
    if not 6 <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        message = "is no ID of a dead letter; at least its first 6 digits are needed"
        raise InvalidInputError([Problem(text[:80], message)])
    return digits.ljust(32, "0"), digits.ljust(32, "f")


def place_of(letter: DeadLetterView) -> Place:
    """Return where an entry stands in a list."""
    return letter.failed_at, letter.id


def _view(row: Any) -> DeadLetterView:  # noqa: ANN401 - a database row
    def text(name: str) -> str | None:
        return str(row[name]) if row[name] else None

    return DeadLetterView(
        str(row["id"]), row["status"], row["category"], row["instance"], row["source"],
        row["target"], row["entity_type"], row["source_id"], row["stage"], row["code"],
        row["error"], row["field"], row["retries"], row["mapping_version"], text("run_id"),
        row["failed_at"], row["fingerprint"], text("replay_run"), text("replay_of"),
        row["resolved_at"], row["resolved_by"], row["reason"], text("overtaken_by"),
        text("overtaken_run"), _hindrance(row),
    )  # fmt: skip


def _hindrance(row: Any) -> str | None:  # noqa: ANN401 - a database row
    if row["status"] != "pending":
        return f"it is not Pending but {row['status'].title()}"
    return hindrance_of(standing_of(row), row["stage"], row["code"])


def standing_of(row: Any) -> StreamStanding | None:  # noqa: ANN401 - a database row
    """Read how a stream stands from a row that has its instance and profiles."""
    if row["instance"] is None:
        return None
    sides = ("source", "target")
    inactive = tuple(row[side] for side in sides if not row[f"{side}_active"])
    return StreamStanding(
        row["instance"], row["entity_type"] or "", row["removed"], row["enabled"], inactive
    )
