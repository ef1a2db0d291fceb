"""The frozen selection of an operation: its items, and which of them are refused at once."""

from __future__ import annotations

from syncline.domain.dead_letter.replay import AMBIGUOUS, ERASED, HOPELESS, UNCHECKED, UNREADABLE
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Connection
from syncline.postgres.dead_letters.filter import DeadLetterFilter, conditions_of

_FREEZE = """
insert into operation_items (operation_id, number, tenant, letter_id, stream_id, source_id, state,
  result, note)
select {operation}::uuid, row_number() over (order by d.failed_at, d.id), d.tenant, d.id,
  d.stream_id, d.source_id, case when w.why is null then 'waiting' else 'done' end,
  case when w.why is not null then 'refused' end, w.why
from dead_letters d, lateral (select {why} as why) w where {condition}
"""
_HOPELESS = """
case when d.stream_id is null then {unreadable}::text
  when d.erased_at is not null then {erased}::text
  when d.stage = 'ingest' then {hopeless}::jsonb ->> d.code
  when d.code = {ambiguous}::text then {unchecked}::text end
"""
_TOTALS = """
update operations o set total = i.n, streams = i.streams from (
  select count(*) as n, coalesce(array_agg(distinct stream_id) filter (where stream_id is not null),
    '{}') as streams from operation_items where operation_id = $1) i
where o.id = $1 returning total
"""


async def freeze_selection(
    connection: Connection, tenant: str, operation: str, wanted: DeadLetterFilter, *, replays: bool
) -> None:
    """Make items of the entries that match now, oldest first; refuse what cannot be replayed."""
    where = conditions_of(tenant, wanted)
    why = _why_not_replayed(where, named=wanted.ids is not None) if replays else "null::text"
    sql = _FREEZE.format(condition=where, why=why, operation=where.bind(operation))
    await connection.execute(sql, *where.values)


async def count_selection(connection: Connection, operation: str) -> int:
    """Note how many items an operation has, and of which streams; return how many."""
    return int(await connection.fetchval(_TOTALS, operation))


def _why_not_replayed(where: Conditions, *, named: bool) -> str:
    """Return the SQL of why an entry is refused; values that it needs are bound.

    A record that may have been written is replayed only if a person named its entry.
    """
    return _HOPELESS.format(
        unreadable=where.bind(UNREADABLE),
        erased=where.bind(ERASED),
        hopeless=where.bind(HOPELESS),
        ambiguous=where.bind(AMBIGUOUS),
        unchecked=where.bind(None if named else UNCHECKED),
    )
