"""Read model of the records of one run, a page at a time, in the order in which they were found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from syncline.domain.run import PENDING, Outcome, outcome_name
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Database
from syncline.postgres.database.rows import struct_of

SKIPPED = "skipped"
_SKIPS = (Outcome.UNCHANGED, Outcome.EXCLUDED, Outcome.SUPERSEDED, Outcome.CANCELLED)
OUTCOMES: Mapping[str, tuple[str, ...]] = {
    **{outcome.name.lower(): (outcome.value,) for outcome in Outcome},
    "in_flight": (PENDING,),
    SKIPPED: tuple(outcome.value for outcome in _SKIPS),
}
"""What a filter by outcome may say -> codes; `skipped` is for any reason."""

Position: TypeAlias = tuple[int, int]
"""Batch and slot of a record."""

# All records: batch rows come in the order of their key, and reading stops when the page is full.
_ALL = """
select b.number as batch, u.slot::int - 1 as slot, u.source_id, u.code
from batches b, unnest(b.source_ids, string_to_array(b.outcomes, null))
  with ordinality as u(source_id, code, slot)
where b.run_id = $1 and b.number >= $2 and (b.number > $2 or u.slot - 1 > $3) and {conditions}
order by b.number, u.slot limit $4
"""
# What was tried more than once or failed has rows of its own, which are few.
_EXCEPTIONAL = """
select p.batch, p.slot, b.source_ids[p.slot + 1] as source_id,
  substr(b.outcomes, p.slot + 1, 1) as code
from (select batch, slot from (
    select batch, slot, 0 as of_letter, count(*) + 1 as attempts from attempts
    where run_id = $1 and (batch, slot) > ($2, $3) {stage} group by 1, 2
    union all
    select batch, slot, 1, jsonb_array_length(attempts) from dead_letters
    where run_id = $1 and (batch, slot) > ($2, $3) {stage}
  ) found where {attempts} group by 1, 2) p
join batches b on b.run_id = $1 and b.number = p.batch
where {conditions}
order by p.batch, p.slot limit $4
"""
_TRIED = """
select d.id as dead_letter, d.stage, d.error, coalesce(jsonb_array_length(d.attempts), 1 + (
    select count(*) from attempts a
    where a.run_id = $1 and a.batch = w.batch and a.slot = w.slot)) as attempts
from unnest($2::int[], $3::smallint[]) with ordinality as w(batch, slot, number)
left join dead_letters d on d.run_id = $1 and d.batch = w.batch and d.slot = w.slot
order by w.number
"""


class RecordFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which records of a run; None is any.

    Attributes:
        outcome: a key of OUTCOMES.
        stage: that tried them again or gave them up.
        attempts: at least so many.
    """

    outcome: str | None = None
    source_id: str | None = None
    stage: str | None = None
    attempts: int | None = None


class RunRecord(msgspec.Struct, frozen=True, rename="camel"):
    """A record of a run.

    Attributes:
        batch, slot: its position, which tells two versions of one record apart.
        outcome: success, unchanged, excluded, superseded, cancelled, failed or in_flight.
        attempts: how often the stage that tried it last had it.
        stage: that gave it up.
        dead_letter: ID of its entry in the DLQ.
    """

    source_id: str
    batch: int
    slot: int
    outcome: str
    attempts: int
    stage: str | None
    dead_letter: str | None
    error: str | None


async def list_records(
    database: Database, run_id: str, wanted: RecordFilter, limit: int, after: Position = (0, -1)
) -> list[RunRecord]:
    """Return records of a run in their order, those behind `after`. Raises RetriableError."""
    sql, where = _query(wanted, Conditions(run_id, *after, limit))
    rows = await database.fetch(sql, *where.values)
    positions = [row["batch"] for row in rows], [row["slot"] for row in rows]
    tried = await database.fetch(_TRIED, run_id, *positions)
    return [
        struct_of(RunRecord, row, outcome=outcome_name(row["code"]), **dict(own))
        for row, own in zip(rows, tried, strict=True)
    ]


def _query(wanted: RecordFilter, where: Conditions) -> tuple[str, Conditions]:
    """Return the statement for a filter, and its values, of which those up to $4 are bound."""
    exceptional = wanted.stage is not None or (wanted.attempts or 0) > 1
    code = "substr(b.outcomes, p.slot + 1, 1)" if exceptional else "u.code"
    own = "b.source_ids[p.slot + 1]" if exceptional else "u.source_id"
    if wanted.outcome is not None:
        codes = list(OUTCOMES[wanted.outcome])
        where.add("b.outcomes like any({})", [f"%{code}%" for code in codes])
        where.add(f"{code} = any({{}})", codes)
    found = "select f.number from batches_of_record({0}) f where f.run_id = $1"
    where.add(f"b.number in ({found}) and {own} = {{0}}", wanted.source_id)
    if not exceptional:
        return _ALL.format(conditions=where), where
    stage = "" if wanted.stage is None else f"and stage = {where.bind(wanted.stage)}"
    attempts = f"attempts >= {where.bind(wanted.attempts or 1)}::int"
    return _EXCEPTIONAL.format(conditions=where, stage=stage, attempts=attempts), where
