"""Read model of the records of one run, a page at a time, in the order in which they were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from syncline.domain.run import PENDING, Outcome, outcome_name
from syncline.postgres.database.database import Database

SKIPPED = "skipped"
_SKIPS = (Outcome.UNCHANGED, Outcome.EXCLUDED, Outcome.SUPERSEDED, Outcome.CANCELLED)
OUTCOMES: Mapping[str, tuple[str, ...]] = {
    **{outcome.name.lower(): (outcome.value,) for outcome in Outcome},
    "in_flight": (PENDING,),
    SKIPPED: tuple(outcome.value for outcome in _SKIPS),
}
"""What a filter by outcome may say -> codes; `skipped` is for any reason."""

Place = tuple[int, int]
"""Batch and slot of a record."""

# All records: batch rows come in the order of their key, and reading stops when the page is full.
_ALL = """
select b.number as batch, u.slot::int - 1 as slot, u.source_id, u.code
from batches b, unnest(b.source_ids, string_to_array(b.outcomes, null))
  with ordinality as u(source_id, code, slot)
where b.run_id = $1 and b.number >= $2 and (b.number > $2 or u.slot - 1 > $3) {conditions}
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
where true {conditions}
order by p.batch, p.slot limit $4
"""
_ATTEMPTS = """
select a.batch, a.slot, count(*) as failed
from unnest($2::int[], $3::smallint[]) as w(batch, slot)
join attempts a on a.run_id = $1 and a.batch = w.batch and a.slot = w.slot group by 1, 2
"""
_LETTERS = """
select d.batch, d.slot, d.id, d.stage, d.error, jsonb_array_length(d.attempts) as attempts
from unnest($2::int[], $3::smallint[]) as w(batch, slot)
join dead_letters d on d.run_id = $1 and d.batch = w.batch and d.slot = w.slot
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
        batch, slot: its place, which tells two versions of one record apart.
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


class RunRecords:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, run_id: str, wanted: RecordFilter, limit: int, after: Place = (0, -1)
    ) -> list[RunRecord]:
        """Return records of a run in the order of their places, those behind `after`."""
        key = run_id
        sql, values = _query(wanted)
        rows = await self._database.fetch(sql, key, *after, limit, *values)
        places = [row["batch"] for row in rows], [row["slot"] for row in rows]
        attempts = await self._database.fetch(_ATTEMPTS, key, *places)
        letters = await self._database.fetch(_LETTERS, key, *places)
        tried = {(row["batch"], row["slot"]): row["failed"] + 1 for row in attempts}
        given_up = {(row["batch"], row["slot"]): row for row in letters}
        return [_record(row, tried, given_up) for row in rows]


def _query(wanted: RecordFilter) -> tuple[str, Sequence[object]]:
    """Say a filter in SQL; the texts are constants, values are bound from $5 on."""
    values: list[object] = []

    def bound(value: object) -> str:
        values.append(value)
        return f"${4 + len(values)}"

    exceptional = wanted.stage is not None or (wanted.attempts or 0) > 1
    conditions = ""
    if wanted.outcome is not None:
        codes = OUTCOMES[wanted.outcome]
        code = "substr(b.outcomes, p.slot + 1, 1)" if exceptional else "u.code"
        likes = bound([f"%{code}%" for code in codes])
        conditions += f" and b.outcomes like any({likes}) and {code} = any({bound(list(codes))})"
    if wanted.source_id is not None:
        own = "b.source_ids[p.slot + 1]" if exceptional else "u.source_id"
        name = bound(wanted.source_id)
        conditions += f" and b.source_ids @> array[{name}::text] and {own} = {name}"
    if not exceptional:
        return _ALL.format(conditions=conditions), values
    stage = "" if wanted.stage is None else f"and stage = {bound(wanted.stage)}"
    attempts = f"attempts >= {bound(wanted.attempts or 1)}::int"
    return _EXCEPTIONAL.format(conditions=conditions, stage=stage, attempts=attempts), values


def _record(row: Any, tried: Mapping[Place, int], letters: Mapping[Place, Any]) -> RunRecord:  # noqa: ANN401
    place = (row["batch"], row["slot"])
    letter = letters.get(place)
    attempts = letter["attempts"] if letter else tried.get(place, 1)
    return RunRecord(
        row["source_id"], *place, outcome_name(row["code"]), attempts,
        letter["stage"] if letter else None, str(letter["id"]) if letter else None,
        letter["error"] if letter else None,
    )  # fmt: skip
