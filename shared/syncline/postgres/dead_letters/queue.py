"""Read models of the dead-letter queue: lists by filter, and one entry in full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from syncline.domain.dead_letter.replay import ERASED, StreamStanding, hindrance_of
from syncline.domain.errors import InvalidInputError, NotFoundError, Problem
from syncline.domain.record import JsonObject
from syncline.domain.run import outcome_name
from syncline.postgres.database.conditions import SHORTEST, id_range
from syncline.postgres.database.database import Repository, Row
from syncline.postgres.database.rows import row_of, struct_of
from syncline.postgres.database.sorts import Order, SortColumn, Sorts, sort_column
from syncline.postgres.dead_letters.filter import DeadLetterFilter, conditions_of, each_status

DEAD_LETTER_SORTS = Sorts(
    {
        "failedAt": sort_column("d.failed_at", "failed_at", "moment"),
        "sourceId": SortColumn(
            "(coalesce(d.source_id, '') collate \"C\")", lambda entry: entry.source_id or ""
        ),
        "retries": sort_column("d.retries", "retries", "number"),
    },
    unique=sort_column("d.id", "id", "id"),
    default="-failedAt",
)
NEWEST = DEAD_LETTER_SORTS.order()
OLDEST = DEAD_LETTER_SORTS.order("failedAt")
_NAMES = """
left join instances i on i.id = d.instance_id
left join profiles s on s.id = i.source_id left join profiles t on t.id = i.target_id
left join streams st on st.id = d.stream_id
"""
_COLUMNS = """
d.id, d.status, d.category, i.name as instance, s.name as source, t.name as target, d.entity_type,
d.source_id, d.stage, d.code, d.error, d.field, d.retries, d.mapping_version,
d.run_id as correlation_id, d.failed_at, d.fingerprint as "group", d.replay_run, d.replay_of,
d.resolved_at, d.resolved_by, d.reason, d.overtaken_by, d.overtaken_run, d.erased_at, d.erased_by,
i.enabled,
s.active as source_active, t.active as target_active, coalesce(st.removed, true) as removed
"""
_AFTERWARDS = """
(select u.code from batches b, unnest(b.source_ids, string_to_array(b.outcomes, null)) u(id, code)
  where b.run_id = d.replay_run and u.id = d.source_id order by b.number limit 1) as code_then,
(select a.id from dead_letters a where a.run_id = d.replay_run and a.source_id = d.source_id
  limit 1) as again_id
"""
_DETAIL = f"""
select {_COLUMNS}, d.detail, d.attempts, d.edit, d.payload, {_AFTERWARDS}
from dead_letters d {_NAMES} where d.id = $2 and (d.tenant = $1 or d.tenant = '*' and $3)
"""
_PAYLOAD = """
select payload from dead_letters where id = $2 and (tenant = $1 or tenant = '*' and $3)
"""
_BY_BEGINNING = """
select id from dead_letters where tenant in ($1, '*') and id between $2 and $3 limit 2
"""
_COUNT = "select count(*) from dead_letters d where {}"
# A page is found in the index first, and then the rows that are on it are read.
_PAGE = f"""
select {_COLUMNS} from (select d.id from dead_letters d where {{where}}
  order by {{order}} limit {{limit}}) page
join dead_letters d on d.id = page.id {_NAMES} order by {{order}}
"""


class DeadLetterView(msgspec.Struct, frozen=True, rename="camel"):
    """An entry of the DLQ.

    Attributes:
        status: pending, replayed, discarded, or overtaken: closed by itself.
        instance: None for a message that nobody could read.
        overtaken_by: the newer entry of the same record.
        overtaken_run: or the run that wrote the record since.
        erased_at: when a person had its payload erased; `erased_by` is who.
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
    erased_at: datetime | None = None
    erased_by: str | None = None
    hindrance: str | None = None


class DeadLetterDetail(msgspec.Struct, frozen=True, rename="camel"):
    """An entry with what is long.

    Attributes:
        payload: the failed stage's input, as text.
        is_masked: `***` stands in the payload for secrets of connection profiles.
        is_hidden: whoever asks may not see payloads: neither `payload` nor `edit` is given.
        outcome: of its record in the run that replayed it.
        again_id: the entry as which it failed again.
    """

    entry: DeadLetterView
    detail: str | None
    attempts: list[JsonObject]
    edit: JsonObject | None
    payload: str | None
    is_masked: bool = False
    is_hidden: bool = False
    outcome: str | None = None
    again_id: str | None = None


class DeadLetterQueue(Repository):
    """Every method may raise RetriableError."""

    async def ids_of(self, tenant: str, given: Sequence[str]) -> list[str]:
        """Return the IDs of entries that are given as IDs or as beginnings of IDs.

        Raises NotFoundError; InvalidInputError where a beginning fits no ID, or several.
        """
        found: dict[str, None] = {}
        for text in given:
            ids = id_range(text, SHORTEST)
            if ids is None:
                message = "is no ID of a dead letter; at least its first 6 digits are needed"
                raise InvalidInputError([Problem(text[:80], message)])
            rows = await self._database.fetch(_BY_BEGINNING, tenant, *ids)
            if not rows:
                raise NotFoundError(f"no dead letter {text}")
            if len(rows) > 1:
                message = "is the beginning of several IDs: give more of it"
                raise InvalidInputError([Problem(text, message)])
            found[rows[0]["id"]] = None
        return list(found)

    async def page(
        self, tenant: str, wanted: DeadLetterFilter, limit: int, order: Order = NEWEST
    ) -> list[DeadLetterView]:
        """Return entries in an order, from where it begins; the newest where none is wanted."""
        found: list[DeadLetterView] = []
        for part in each_status(wanted):
            where = conditions_of(tenant, part)
            order.limit(where)
            sql = _PAGE.format(where=where, order=order, limit=where.bind(limit))
            found += map(_view, await self._database.fetch(sql, *where.values))
        return order.merged(found)[:limit]

    async def oldest(
        self, tenant: str, wanted: DeadLetterFilter, limit: int
    ) -> list[DeadLetterView]:
        """Return the oldest entries."""
        return await self.page(tenant, wanted, limit, OLDEST)

    async def count(self, tenant: str, wanted: DeadLetterFilter) -> int:
        """Return how many entries there are."""
        where = conditions_of(tenant, wanted)
        return int(await self._database.fetchval(_COUNT.format(where), *where.values))

    async def get(
        self, tenant: str, letter_id: str, *, installation: bool = False
    ) -> DeadLetterDetail:
        """Return one entry of a tenant, or of the installation, in full. Raises NotFoundError."""
        what = f"dead letter {letter_id}"
        row = await row_of(self._database, what, _DETAIL, tenant, letter_id, installation)
        payload: bytes | None = row["payload"]
        return struct_of(
            DeadLetterDetail,
            row,
            entry=_view(row),
            payload=None if payload is None else payload.decode(errors="backslashreplace"),
            outcome=outcome_name(row["code_then"]) if row["code_then"] else None,
        )

    async def payload(
        self, tenant: str, letter_id: str, *, installation: bool = False
    ) -> bytes | None:
        """Return the bytes of an entry's payload as they are stored. Raises NotFoundError."""
        what = f"dead letter {letter_id}"
        row = await row_of(self._database, what, _PAYLOAD, tenant, letter_id, installation)
        payload: bytes | None = row["payload"]
        return payload


def _view(row: Row) -> DeadLetterView:
    return struct_of(DeadLetterView, row, hindrance=_hindrance(row))


def _hindrance(row: Row) -> str | None:
    if row["status"] != "pending":
        return f"it is not Pending but {row['status'].title()}"
    if row["erased_at"] is not None:
        return ERASED
    return hindrance_of(standing_of(row), row["stage"], row["code"])


def standing_of(row: Row) -> StreamStanding | None:
    """Read how a stream stands from a row that has its instance and profiles."""
    if row["instance"] is None:
        return None
    inactive = tuple(row[side] for side in ("source", "target") if not row[f"{side}_active"])
    return StreamStanding(
        row["instance"], row["entity_type"] or "", row["removed"], row["enabled"], inactive
    )
