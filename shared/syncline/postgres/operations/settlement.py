"""How items, chunks and operations end; each in the transaction of who holds its row."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.domain.dead_letter.operation import OVERTAKEN, final_state
from syncline.domain.run import FINAL
from syncline.postgres.database.database import Connection, Row
from syncline.postgres.operations.catalog import count_items

_RUNS = """
select c.number, c.run_id, r.state, r.reason, f.reason as refused from operation_chunks c
left join runs r on r.id = c.run_id
left join refusals f on f.run_id = c.run_id and r.id is null
where c.operation_id = $1 and c.state = 'sent' and (r.id is not null or f.run_id is not null)
order by c.number
"""
# An entry that failed again was stored before its outcome was: it is there.
_COPY = """
update operation_items i set state = 'done', finished_at = now(), again_id = a.id, note = a.error,
  result = case u.code when 'S' then 'success' when 'U' then 'unchanged' when 'X' then 'excluded'
    when 'P' then 'superseded' when 'C' then 'cancelled' else 'failed' end
from batches b, unnest(b.source_ids, string_to_array(b.outcomes, null)) as u(source_id, code)
left join dead_letters a on a.run_id = $3 and a.source_id = u.source_id and u.code = 'F'
where b.run_id = $3 and u.code <> '.' and i.operation_id = $1 and i.chunk = $2
  and i.state = 'asked' and i.source_id = u.source_id
returning i.number, i.result, a.error, a.fingerprint = (
  select d.fingerprint from dead_letters d where d.id = i.letter_id) as repeated
"""
_LEFT = """
update operation_items set state = 'done', result = 'cancelled', note = $3, finished_at = now()
where operation_id = $1 and chunk = $2 and state = 'asked'
"""
_ADD_FAILURES = "update operations set failures = failures + $2 where id = $1 returning failures"
_ASKED = """
select i.number, d.status, d.reason from operation_items i
left join dead_letters d on d.id = i.letter_id
where i.operation_id = $1 and i.chunk = $2 and i.state = 'asked'
"""
_ASK_AGAIN = """
update operation_items set state = 'waiting', chunk = null
where operation_id = $1 and chunk = $2 and state = 'asked'
"""
_REFUSE_CHUNK = """
update operation_items set state = 'done', result = 'refused', note = $3, finished_at = now()
where operation_id = $1 and chunk = $2 and state = 'asked'
"""
_CLOSE_CHUNK = """
update operation_chunks set state = 'settled' where operation_id = $1 and number = $2
"""
_STOP = "update operations set stopped = coalesce(stopped, $2) where id = $1"
_START_NO_MORE = """
update operation_items set state = 'done', result = 'not_started', finished_at = now()
where operation_id = $1 and state = 'waiting'
"""
_IS_OPEN = """
select exists (select from operation_items where operation_id = $1 and state = 'waiting')
  or exists (select from operation_items where operation_id = $1 and state = 'asked')
"""
_STOPPED = "select stopped from operations where id = $1"
_CLOSE = """
update operations set state = $2, counts = $3, finished_at = now(), holder = null where id = $1
"""
_REFUSE = """
update operation_items i set state = 'done', result = u.result, finished_at = now(), note = u.note
from unnest($2::int[], $3::text[], $4::text[]) as u(number, note, result)
where i.operation_id = $1 and i.number = u.number and i.state <> 'done'
"""


async def settle_chunks(connection: Connection, operation: Row) -> int:
    """Take over what runs have found out since, and apply the stop rule; return how many runs."""
    runs = await connection.fetch(_RUNS, operation["id"])
    for run in runs:
        if run["state"] is None:
            await _settle_refused(connection, operation["id"], run)
        else:
            await _settle_accepted(connection, operation, run)
    if operation["stopped"] is not None:  # what a refused run gave back does not start any more
        await stop_operation(connection, operation["id"], operation["stopped"])
    return len(runs)


async def _settle_accepted(connection: Connection, operation: Row, run: Row) -> None:
    """Copy the outcomes of a run; when it has ended, what has none waits for a person again."""
    chunk = (operation["id"], run["number"])
    found = await connection.fetch(_COPY, *chunk, run["run_id"])
    failed = [item for item in found if item["result"] == "failed"]
    failures = await connection.fetchval(_ADD_FAILURES, operation["id"], len(failed))
    if run["state"] in FINAL:
        why = f"its run ended before it: {run['reason'] or run['state']}; the entry waits again"
        await connection.execute(_LEFT, *chunk, why)
        await connection.execute(_CLOSE_CHUNK, *chunk)
    repeated = next((item["error"] for item in failed if item["repeated"]), None)
    if operation["stop_on_repeat"] and repeated is not None:
        why = f"the same error came again: {repeated}"
        await stop_operation(connection, operation["id"], why)
    elif operation["stop_after"] is not None and failures >= operation["stop_after"]:
        await stop_operation(connection, operation["id"], f"{failures} entries failed again")


async def _settle_refused(connection: Connection, operation_id: str, run: Row) -> None:
    """A run is refused as a whole, although only some of its entries may have been to blame."""
    chunk = (operation_id, run["number"])
    blamed = [
        item for item in await connection.fetch(_ASKED, *chunk) if item["status"] != "pending"
    ]
    if blamed:
        await refuse_items(connection, operation_id, blamed)
        await connection.execute(_ASK_AGAIN, *chunk)
    else:
        await connection.execute(_REFUSE_CHUNK, *chunk, run["refused"])
    await connection.execute(_CLOSE_CHUNK, *chunk)


async def stop_operation(connection: Connection, operation_id: str, why: str) -> None:
    """Let nothing begin any more. What waits stays as it is: Pending, or Discarded."""
    await connection.execute(_STOP, operation_id, why)
    await connection.execute(_START_NO_MORE, operation_id)


async def close_if_over(connection: Connection, operation_id: str) -> bool:
    """Close an operation none of whose items is open; tell whether it is closed."""
    if await connection.fetchval(_IS_OPEN, operation_id):
        return False
    counts = await count_items(connection, operation_id)
    stopped = await connection.fetchval(_STOPPED, operation_id)
    state = final_state(counts, stopped=stopped is not None)
    await connection.execute(_CLOSE, operation_id, str(state), counts)
    return True


async def refuse_items(
    connection: Connection, operation_id: str, items: Sequence[Row], needed: str = "pending"
) -> None:
    """Note why nothing can be done to items: their entries have another status, or are gone."""
    numbers = [item["number"] for item in items]
    notes = [_why_refused(item, needed) for item in items]
    results = [OVERTAKEN if item["status"] == OVERTAKEN else "refused" for item in items]
    await connection.execute(_REFUSE, operation_id, numbers, notes, results)


def _why_refused(item: Row, needed: str) -> str:
    status = item["status"]
    if status is None:
        return "there is no such entry any more"
    if status == OVERTAKEN:
        return str(item["reason"])
    return f"it is not {needed.title()} but {status.title()}"
