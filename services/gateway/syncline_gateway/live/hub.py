"""Live status, once for all who follow: status events in, server-sent events out.

Events of the same thing are coalesced: at most four a second each, and the newest wins. A chunk
is encoded once, however many follow. Whoever is too slow, or may have missed something because
Kafka was away, is told to take a new snapshot.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec
import structlog

from syncline.contracts.events import RECORD_DEAD_LETTERED, CloudEvent, RunStatus
from syncline.contracts.wire import Delivery
from syncline.domain.errors import RetriableError
from syncline.domain.record import JsonObject
from syncline.kafka.reader import KafkaReader
from syncline.runtime.backoff import Backoff
from syncline.runtime.clock import Clock
from syncline_gateway.requests.resource import returns

PING = b": still here\n\n"
"""Sent when nothing happens, so that proxies and clients know the stream is alive."""
COME_BACK = b"retry: 500\n\n"
"""Sent when the process is told to stop: the client is to connect again soon."""
SSE: JsonObject = {
    "media_type": "text/event-stream",
    "headers": {"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
}
"""Arguments of the response: nothing on the way may keep events back."""


def sse_documented(kind: object) -> dict[int | str, JsonObject]:
    """Document a stream whose events carry a struct each."""
    found = returns(kind)
    schema = found[200]["content"]["application/json"]["schema"]
    description = "A stream of server-sent events; the data of each is one JSON document."
    content = {"text/event-stream": {"schema": {"type": "string"}, "itemSchema": schema}}
    return {200: {"description": description, "content": content}}


EVERY = 0.25
"""Seconds between two deliveries of one thing."""
REMEMBERED = 10_000
"""Runs whose newest sequence number is known, to drop what comes late or twice."""
MOST_WAITING = 256
"""Chunks that may wait for a slow follower."""
_decode = msgspec.json.Decoder(CloudEvent[RunStatus]).decode
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode
log = structlog.get_logger()


def event(name: str, data: object, id_: str | None = None) -> bytes:
    """Encode a server-sent event; clients give `id_` back as `Last-Event-ID`."""
    head = f"id: {id_}\n" if id_ else ""
    return f"{head}event: {name}\ndata: ".encode() + _encode(data) + b"\n\n"


class Follower:
    """One follower: chunks that wait for it, and whether it must take a new snapshot."""

    def __init__(self, topics: frozenset[tuple[str, str]]) -> None:
        self.topics = topics
        self.missed = False
        self._chunks: list[bytes] = []
        self._arrived = asyncio.Event()

    def put(self, chunk: bytes) -> None:
        if len(self._chunks) >= MOST_WAITING:
            self.miss()
            return
        self._chunks.append(chunk)
        self._arrived.set()

    def miss(self) -> None:
        """Note that something may be missing."""
        self._chunks.clear()
        self.missed = True
        self._arrived.set()

    async def take(self, within: float) -> bytes:
        """Return what arrived, empty when nothing came within so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._arrived.wait()
        except TimeoutError:  # nothing came: what comes later is kept for the next take
            return b""
        self._arrived.clear()
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)


class Hub:
    """Knows who follows what. Topics are `runs`, `run:<correlation ID>`, `dlq`, … of a tenant."""

    def __init__(self, reader: KafkaReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._followers: dict[tuple[str, str], set[Follower]] = {}
        self._dirty: dict[tuple[str, str], dict[str, bytes]] = {}
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._answers: dict[str, asyncio.Future[RunStatus]] = {}
        self.is_closing = False
        self.is_reading = False

    @contextmanager
    def following(self, tenant: str, topics: Iterable[str]) -> Iterator[Follower]:
        """Follow topics of a tenant inside the block."""
        follower = Follower(frozenset((tenant, topic) for topic in topics))
        for topic in follower.topics:
            self._followers.setdefault(topic, set()).add(follower)
        try:
            yield follower
        finally:
            for topic in follower.topics:
                others = self._followers[topic]
                others.discard(follower)
                if not others:
                    del self._followers[topic]

    def tenants_following(self, name: str) -> list[str]:
        """Return the tenants in which somebody follows a topic."""
        return [tenant for tenant, topic in self._followers if topic == name]

    def close(self) -> None:
        """End all streams: the process is told to stop, and clients come back to another one."""
        self.is_closing = True
        self._resync()

    @contextmanager
    def answer_to(self, run_id: str) -> Iterator[asyncio.Future[RunStatus]]:
        """Give a future of the first status of a run that is asked for inside the block."""
        future: asyncio.Future[RunStatus] = asyncio.get_running_loop().create_future()
        self._answers[run_id] = future
        try:
            yield future
        finally:
            self._answers.pop(run_id, None)
            future.cancel()

    def publish(self, tenant: str, topic: str, key: str, chunk: bytes) -> None:
        """Hand a chunk to all who follow, with the next delivery; the newest of a key wins."""
        if (tenant, topic) in self._followers:
            self._dirty.setdefault((tenant, topic), {})[key] = chunk

    async def deliver(self) -> None:
        """Side task: hand out what was published, four times a second."""
        while True:
            await self._clock.sleep(EVERY)
            dirty, self._dirty = self._dirty, {}
            for topic, chunks in dirty.items():
                together = b"".join(chunks.values())
                for follower in self._followers.get(topic, ()):
                    follower.put(together)

    async def read_statuses(self) -> None:
        """Side task: read the status topic; survives outages of the broker."""
        backoff = Backoff()
        while True:
            try:
                await self._reader.start()
                self.is_reading = True
                self._resync()
                backoff.reset()
                while True:
                    for delivery in await self._reader.poll(EVERY):
                        self._apply(delivery)
            except RetriableError as error:
                self.is_reading = False
                log.warning("status_away", reason=str(error))
                await self._clock.sleep(backoff.next())
            finally:
                await self._reader.stop()

    def _resync(self) -> None:
        """What was sent before the reader stood at the topic's end may have been missed."""
        for follower in set().union(*self._followers.values()):
            follower.miss()

    def _apply(self, delivery: Delivery) -> None:
        try:
            message = _decode(delivery.value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            log.warning("status_undecodable", offset=delivery.offset, error=str(error))
            return
        status = message.data
        self._answer(status)
        if message.type == RECORD_DEAD_LETTERED:
            self.publish(status.tenant, "dlq", "dlq", event("dlq", {"changed": True}))
        elif self._is_newer(status):
            self.publish_run(status)

    def publish_run(self, status: RunStatus) -> None:
        """Hand a run's status to all who follow it."""
        run_id = status.correlation_id
        chunk = event("run", status, str(status.seq))
        for topic in ("runs", f"run:{run_id}"):
            self.publish(status.tenant, topic, run_id, chunk)

    def _answer(self, status: RunStatus) -> None:
        future = self._answers.get(status.correlation_id)
        if future is not None and not future.done():
            future.set_result(status)

    def _is_newer(self, status: RunStatus) -> bool:
        last = self._seen.pop(status.correlation_id, -1)
        self._seen[status.correlation_id] = max(last, status.seq)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return status.seq > last
