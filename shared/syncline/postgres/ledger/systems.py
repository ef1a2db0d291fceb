"""Which systems a run began with, and which one its stream's ledger is about.

A run keeps to its systems: an address that is changed meanwhile counts for the next one. The ledger
says what one target has; for another one it is begun anew (docs/decisions/0071).
"""

from __future__ import annotations

from collections.abc import Iterable

from syncline.domain.errors import ConflictError
from syncline.domain.run import Mode, Notice, Run
from syncline.postgres.database.database import Connection, Database
from syncline.postgres.runs.run_row import add_notices

CHANGED = "target_changed"
_KNOWN = """
select s.ledger_system, r.source_system, r.target_system
from runs r join streams s on s.id = r.stream_id where r.id = $1
"""
_LOCK = "select ledger_system from streams where id = $1 for update"
PIN = "source_system = coalesce(source_system, {}), target_system = coalesce(target_system, {})"
_PIN = f"""
update runs set {PIN.format("$2", "$3")} where id = $1 returning source_system, target_system
"""
_FORGET = "delete from ledger where stream_id = $1"
_SET = "update streams set ledger_system = $2 where id = $1"
_MOVED = (
    "the connection profile of its {} leads to another system since the run began: {} became {}; "
    "the next run uses it"
)


async def check_systems(database: Database, run: Run, source: str, target: str) -> bool:
    """Compare the systems that profiles lead to with what is known of a run and its stream.

    A run of the stream's own target waits for no lock and no disk here: its systems are pinned with
    what it finds first. "" for a system means that it has no name; nothing is compared then.

    Returns:
        Whether the target is new to the ledger. Then the systems are pinned, the ledger of the
        stream is emptied, and a notice of the run says so.

    Raises:
        ConflictError: the run began with other systems.
        RetriableError: the database is away.
    """
    row = await database.fetchrow(_KNOWN, run.id)
    assert row is not None
    known, *begun = row
    _require_same(begun, source, target)
    if not target or target == known:
        return False
    async with database.transaction() as connection:
        known = await connection.fetchval(_LOCK, run.stream)
        pinned = await connection.fetchrow(_PIN, run.id, source, target)
        assert pinned is not None
        _require_same(pinned, source, target)
        if target == known:  # another process of the run was faster
            return False
        await connection.execute(_SET, run.stream, target)
        return known is not None and await _begin_anew(connection, run, known, target)


def _require_same(pinned: Iterable[str | None], source: str, target: str) -> None:
    for side, before, now in zip(("source", "target"), pinned, (source, target), strict=True):
        require_same_system(side, before or "", now)


async def _begin_anew(connection: Connection, run: Run, known: str, target: str) -> bool:
    await connection.execute(_FORGET, run.stream)
    message = (
        f"the target is another system than before: {known} became {target}. No record is known to "
        "be there, so none counts as unchanged"
    )
    if run.mode is Mode.INCREMENTAL and run.cursor_before is not None:
        message += (
            "; this run reads what has changed since its cursor. A run with mode reset_cursor "
            "sends every record"
        )
    await add_notices(connection, run.id, [Notice(CHANGED, message[:1000])])
    return True


def require_same_system(side: str, before: str, now: str) -> None:
    """Raise ConflictError where a run's source or target is another system than at its start."""
    if before and now and before != now:
        raise ConflictError(_MOVED.format(side, before, now))
