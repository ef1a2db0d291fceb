"""What any broker behind the runtime's ports has to do: run on the memory broker and on Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

import pytest

from syncline.contracts.wire import Delivery, Outbound, Partition
from syncline.domain.errors import CommitLostError, MessageTooLargeError
from syncline.runtime.commands.control import Reader
from syncline.runtime.ports import Consumer, Producer
from tests.support.eventually import eventually

TOPIC, PARTITIONS, LIMIT = "raw", 4, 200_000
SIZE = 400_000
"""Bytes of a partition that a poll is asked for."""


class Broker(Protocol):
    """A broker with the topics `raw`, `triggers` of four partitions and `control` of one."""

    def consumer(self, group: str) -> Consumer: ...
    def producer(self, max_message: int = LIMIT, *, signs: bool = True) -> Producer: ...
    def reader(self, topic: str, *, from_beginning: bool = True) -> Reader: ...


def message(text: str, spread: int = 0, *, topic: str = TOPIC) -> Outbound:
    return Outbound(topic, b"run-1", text.encode(), spread, (("tenant", b"default"),))


class Member:
    """A consumer with what happened to it."""

    def __init__(self, consumer: Consumer) -> None:
        self.consumer = consumer
        self.partitions: frozenset[Partition] = frozenset()
        self.seen: list[Delivery] = []
        self.before_giving_up: Callable[[], Awaitable[None]] | None = None

    async def start(self) -> Member:
        await self.consumer.start([TOPIC], self._assigned, self._revoked)
        return self

    async def _assigned(self, partitions: frozenset[Partition]) -> None:
        self.partitions = partitions

    async def _revoked(self, partitions: frozenset[Partition]) -> None:
        if self.before_giving_up is not None:
            await self.before_giving_up()
        self.partitions -= partitions

    async def polled(self, count: int = 1, limit: int = 100) -> list[Delivery]:
        """Poll until `count` more messages came."""
        wanted = len(self.seen) + count

        async def enough() -> bool:
            for deliveries in (await self.consumer.poll(0.2, limit, SIZE)).values():
                self.seen += deliveries
            return len(self.seen) >= wanted

        await eventually(enough, within=20)
        return self.seen[wanted - count :]

    async def commit_seen(self) -> None:
        await self.consumer.commit({(d.topic, d.partition): d.offset + 1 for d in self.seen})


StartMember: TypeAlias = Callable[..., Awaitable[Member]]


def texts(deliveries: Sequence[Delivery]) -> list[str]:
    return [(d.value or b"").decode() for d in deliveries]


class BrokerSuite:
    """Subclasses give a fixture `broker`."""

    @pytest.fixture
    async def producer(self, broker: Broker) -> AsyncIterator[Producer]:
        producer = broker.producer(LIMIT)
        await producer.start()
        yield producer
        await producer.stop()

    @pytest.fixture
    async def member(self, broker: Broker) -> AsyncIterator[StartMember]:
        """Give members that are stopped after the test."""
        members: list[Member] = []

        async def start(group: str = "execute") -> Member:
            members.append(Member(broker.consumer(group)))
            return await members[-1].start()

        yield start
        for one in members:
            await one.consumer.stop()

    async def test_a_message_arrives_as_it_was_sent(
        self, producer: Producer, member: StartMember
    ) -> None:
        await producer.send([message("hello", 6)])

        (delivery,) = await (await member()).polled()

        assert (delivery.topic, delivery.partition, delivery.offset) == (TOPIC, 6 % PARTITIONS, 0)
        assert (delivery.key, delivery.value) == (b"run-1", b"hello")
        assert ("tenant", b"default") in delivery.headers
        assert delivery.timestamp > 1_600_000_000_000

    async def test_order_within_a_partition_is_kept(
        self, producer: Producer, member: StartMember
    ) -> None:
        sent = [str(n) for n in range(300)]
        await producer.send([message(text) for text in sent[:150]])
        await producer.send([message(text) for text in sent[150:]])

        assert texts(await (await member()).polled(300)) == sent

    async def test_a_poll_takes_no_more_than_asked_of_each_partition(
        self, producer: Producer, member: StartMember
    ) -> None:
        await producer.send([message(str(n), n) for n in range(40)])
        one = await member()

        sizes: list[int] = []
        while sum(sizes) < 40:
            sizes += map(len, (await one.consumer.poll(0.2, 3, SIZE)).values())

        assert max(sizes) == 3

    async def test_a_poll_takes_few_messages_where_they_are_large(
        self, producer: Producer, member: StartMember
    ) -> None:
        sent = [f"{n:03}" + "x" * 150_000 for n in range(12)]
        await producer.send([message(text) for text in sent])
        one = await member()

        polled: list[Delivery] = []
        while len(polled) < len(sent):
            some = [d for got in (await one.consumer.poll(0.2, 100, SIZE)).values() for d in got]
            assert sum(len(d.value or b"") for d in some) <= SIZE
            polled += some
        assert texts(polled) == sent

    async def test_a_paused_partition_gives_nothing_until_it_is_resumed(
        self, producer: Producer, member: StartMember
    ) -> None:
        one = await member()
        one.consumer.pause((TOPIC, 0))
        await producer.send([message("held", 0), message("free", 1)])

        assert texts(await one.polled()) == ["free"]
        assert not await one.consumer.poll(0.2, 10, SIZE)
        one.consumer.resume((TOPIC, 0))
        assert texts(await one.polled()) == ["held"]

    async def test_the_next_member_begins_at_the_committed_offsets(
        self, producer: Producer, member: StartMember
    ) -> None:
        await producer.send([message("done"), message("also done"), message("not done")])
        first = await member()
        await first.polled(3)
        await first.consumer.commit({(TOPIC, 0): 2})
        await first.consumer.stop()

        assert texts(await (await member()).polled()) == ["not done"]

    async def test_what_was_not_committed_comes_again_after_a_restart(
        self, producer: Producer, member: StartMember
    ) -> None:
        await producer.send([message("again")])
        one = await member()
        await one.polled()
        await one.consumer.stop()

        await one.start()

        assert texts(await one.polled()) == ["again"]

    async def test_groups_do_not_take_from_each_other(
        self, producer: Producer, member: StartMember
    ) -> None:
        await producer.send([message("for both")])

        one, other = await member("execute"), await member("transform")

        assert texts(await one.polled()) == texts(await other.polled()) == ["for both"]

    async def test_stopping_asks_for_the_partitions_while_commits_still_count(
        self, producer: Producer, member: StartMember
    ) -> None:
        await producer.send([message("last")])
        one = await member()
        await one.polled()
        one.before_giving_up = one.commit_seen
        await one.consumer.stop()

        assert one.partitions == frozenset()
        await producer.send([message("new")])
        assert texts(await (await member()).polled()) == ["new"]

    async def test_a_commit_of_what_moved_away_is_lost(
        self, producer: Producer, member: StartMember
    ) -> None:
        one = await member()

        with pytest.raises(CommitLostError):
            await one.consumer.commit({("raw", PARTITIONS + 3): 1})

    async def test_a_commit_behind_the_stop_is_lost(
        self, producer: Producer, member: StartMember
    ) -> None:
        one = await member()
        await one.consumer.stop()

        with pytest.raises(CommitLostError):
            await one.consumer.commit({("raw", 0): 1})

    async def test_lag_counts_what_was_not_polled(
        self, producer: Producer, member: StartMember
    ) -> None:
        one = await member()
        one.consumer.pause((TOPIC, 1))
        await producer.send([message("x", 0), message("y", 1), message("z", 1)])
        await one.polled()

        async def counted() -> bool:
            behind = await one.consumer.behind()
            return behind[TOPIC, 0] == 0 and behind[TOPIC, 1] == 2

        await eventually(counted)

    async def test_a_message_that_is_too_large_is_refused_and_harms_nobody(
        self, producer: Producer, member: StartMember
    ) -> None:
        one = await member()
        with pytest.raises(MessageTooLargeError, match=f"the limit is {LIMIT}"):
            await producer.send([message("small"), message("x" * (LIMIT + 1))])

        await producer.send([message("after")])

        assert texts(await one.polled()) == ["after"]

    async def test_a_reader_sees_all_and_says_when_it_caught_up(
        self, broker: Broker, producer: Producer
    ) -> None:
        tombstone = Outbound("control", b"run-1", None, 0)
        await producer.send([message("cancel", topic="control"), tombstone])
        reader = broker.reader("control")
        await reader.start()
        seen: list[Delivery] = []

        async def caught_up() -> bool:
            seen.extend(await reader.poll(0.2))
            return await reader.at_end()

        await eventually(caught_up, within=10)
        await producer.send([message("later", topic="control")])
        await eventually(lambda: _more(reader, seen, 3), within=10)
        await reader.stop()

        assert [d.value for d in seen] == [b"cancel", None, b"later"]

    async def test_what_was_sent_without_a_key_is_foreign_and_readers_leave_it_out(
        self, broker: Broker, producer: Producer
    ) -> None:
        stranger = broker.producer(signs=False)
        await stranger.send([message("forged"), message("forged", topic="control")])
        await producer.send([message("ours"), message("ours", topic="control")])
        await stranger.stop()
        member = await Member(broker.consumer("group")).start()
        found = await member.polled(2)
        await member.consumer.stop()
        assert {d.value: (d.is_ours, d.foreign is None) for d in found} == {
            b"forged": (False, False),
            b"ours": (True, True),
        }
        reader = broker.reader("control")
        await reader.start()
        read: list[bytes | None] = []
        while not await reader.at_end():
            read += [d.value for d in await reader.poll(0.2)]
        await reader.stop()
        assert read == [b"ours"]

    async def test_a_reader_may_begin_at_the_end(self, broker: Broker, producer: Producer) -> None:
        await producer.send([message("old", topic="control")])
        reader = broker.reader("control", from_beginning=False)
        await reader.start()
        await producer.send([message("new", topic="control")])
        seen: list[Delivery] = []

        await eventually(lambda: _more(reader, seen, 1), within=10)
        await reader.stop()

        assert texts(seen) == ["new"]


async def _more(reader: Reader, seen: list[Delivery], count: int) -> bool:
    seen.extend(await reader.poll(0.2))
    return len(seen) >= count
