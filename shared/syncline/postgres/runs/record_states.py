"""Where a record is in one run: its place, its outcome, its attempts and its dead letter."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from syncline.domain.errors import NotFoundError
from syncline.domain.run import outcome_name
from syncline.postgres.database.database import Database
from syncline.postgres.runs.record_history import newest_places

_PLACE = """
select r.id, r.tenant, r.stream_id, i.name as instance, r.entity_type, r.state, r.mapping_id,
  r.mapping_version, r.created_at, r.finished_at,
  b.number, b.lane, b.stage as entry,
  array_position(b.source_ids, $3::text) - 1 as slot, b.outcomes
from batches b join runs r on r.id = b.run_id join instances i on i.id = r.instance_id
where r.tenant = $1 and b.run_id = $2 and b.source_ids @> array[$3::text]
order by b.number desc limit 1
"""


class FailedAttempt(msgspec.Struct, frozen=True, rename="camel"):
    """An attempt that failed."""

    number: int
    stage: str
    at: datetime
    category: str
    code: str
    message: str
    detail: str | None = None
    field: str | None = None


class RecordState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A record in one run.

    Attributes:
        entry: the stage whose input it entered; empty when Ingest settled it at once.
        dead_letter: ID of its entry in the DLQ; `gave_up` is the stage that made it.
        target_id: what its target calls it now; `written_at` and `written_by` tell of that write.
    """

    source_id: str
    correlation_id: str
    instance: str
    entity_type: str
    state: str
    outcome: str
    batch: int
    slot: int
    entry: str
    mapping_version: int
    created_at: datetime
    finished_at: datetime | None
    dead_letter: str | None
    gave_up: str | None
    error: str | None
    target_id: str | None
    written_at: datetime | None
    written_by: str | None


class RecordTrace(msgspec.Struct, frozen=True):
    """A place with what only its passport needs.

    Attributes:
        lane: of the run, which names the partition.
        mapping: its ID.
        payload: the input of the stage that gave it up.
    """

    record: RecordState
    attempts: list[FailedAttempt]
    lane: int
    mapping: str
    payload: bytes | None


class RecordStates:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest_run(self, tenant: str, source_id: str) -> str:
        """Return the newest run that has a record. Raises NotFoundError."""
        rows = await newest_places(self._database, tenant, source_id, 1)
        if not rows:
            raise NotFoundError("no run knows this record; IDs are compared exactly")
        return str(rows[0]["id"])

    async def find(self, tenant: str, source_id: str, run_id: str) -> RecordTrace:
        """Find a record in a run; of several versions the last. Raises NotFoundError."""
        row = await self._database.fetchrow(_PLACE, tenant, run_id, source_id)
        if row is None:
            raise NotFoundError(f"no record with this source ID in a run {run_id}")
        key = (row["id"], row["number"], row["slot"])
        letter = await self._database.fetchrow(
            "select id, stage, error, attempts, payload from dead_letters "
            "where run_id = $1 and batch = $2 and slot = $3", *key,
        )  # fmt: skip
        tried = await self._database.fetch(
            "select number, stage, at, failure from attempts "
            "where run_id = $1 and batch = $2 and slot = $3 order by at, number", *key,
        )  # fmt: skip
        written = await self._database.fetchrow(
            "select target_id, written_at, run_id from ledger "
            "where stream_id = $1 and source_id = $2 and written_at is not null",
            row["stream_id"], source_id,
        )  # fmt: skip
        attempts = letter["attempts"] if letter and letter["attempts"] else tried
        return RecordTrace(
            _placed(source_id, row, letter, written), [_attempt(a) for a in attempts],
            row["lane"], str(row["mapping_id"]), letter["payload"] if letter else None,
        )  # fmt: skip


def _attempt(row: Any) -> FailedAttempt:  # noqa: ANN401 - a database row, or an attempt of a letter
    failure, at = row["failure"], row["at"]
    return FailedAttempt(
        row["number"], row["stage"],
        datetime.fromisoformat(at) if isinstance(at, str) else at,
        failure.get("category", "unknown"), failure.get("code", ""), failure.get("message", ""),
        failure.get("detail"), failure.get("field"),
    )  # fmt: skip


def _placed(source_id: str, row: Any, letter: Any, written: Any) -> RecordState:  # noqa: ANN401 - database rows
    code = row["outcomes"][row["slot"]]
    return RecordState(
        source_id=source_id, correlation_id=str(row["id"]), instance=row["instance"],
        entity_type=row["entity_type"], state=row["state"], outcome=outcome_name(code),
        batch=row["number"], slot=row["slot"], entry=row["entry"],
        mapping_version=row["mapping_version"], created_at=row["created_at"],
        finished_at=row["finished_at"], dead_letter=str(letter["id"]) if letter else None,
        gave_up=letter["stage"] if letter else None, error=letter["error"] if letter else None,
        target_id=written["target_id"] if written else None,
        written_at=written["written_at"] if written else None,
        written_by=str(written["run_id"]) if written and written["run_id"] else None,
    )  # fmt: skip
