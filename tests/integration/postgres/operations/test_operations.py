"""Operations over the DLQ: frozen, worked off once whoever dies, stopped, undone."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from syncline.domain.dead_letter.operation import OperationKind
from syncline.domain.errors import ConflictError, NotFoundError
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.dead_letters.groups import DeadLetterGroups
from syncline.postgres.dead_letters.patterns import renew_patterns
from syncline.postgres.dead_letters.queue import DeadLetterQueue
from syncline.postgres.operations.catalog import OperationView
from syncline.postgres.operations.operations import NewOperation, Operations
from syncline.postgres.runs.runs import Runs
from tests.support.configured import configure
from tests.support.operations import Pipeline, begin_now, failed, work_off, worker
from tests.support.reports import settled
from tests.support.run_life import apply, ref

PENDING = DeadLetterFilter(status="pending")


def asked(
    kind: OperationKind = OperationKind.REPLAY, wanted: DeadLetterFilter = PENDING, **fields: Any
) -> NewOperation:
    key = fields.pop("key", None) or str(uuid4())
    return NewOperation(
        id=key, tenant="default", kind=kind, request_hash=fields.pop("request_hash", key),
        selection="all pending", wanted=wanted, actor="ann", **fields,
    )  # fmt: skip


async def begun(db: Database, new: NewOperation) -> str:
    operation = await Operations(db).start(new)
    await begin_now(db, operation.id)
    return operation.id


async def get(db: Database, operation_id: str) -> OperationView:
    return await Operations(db).get("default", operation_id)


async def pending(db: Database) -> set[str | None]:
    return {e.source_id for e in await DeadLetterQueue(db).oldest("default", PENDING, 5000)}


async def test_a_replay_takes_what_was_there_and_nothing_that_came_later(db: Database) -> None:
    await failed(db, "a", "b")
    operation = await begun(db, asked(reason="fixed"))
    await failed(db, "c")
    pipeline = Pipeline(db)
    await work_off(worker(db, pipeline))
    found = await get(db, operation)
    assert (found.state, found.total, found.results) == ("done", 2, {"success": 2})
    assert await pending(db) == {"c"}
    items = await Operations(db).items("default", operation, 10)
    assert [(i.source_id, i.result, i.correlation_id in pipeline.asked) for i in items] == [
        ("a", "success", True), ("b", "success", True),
    ]  # fmt: skip


async def test_an_entry_that_fails_again_is_named_with_the_new_one(db: Database) -> None:
    await failed(db, "a", "b")
    operation = await begun(db, asked())
    await work_off(worker(db, Pipeline(db, {"b": "F"})))
    found = await get(db, operation)
    assert (found.state, found.results) == ("done", {"failed": 1, "success": 1})
    (item,) = await Operations(db).items("default", operation, 10, result="failed")
    (again,) = await DeadLetterQueue(db).oldest("default", PENDING, 10)
    assert (item.source_id, item.again_id, item.note) == ("b", again.id, again.error)
    assert again.replay_of == item.entry
    listed = await Operations(db).items("default", operation, 10)
    assert [i.source_id for i in listed] == ["b", "a"], "what failed is to be seen first"
    (rest,) = await Operations(db).items("default", operation, 10, after=listed[0].place)
    assert rest.source_id == "a"


async def test_every_stream_gets_runs_of_its_own(db: Database) -> None:
    await configure(db, instance="other")
    await failed(db, "a", "b")
    await failed(db, "a", instance="other")
    pipeline = Pipeline(db)
    await begun(db, asked())
    await work_off(worker(db, pipeline))
    assert sorted(len(entries) for entries in pipeline.asked.values()) == [1, 2]


async def test_of_two_entries_of_one_record_the_newer_one_is_replayed(db: Database) -> None:
    _, two = [*await failed(db, "a"), *await failed(db, "a")]
    pipeline = Pipeline(db)
    operation = await begun(db, asked())
    await work_off(worker(db, pipeline))
    assert list(pipeline.asked.values()) == [(two,)]
    assert (await get(db, operation)).results == {"success": 1}


async def test_an_entry_that_is_overtaken_meanwhile_is_no_failure(db: Database) -> None:
    await failed(db, "a")
    operation = await begun(db, asked())
    await failed(db, "a")
    await work_off(worker(db, Pipeline(db)))
    found = await get(db, operation)
    assert (found.state, found.results) == ("done", {"overtaken": 1})
    (item,) = await Operations(db).items("default", operation, 10)
    assert item.note == "the record failed again later"


async def test_entries_of_an_older_release_are_folded_anew_and_operations_go_on(
    db: Database,
) -> None:
    await failed(db, "a-1", "b-2", "c")
    await db.execute("update dead_letters set pattern = null, fingerprint = id::text")
    operation = await begun(db, asked(stop_on_repeat=True))
    assert await renew_patterns(db) == 3
    assert await renew_patterns(db) == 0
    (group,) = await DeadLetterGroups(db).page("default", PENDING, 10)
    assert (group.count, group.pattern) == (3, "the target said ? to ?")
    await work_off(worker(db, Pipeline(db, {"a-1": "F"})))
    assert (await get(db, operation)).results == {"failed": 1, "not_started": 2}


class Dies:
    """Dies at the nth call of anything it stands for: before it is made, or after."""

    def __init__(self, number: int, *, after: bool) -> None:
        self._left = number
        self._after = after
        self.died = False

    def __call__(self, inner: Any) -> Any:
        return _Mortal(inner, self)

    async def call(self, method: Any, arguments: tuple[Any, ...]) -> Any:
        self._left -= 1
        if self._left == 0 and not self._after:
            self.died = True
            raise InterruptedError
        result = await method(*arguments)
        if self._left == 0:
            self.died = True
            raise InterruptedError
        return result


class _Mortal:
    def __init__(self, inner: Any, death: Dies) -> None:
        self._inner = inner
        self._death = death

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if not asyncio.iscoroutinefunction(method):
            return method
        return lambda *arguments: self._death.call(method, arguments)


@pytest.mark.parametrize("after", [False, True])
async def test_wherever_the_worker_dies_each_entry_is_replayed_once(
    db: Database, after: bool
) -> None:
    pipeline = Pipeline(db, {"c": "F"})
    steps = 0
    for number in range(1, 100):
        await db.execute("update dead_letters set status = 'discarded' where status = 'pending'")
        entries = await failed(db, "a", "b", "c")
        operation = await begun(db, asked(rate=2.0))
        await db.execute("update operations set rate = null, stop_after = 99")  # chunks of 1, 10
        death = Dies(number, after=after)
        dying = worker(db, death(pipeline))
        dying._steps = death(dying._steps)
        with pytest.MonkeyPatch.context():
            try:
                await work_off(dying)
            except InterruptedError:
                steps += 1
        await work_off(worker(db, pipeline))
        found = await get(db, operation)
        assert (found.state, found.results) == ("done", {"failed": 1, "success": 2}), number
        replayed = [e for run in pipeline.asked.values() for e in run if e in entries]
        assert sorted(replayed) == sorted(entries), number
        assert await pending(db) == {"c"}
        if not death.died:
            break
    assert steps > 10


async def test_two_workers_at_once_replay_each_entry_once(db: Database) -> None:
    entries = await failed(db, *(f"r{n}" for n in range(30)))
    operation = await begun(db, asked(stop_after=99))
    pipeline = Pipeline(db)
    workers = [worker(db, pipeline) for _ in range(3)]
    async with asyncio.TaskGroup() as group:
        for each in workers:
            group.create_task(work_off(each, 200))
    assert (await get(db, operation)).results == {"success": 30}
    replayed = [e for run in pipeline.asked.values() for e in run]
    assert sorted(replayed) == sorted(entries)


async def test_a_held_operation_is_left_to_its_holder(db: Database) -> None:
    await failed(db, "a")
    await begun(db, asked())
    pipeline = Pipeline(db)
    pipeline.held = True
    assert await worker(db, pipeline, lease=60).look()
    assert not await worker(db, pipeline, lease=60).look()


async def test_what_another_replay_took_meanwhile_is_refused_and_the_rest_goes_on(
    db: Database,
) -> None:
    first, _ = await failed(db, "a", "b")
    pipeline = Pipeline(db)
    operation = await begun(db, asked())
    pipeline.held = True
    ours = worker(db, pipeline)
    await ours.look()
    await db.execute(
        "update dead_letters set status = 'discarded', resolved_at = now() where id = $1", first
    )
    pipeline.held = False
    await pipeline.release()  # the run is refused as a whole
    await work_off(ours)
    found = await get(db, operation)
    assert (found.state, found.results) == ("done", {"refused": 1, "success": 1})
    (item,) = await Operations(db).items("default", operation, 10, result="refused")
    assert (item.source_id, item.note) == ("a", "it is not Pending but Discarded")


async def test_two_operations_over_the_same_entries_replay_each_once(db: Database) -> None:
    await failed(db, "a", "b")
    one, two = await begun(db, asked()), await begun(db, asked())
    pipeline = Pipeline(db)
    await work_off(worker(db, pipeline))
    assert (await get(db, one)).results == {"success": 2}
    second = await get(db, two)
    assert (second.state, second.results) == ("failed", {"refused": 2})
    assert len(pipeline.asked) == 1


async def test_it_stops_at_the_first_repeat_of_the_same_error(db: Database) -> None:
    await failed(db, *(f"r{n:02}" for n in range(40)))
    operation = await begun(db, asked(stop_on_repeat=True))
    pipeline = Pipeline(db, {"r05": "F"})
    await work_off(worker(db, pipeline))
    found = await get(db, operation)
    assert found.state == "aborted"
    assert found.stopped == "the same error came again: the target said 'no' to 17"
    # one first, then ten: the repeat is among these, so nothing of the rest was begun
    assert found.results == {"success": 10, "failed": 1, "not_started": 29}
    assert len(await pending(db)) == 30


async def test_a_running_chunk_stops_with_its_operation_and_gives_back_what_it_did_not_send(
    db: Database,
) -> None:
    names = [f"r{n:02}" for n in range(40)]
    await failed(db, *names)
    operation = await begun(db, asked(stop_on_repeat=True))
    pipeline = Pipeline(db, dict.fromkeys(names, ".") | {"r00": "S", "r01": "S", "r05": "F"})
    ours = worker(db, pipeline)
    for _ in range(6):
        await ours.look()
    (run_id,) = list(pipeline.asked)[1:]
    assert pipeline.cancelled == [run_id]
    assert await db.fetchval("select cancel_requested_by from runs where id = $1", UUID(run_id))

    run = await Runs(db).get("default", run_id)
    left = [n for n in range(10) if n not in (0, 4)]  # r01, r05 have their outcomes
    await apply(db, settled(ref(run), 0, left, "C" * len(left), "execute"))
    await work_off(ours)
    found = await get(db, operation)
    assert (found.state, found.results) == (
        "aborted", {"success": 2, "failed": 1, "cancelled": 8, "not_started": 29},
    )  # fmt: skip
    assert len(await pending(db)) == 38


async def test_it_stops_after_so_many_failures(db: Database) -> None:
    await failed(db, *(f"r{n:02}" for n in range(15)))
    operation = await begun(db, asked(stop_after=2))
    await work_off(worker(db, Pipeline(db, {"r00": "F", "r03": "F"})))
    found = await get(db, operation)
    assert (found.state, found.stopped) == ("aborted", "2 entries failed again")
    assert found.results == {"success": 9, "failed": 2, "not_started": 4}


async def test_a_rate_takes_so_many_each_second(db: Database) -> None:
    await failed(db, *(f"r{n:02}" for n in range(5)))
    operation = await begun(db, asked(rate=3.0))
    pipeline = Pipeline(db)
    ours = worker(db, pipeline)
    for _ in range(5):  # a second does not pass meanwhile: `next_at` is set back below
        await ours.look()
        await db.execute("update operations set next_at = next_at + interval '1 hour'")
    assert [len(run) for run in pipeline.asked.values()] == [3]
    gap = await db.fetchval("select next_at - started_at > interval '1 second' from operations")
    assert gap
    await db.execute("update operations set next_at = now()")
    await work_off(ours)
    assert [len(run) for run in pipeline.asked.values()] == [3, 2]
    assert (await get(db, operation)).state == "done"


async def test_abort_stops_what_has_not_started_and_loses_nothing(db: Database) -> None:
    await failed(db, *(f"r{n:02}" for n in range(12)))
    operation = await begun(db, asked(stop_after=99))
    pipeline = Pipeline(db)
    pipeline.held = True
    ours = worker(db, pipeline)
    await ours.look()
    aborted = await Operations(db).abort("default", operation, "bob")
    assert (aborted.state, aborted.under_way, aborted.results) == (
        "running", 1, {"not_started": 11},
    )  # fmt: skip
    await pipeline.release()
    await work_off(ours)
    found = await get(db, operation)
    assert (found.state, found.stopped) == ("aborted", "aborted by bob")
    assert found.results == {"not_started": 11, "success": 1}
    assert len(await pending(db)) == 11
    with pytest.raises(ConflictError, match="has ended already: it is aborted"):
        await Operations(db).abort("default", operation, "bob")


async def test_a_replay_can_be_undone_before_it_begins(db: Database) -> None:
    await failed(db, "a")
    operations = Operations(db)
    operation = await operations.start(asked())
    assert (operation.starts_at - operation.created_at).total_seconds() == 5
    pipeline = Pipeline(db)
    assert not await worker(db, pipeline).look()
    undone = await operations.undo("default", operation.id, "ann")
    assert (undone.state, undone.results) == ("aborted", {"not_started": 1})
    assert await pending(db) == {"a"}

    late = await begun(db, asked())
    await work_off(worker(db, pipeline))
    with pytest.raises(ConflictError, match="cannot be undone after it has begun"):
        await operations.undo("default", late, "ann")


async def test_discarding_in_bulk_and_undoing_it(db: Database) -> None:
    await failed(db, "a", "b", "c")
    operations = Operations(db)
    operation = await begun(db, asked(OperationKind.DISCARD, reason="test data"))
    ours = worker(db, Pipeline(db))
    await work_off(ours)
    assert (await get(db, operation)).results == {"discarded": 3}
    assert await pending(db) == set()
    (entry, *_) = await DeadLetterQueue(db).oldest(
        "default", DeadLetterFilter(status="discarded"), 10
    )
    assert (entry.reason, entry.resolved_by) == ("test data", "ann")

    undo = await operations.undo("default", operation, "ann")
    assert (undo.kind, undo.undo_of, undo.total) == ("restore", operation, 3)
    assert (await operations.undo("default", operation, "ann")).id == undo.id
    await work_off(ours)
    assert await pending(db) == {"a", "b", "c"}
    assert (await get(db, operation)).undone_by == undo.id
    rows = await db.fetch(
        "select action, count(*) as n from audit_log where action ~ '^dlq' group by 1"
    )
    assert {row["action"]: row["n"] for row in rows} == {"dlq.discarded": 3, "dlq.restored": 3}


async def test_the_same_key_is_the_same_operation_and_another_request_is_refused(
    db: Database,
) -> None:
    await failed(db, "a")
    operations, new = Operations(db), asked()
    first = await operations.start(new)
    assert await operations.start(new) == first
    with pytest.raises(ConflictError, match="was used with another body"):
        await operations.start(asked(key=new.id, request_hash=str(uuid4())))
    assert len(await operations.newest("default", 10)) == 1


async def test_a_selection_that_has_changed_is_refused_and_nothing_is_kept(db: Database) -> None:
    await failed(db, *(f"r{n}" for n in range(100)))
    operations = Operations(db)
    with pytest.raises(ConflictError, match="you saw 98 entries, now 100 match"):
        await operations.start(asked(expected=98))
    await operations.start(asked(expected=101, key=str(uuid4())))
    with pytest.raises(ConflictError, match="no entries match"):
        await operations.start(asked(wanted=DeadLetterFilter(status="pending", instance="none")))
    assert len(await operations.newest("default", 10)) == 1


async def test_what_nobody_could_read_is_refused_by_a_replay(db: Database) -> None:
    (entry,) = await failed(db, "a")
    await db.execute(
        "insert into dead_letters (id, tenant, stage, category, code, error, fingerprint, attempts,"
        " retries, failed_at) values ($1, 'default', 'normalize', 'permanent', 'undecodable', 'x',"
        " 'g', '[]', 0, now())",
        uuid4(),
    )
    operation = await begun(db, asked())
    pipeline = Pipeline(db)
    await work_off(worker(db, pipeline))
    assert (await get(db, operation)).results == {"refused": 1, "success": 1}
    assert list(pipeline.asked.values()) == [(entry,)]


async def test_a_run_that_is_refused_for_another_reason_refuses_its_entries(db: Database) -> None:
    await failed(db, "a")
    operation = await begun(db, asked())
    await db.execute("update streams set removed = true")
    pipeline = Pipeline(db)
    pipeline.held = True
    ours = worker(db, pipeline)
    await ours.look()
    await db.execute(
        """insert into refusals (run_id, tenant, request_hash, conflict, reason)
        select run_id, 'default', gen_random_uuid(), false, 'it has no entity type item'
        from operation_chunks"""
    )
    await work_off(ours)
    (item,) = await Operations(db).items("default", operation, 10)
    assert (item.result, item.note) == ("refused", "it has no entity type item")
    assert (await get(db, operation)).state == "failed"


async def test_another_tenant_sees_no_operation(db: Database) -> None:
    await failed(db, "a")
    operation = await Operations(db).start(asked())
    operations = Operations(db)
    for call in (operations.get, lambda t, i: operations.items(t, i, 10)):
        with pytest.raises(NotFoundError):
            await call("other", operation.id)
    for change in (operations.abort, operations.undo):
        with pytest.raises(NotFoundError):
            await change("other", operation.id, "eve")
    assert await operations.newest("other", 10) == []
