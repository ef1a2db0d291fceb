"""Reading a topic: from the offsets of a cursor to the end that was seen at the start."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from syncline.connectors.errors import ConnectorError, refusal
from syncline.connectors.kafka.clients import partitions_of
from syncline.connectors.kafka.messages import Message, MessageReader, UnreadableMessageError
from syncline.connectors.kafka.settings import OFFSETS, read_options
from syncline.connectors.pages import Page
from syncline.connectors.projection import Projection, RecordList
from syncline.domain.columns import Columns
from syncline.domain.cursor.offsets import offsets_of, pieces_of, text_of
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import Record

POLL = 0.5
"""Seconds that one poll waits for messages."""
_FETCH_SIZE = 5_000
SILENT = 60.0
"""Seconds without a message, or a gap, before the end, after which a broker counts as away."""


class TopicReader:
    """One read of a topic by a consumer without a group.

    Its position, and the cursor of a record, is the offset of the next message of each partition.
    """

    def __init__(self, consumer: AIOKafkaConsumer, extraction: Extraction) -> None:
        self._consumer = consumer
        self._extraction = extraction
        self._topic = extraction.table or ""
        self._messages = MessageReader(read_options(extraction))
        self._pick = Projection(extraction, None)
        self._ends: dict[TopicPartition, int] = {}
        self._at: dict[int, int] = {}

    async def begin(self, start: str | None, *, tail: int | None = None) -> None:
        """Go to a cursor, or to the beginning.

        Args:
            tail: read only so many messages of each partition, its last ones.

        Raises:
            ConnectorError: there is no such topic, or it has lost messages behind the cursor.
        """
        partitions = await partitions_of(self._consumer, self._topic)
        begins = await self._consumer.beginning_offsets(partitions)
        self._ends = await self._consumer.end_offsets(partitions)
        wanted = {} if start is None else _read_cursor(start)
        if start is not None:
            _check(self._topic, wanted, begins, self._ends)
        for partition in partitions:
            at = wanted.get(partition.partition, begins[partition])
            if tail is not None:
                at = max(at, self._ends[partition] - tail)
            self._at[partition.partition] = at
        self._consumer.assign(partitions)
        for partition in partitions:  # at once: a partition without an offset would be an error
            self._consumer.seek(partition, self._at[partition.partition])

    async def pages(self, size: int, limit: int | None) -> AsyncGenerator[Page, None]:
        """Stream pages of up to so many records, up to `limit` in all.

        A page waits for what follows it: so the cursor of its last record is behind all that is no
        record (markers of transactions, messages that were left out).
        """
        left, page = limit, None
        while (left is None or left > 0) and (taken := await self._poll(size)) is not None:
            following = self._page(taken)
            if following.ids:
                if page is not None:
                    yield page
                if left is not None:
                    following = following.part(range(min(left, len(following.ids))))
                    left -= len(following.ids)
                page = following
            elif page is not None:
                page.position = following.position
                if self._extraction.cursor_column:
                    page.cursors[-1] = following.position
        if page is not None:
            yield page

    async def _poll(self, size: int) -> list[Message] | None:
        """Take the next messages, none where there was a gap; None at the end.

        Raises RetriableError where nothing comes before the end.
        """
        waited = 0.0
        before = dict(self._at)
        while open_ := [p for p, end in self._ends.items() if self._at[p.partition] < end]:
            try:
                polled = await self._consumer.getmany(
                    *open_, timeout_ms=int(POLL * 1000), max_records=size
                )
            except OffsetOutOfRangeError as error:
                raise await self._lost() from error
            taken = [m for p, found in polled.items() for m in found if m.offset < self._ends[p]]
            for partition in open_:
                place = await self._consumer.position(partition)
                self._at[partition.partition] = min(place, self._ends[partition])
            if taken or self._at != before:
                return taken
            waited += POLL
            if waited >= SILENT:
                raise RetriableError(f"Kafka: no message came for {SILENT:.0f} s")
        return None

    def _page(self, taken: Sequence[Message]) -> Page:
        """Make a page; of messages about one ID the last one counts."""
        records, position = self._records(taken), text_of(self._at)
        page = self._pick.page(records.columns(), records.bad, position)
        page.records.values.pop(OFFSETS, None)
        last = {source_id: place for place, source_id in enumerate(page.ids)}
        kept = sorted({*last.values(), *page.bad})
        page = page if len(kept) == len(page.ids) else page.part(kept)
        if self._extraction.cursor_column and page.ids:
            page.cursors[-1] = position
        return page

    def _records(self, taken: Sequence[Message]) -> RecordList:
        """Return the records of messages, each with its cursor beside its fields."""
        records, cursors = RecordList(), self._cursors(taken)
        for place, message in enumerate(taken):
            try:
                record = self._messages.record(message)
            except UnreadableMessageError as error:
                record = self._messages.found(message)
                records.bad[len(records)] = error.failure
            if record is not None:
                if cursors:
                    record[OFFSETS] = cursors[place]
                records.records.append(record)
        return records

    def _cursors(self, taken: Sequence[Message]) -> list[str]:
        """Return the position behind each of the messages that were just taken."""
        if self._extraction.cursor_column is None:
            return []
        first = {message.partition: message.offset for message in reversed(taken)}
        pieces = pieces_of(self._at | first)
        places = {partition: place for place, partition in enumerate(sorted(self._at))}
        made = []
        for message in taken:
            pieces[places[message.partition]] = f'"{message.partition}":{message.offset + 1}'
            made.append("{" + ",".join(pieces) + "}")
        return made

    async def _lost(self) -> ConnectorError | RetriableError:
        """Say what retention deleted while the topic was read."""
        partitions = list(self._ends)
        begins = await self._consumer.beginning_offsets(partitions)
        try:
            _check(self._topic, self._at, begins, await self._consumer.end_offsets(partitions))
        except ConnectorError as error:
            return error
        return RetriableError("Kafka: the topic's offsets changed while it was read")


def _read_cursor(text: str) -> dict[int, int]:
    try:
        return offsets_of(text)
    except ValueError as error:
        message = f"the cursor {error}: set it to offsets by partition, or reset it"
        raise refusal("invalid_cursor", message) from error


def _check(
    topic: str,
    wanted: Mapping[int, int],
    begins: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
) -> None:
    """Raise ConnectorError where messages from a cursor on are not there any more."""
    known = {p.partition: p for p in begins}
    beyond = [n for n, at in wanted.items() if n not in known or at > ends[known[n]]]
    if beyond:
        message = (
            f"the topic {topic!r} was made anew or cut off since it was read: the cursor is behind "
            f"its end (partition {beyond[0]}, offset {wanted[beyond[0]]}). Reset the cursor to "
            "read the topic from its beginning"
        )
        raise refusal("topic_replaced", message)
    gone = {n: begins[known[n]] - at for n, at in wanted.items() if begins[known[n]] > at}
    if not gone:
        return
    parts = ", ".join(f"partition {n} from offset {wanted[n]}: {gone[n]:,}" for n in sorted(gone))
    rest = text_of({n: max(at, begins[known[n]]) for n, at in wanted.items()})
    message = (
        f"up to {sum(gone.values()):,} messages of {topic!r} were deleted by the topic's retention "
        f"before they were read ({parts}). Set the cursor to {rest} to read what is left, and "
        "bring what is lost from elsewhere; a longer retention, or more frequent runs, avoid it"
    )
    raise refusal("messages_deleted", message)


async def fetch_records(
    consumer: AIOKafkaConsumer, extraction: Extraction, ids: Sequence[str]
) -> Page:
    """Read the topic from its beginning, and return the last record of each of these IDs."""
    wanted, found = frozenset(ids) - {""}, dict[str, Record]()
    reader = TopicReader(consumer, replace(extraction, cursor_column=None))
    await reader.begin(None)
    async for page in reader.pages(_FETCH_SIZE, None):
        places = [p for p, i in enumerate(page.ids) if i in wanted and p not in page.bad]
        if places:
            part = page.part(places)
            found.update(zip(part.ids, part.records.records(), strict=True))
    return Page(list(found), [None] * len(found), Columns.of(list(found.values())), "")


async def newest_records(
    consumer: AIOKafkaConsumer, extraction: Extraction, count: int
) -> list[Record]:
    """Return the last records of each partition whole, whatever the extraction names."""
    own = replace(extraction, cursor_column=None, columns=(), filters=())
    reader = TopicReader(consumer, own)
    await reader.begin(None, tail=count)
    pages = [page async for page in reader.pages(count, None)]
    return [
        record
        for page in pages
        for place, record in enumerate(page.records.records())
        if place not in page.bad
    ]
