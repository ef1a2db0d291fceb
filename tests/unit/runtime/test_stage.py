"""The loop: what is committed and when, what comes again, and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from syncline.contracts.wire import Outbound
from syncline.domain.errors import RetriableError
from syncline.runtime.departure import end_if_departing
from syncline.runtime.loop.stage_loop import StageLoop
from syncline.runtime.spec import StageOptions, StageSpec
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker, MemoryProducer
from tests.support.eventually import eventually
from tests.support.stages import GROUP, IN, Handler, decode, out, put, running, stage_on


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


def in_hand_and_queued(stage: StageLoop[str]) -> int:
    return sum(worker.pending for worker in stage._session.workers)


class HoldingProducer(MemoryProducer):
    """Acknowledges when told."""

    def __init__(self, broker: MemoryBroker) -> None:
        super().__init__(broker, 1_000_000)
        self.acknowledge = asyncio.Event()

    async def send(self, messages: Sequence[Outbound]) -> None:
        await super().send(messages)
        await self.acknowledge.wait()


async def test_outputs_are_acknowledged_before_an_offset_moves(broker: MemoryBroker) -> None:
    producer = HoldingProducer(broker)
    await put(broker, "a", "b")
    clock = FakeClock()
    async with running(stage_on(broker, Handler(), clock=clock, producer=producer)):
        await eventually(lambda: out(broker) == ["a", "b"])
        await clock.advance(60)
        assert broker.committed(GROUP) == {}

        producer.acknowledge.set()
        await clock.advance(1)
        assert broker.committed(GROUP) == {(IN, 0): 2}


async def test_what_was_not_finished_comes_again_after_a_crash(broker: MemoryBroker) -> None:
    stuck = asyncio.Event()

    async def hang(_items: Sequence[str]) -> None:
        await stuck.wait()

    await put(broker, "a")
    hanging = Handler(hang)
    options = StageOptions(drain=0.0)
    dying = asyncio.create_task(stage_on(broker, hanging, options).run(asyncio.Event()))
    await eventually(lambda: hanging.calls)
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying

    async with running(stage_on(broker, Handler())):
        await eventually(lambda: out(broker) == ["a"])


async def test_order_within_a_partition_is_kept_over_many_batches(broker: MemoryBroker) -> None:
    sent = [str(n) for n in range(500)]
    await put(broker, *sent)
    handler = Handler()
    async with running(stage_on(broker, handler, StageOptions(max_items=7, queue=16))):
        await eventually(lambda: out(broker) == sent)

    assert max(map(len, handler.calls)) == 7
    assert broker.committed(GROUP) == {(IN, 0): 500}


async def test_a_call_takes_messages_up_to_a_size_and_one_whatever_its_size(
    broker: MemoryBroker,
) -> None:
    sent = ["a" * 40, "b" * 40, "c" * 40, "d" * 300, "e" * 10]
    await put(broker, *sent)
    handler = Handler()
    async with running(stage_on(broker, handler, StageOptions(max_bytes=100))):
        await eventually(lambda: out(broker) == sent)
    assert [len(call) for call in handler.calls] == [2, 1, 1, 1]


async def test_partitions_do_not_wait_for_each_other(broker: MemoryBroker) -> None:
    stuck = asyncio.Event()

    async def hang_on_slow(items: Sequence[str]) -> None:
        if "slow" in items:
            await stuck.wait()

    await put(broker, "slow", spread=0)
    await put(broker, "quick", spread=1)
    async with running(stage_on(broker, Handler(hang_on_slow))):
        await eventually(lambda: broker.committed(GROUP) == {(IN, 1): 1})
        stuck.set()


async def test_a_full_queue_holds_its_partition_until_it_is_half_empty(
    broker: MemoryBroker,
) -> None:
    gate = asyncio.Semaphore(0)

    async def wait(_items: Sequence[str]) -> None:
        await gate.acquire()

    sent = [str(n) for n in range(200)]
    await put(broker, *sent)
    consumer = broker.consumer(GROUP)
    options = StageOptions(max_items=4, queue=16, commit_every=0.01)
    async with running(stage_on(broker, Handler(wait), options, consumer=consumer)):
        await eventually(lambda: (IN, 0) in consumer.paused)
        at = consumer.positions[IN, 0]
        assert at <= 20
        gate.release()
        await eventually(lambda: len(out(broker)) == 4)
        assert consumer.positions[IN, 0] == at
        for _ in range(2):
            gate.release()
        await eventually(lambda: consumer.positions[IN, 0] > at)
        assert consumer.positions[IN, 0] <= at + 16
        for _ in range(60):
            gate.release()
        await eventually(lambda: out(broker) == sent)


async def test_a_stop_finishes_what_is_in_hand_and_leaves_the_rest(broker: MemoryBroker) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_items: Sequence[str]) -> None:
        began.set()
        await go_on.wait()

    await put(broker, "a", "b", "c")
    handler = Handler(wait)
    stopping = asyncio.Event()
    stage = stage_on(broker, handler, StageOptions(max_items=1))
    task = asyncio.create_task(stage.run(stopping))
    await began.wait()
    await eventually(lambda: in_hand_and_queued(stage) == 3)
    stopping.set()
    await eventually(lambda: in_hand_and_queued(stage) == 1)
    go_on.set()
    await task

    assert handler.calls == [["a"]]
    assert out(broker) == ["a"]
    assert broker.committed(GROUP) == {(IN, 0): 1}
    assert not stage.joined


async def test_work_that_outlasts_the_drain_is_cut_off_and_not_committed(
    broker: MemoryBroker,
) -> None:
    began = asyncio.Event()

    async def wait_for_ever(_items: Sequence[str]) -> None:
        began.set()
        await asyncio.Event().wait()

    await put(broker, "a")
    async with running(stage_on(broker, Handler(wait_for_ever), StageOptions(drain=0.0))):
        await began.wait()

    assert broker.committed(GROUP) == {}


async def test_long_work_hears_that_its_partition_leaves_and_ends_uncommitted(
    broker: MemoryBroker,
) -> None:
    began = asyncio.Event()

    async def work_long(_items: Sequence[str]) -> None:
        began.set()
        while True:
            end_if_departing()
            await asyncio.sleep(0)

    await put(broker, "a")
    async with running(stage_on(broker, Handler(work_long), StageOptions(drain=1e9))):
        await began.wait()

    assert broker.committed(GROUP) == {}
    assert out(broker) == []


async def test_a_rebalance_finishes_what_is_in_hand_before_the_next_member_gets_it(
    broker: MemoryBroker,
) -> None:
    go_on = asyncio.Event()

    async def wait_at_50(items: Sequence[str]) -> None:
        if "50" in items:
            await go_on.wait()

    sent = [str(n) for n in range(400)]
    first, second = Handler(wait_at_50), Handler()
    options = StageOptions(max_items=5, commit_every=0.01)
    for text in sent[:100]:
        await put(broker, text, spread=int(text))
    async with running(stage_on(broker, first, options)):
        await eventually(lambda: any("50" in call for call in first.calls))
        await eventually(lambda: len(out(broker)) >= 75)  # all of the other partitions
        joining = stage_on(broker, second, options)
        async with running(joining):
            await eventually(lambda: sum(broker.committed(GROUP).values()) >= 75)
            assert not joining.joined
            go_on.set()
            await eventually(lambda: joining.joined)
            for text in sent[100:]:
                await put(broker, text, spread=int(text))
            await eventually(lambda: len(out(broker)) == 400)
        await put(broker, "last", spread=3)
        await eventually(lambda: len(out(broker)) == 401)

    assert sorted(out(broker)) == sorted([*sent, "last"])  # a clean hand-over repeats nothing
    assert second.calls


async def test_a_member_that_lost_its_partitions_repeats_work_and_loses_none(
    broker: MemoryBroker,
) -> None:
    go_on = asyncio.Event()

    async def wait(_items: Sequence[str]) -> None:
        await go_on.wait()

    await put(broker, "a", "b")
    zombie = broker.consumer(GROUP)
    async with running(stage_on(broker, Handler(wait), consumer=zombie)) as task:
        await eventually(lambda: zombie.positions.get((IN, 0)) == 2)
        async with running(stage_on(broker, Handler())):
            await broker.evict(zombie) if zombie in zombie.group.members else None
            await eventually(lambda: broker.committed(GROUP) == {(IN, 0): 2})
            go_on.set()
        assert not task.done()

    assert set(out(broker)) == {"a", "b"}


def put_of(broker: MemoryBroker, run: str, *texts: str) -> None:
    for text in texts:
        broker.append(Outbound(IN, run.encode(), text.encode(), 0))


async def test_a_run_that_takes_long_holds_up_no_other_and_commits_stay_behind_it(
    broker: MemoryBroker,
) -> None:
    slow = asyncio.Event()

    async def wait_first(items: Sequence[str]) -> None:
        if "a1" in items:
            await slow.wait()

    put_of(broker, "a", "a1")
    put_of(broker, "b", "b1")
    put_of(broker, "a", "a2")
    put_of(broker, "b", "b2", "b3")
    options = StageOptions(max_items=1, runs=3, commit_every=0.01)
    async with running(stage_on(broker, Handler(wait_first), options)):
        await eventually(lambda: out(broker) == ["b1", "b2", "b3"])
        assert broker.committed(GROUP) == {}
        slow.set()
        await eventually(lambda: broker.committed(GROUP) == {(IN, 0): 5})
    assert out(broker)[3:] == ["a1", "a2"]


async def test_runs_that_wait_take_turns(broker: MemoryBroker) -> None:
    first = asyncio.Event()

    async def wait_first(items: Sequence[str]) -> None:
        if "a1" in items:
            await first.wait()

    put_of(broker, "a", *(f"a{n}" for n in range(1, 6)))
    put_of(broker, "b", "b1")
    put_of(broker, "c", "c1", "c2")
    handler = Handler(wait_first)
    async with running(stage_on(broker, handler, StageOptions(max_items=1, runs=2))):
        await eventually(lambda: len(out(broker)) == 3)  # all but the one that takes long
        assert out(broker)[:2] == ["b1", "c1"]
        first.set()
        await eventually(lambda: len(out(broker)) == 8)
    assert out(broker)[3:] == [f"a{n}" for n in range(1, 6)]


async def test_lost_acknowledgements_repeat_outputs_and_lose_none() -> None:
    broker = MemoryBroker(lose_acks=0.3, seed=7)
    sent = [str(n) for n in range(60)]
    for text in sent:
        broker.append(Outbound(IN, b"run-1", text.encode(), 0))
    clock = FakeClock()
    async with running(stage_on(broker, Handler(), StageOptions(max_items=2), clock=clock)):

        async def done() -> bool:
            await clock.advance(5)
            return broker.committed(GROUP) == {(IN, 0): 60}

        await eventually(done)

    assert list(dict.fromkeys(out(broker))) == sent
    assert len(out(broker)) > 60


async def test_an_outage_of_the_broker_is_sat_out(broker: MemoryBroker) -> None:
    clock = FakeClock()
    stage = stage_on(broker, Handler(), clock=clock)
    broker.is_away = True
    async with running(stage):
        await clock.advance(20)
        assert stage.waiting_for == "the broker is away"
        assert not stage.joined
        broker.is_away = False

        async def joined() -> bool:
            await clock.advance(5)
            return stage.joined

        await eventually(joined)
        await put(broker, "a")
        await eventually(lambda: out(broker) == ["a"])
        assert stage.waiting_for is None


async def test_a_stop_does_not_wait_for_an_absent_broker(broker: MemoryBroker) -> None:
    broker.is_away = True
    async with asyncio.timeout(2), running(stage_on(broker, Handler(), clock=FakeClock())):
        await asyncio.sleep(0)


async def test_a_consumer_that_gets_nothing_is_replaced(broker: MemoryBroker) -> None:
    clock, consumer = FakeClock(), broker.consumer(GROUP)
    async with running(stage_on(broker, Handler(), clock=clock, consumer=consumer)):
        await eventually(lambda: consumer.positions)
        consumer.pause((IN, 0))  # as if its fetching had died
        await put(broker, "a")

        async def handled() -> bool:
            await clock.advance(10)
            return out(broker) == ["a"]

        await eventually(handled)


async def test_messages_that_were_never_announced_are_not_passed_over(
    broker: MemoryBroker,
) -> None:
    class Early(type(broker.consumer(GROUP))):  # type: ignore[misc]
        """Polls a partition before its assignment was told."""

        late: bool

        async def assign(self, positions: dict[tuple[str, int], int]) -> None:
            await super().assign({p: at for p, at in positions.items() if not self.late})
            self.positions = positions
            self.late = False

    consumer = Early(broker, broker.consumer(GROUP).group)
    consumer.late = True
    await put(broker, "a")
    clock = FakeClock()
    async with running(stage_on(broker, Handler(), clock=clock, consumer=consumer)):

        async def handled() -> bool:
            await clock.advance(5)
            return out(broker) == ["a"]

        await eventually(handled)


async def test_retriable_error_of_the_database_pauses_with_growing_waits(
    broker: MemoryBroker,
) -> None:
    away = True

    async def maybe_away(_items: Sequence[str]) -> None:
        if away:
            group = ExceptionGroup("tasks", [RetriableError("PostgreSQL is away")])
            raise group

    clock = FakeClock()
    handler = Handler(maybe_away)
    stage = stage_on(broker, handler, clock=clock)
    await put(broker, "a")
    async with running(stage):
        for _ in range(60):
            await clock.advance(1)
        assert stage.waiting_for == "PostgreSQL is away"
        assert broker.committed(GROUP) == {}
        assert 10 < len(handler.calls) < 25
        away = False
        await clock.advance(10)
        assert out(broker) == ["a"]
        assert stage.waiting_for is None


async def test_a_stop_does_not_wait_for_an_absent_database(broker: MemoryBroker) -> None:
    async def away(_items: Sequence[str]) -> None:
        raise RetriableError("PostgreSQL is away")

    await put(broker, "a")
    clock = FakeClock()
    stage = stage_on(broker, Handler(away), clock=clock)
    async with asyncio.timeout(2), running(stage):
        await eventually(lambda: stage.waiting_for)

    assert broker.committed(GROUP) == {}


@pytest.mark.parametrize("together", [False, True])
async def test_a_stage_tells_what_it_is_through_with_or_has_taken(
    broker: MemoryBroker, together: bool
) -> None:
    """Long calls are told of when they begin, others when their outputs are acknowledged."""
    told: list[tuple[str, list[str]]] = []

    async def handled(items: Sequence[str]) -> None:
        told.append(("handled", list(items)))

    def reach(items: Sequence[str]) -> None:
        told.append(("reach" if together or out(broker) == ["a"] else "too early", list(items)))

    options = StageOptions(together=together)
    spec = StageSpec(GROUP, [IN], decode, options, reach=reach)
    stage = StageLoop(
        spec, Handler(before=handled), broker.consumer(GROUP), broker.producer(), FakeClock()
    )
    async with running(stage):
        await put(broker, "a")
        await eventually(lambda: len(told) == 2)
    assert told == [(what, ["a"]) for what in sorted(["handled", "reach"], reverse=together)]
