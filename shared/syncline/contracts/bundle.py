"""Bundles: batches of one run and lane that travel in one message.

A person sets the size of a batch: the records of one batch row. Ingest decides how many batches
make a bundle: many in a big run, so that a stage works on long columns, one in a small run.

A bundle can be counted (`len`), cut (`part`) and halved until its message fits (`fitting`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Generic, cast

import msgspec

from syncline.contracts.messages import Attempt, Slot, decoder_of, encode, encoder
from syncline.contracts.run_ref import Index, NamedRun, R, Runs, require_same, run_of
from syncline.contracts.versions import VERSION, decode_versioned
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.columns import Columns
from syncline.domain.record import Record

FULL = 512_000
"""Bytes of records up to which Ingest fills a bundle."""
MOST_RECORDS = 2_500
LARGEST_BUNDLE = 1_000_000
"""Bytes of a bundle on its way to the next stage. A broker takes three times as much: a retry adds
the attempts of its records, and a single record cannot be halved."""
LARGEST_RETRY = 1_500_000
"""Bytes of a bundle that is tried again, with the attempts of its records."""
_LONG = 2_000
"""Bytes of a record from which on putting its JSON together from columns costs more than it saves,
as each byte is copied twice more."""


class BatchPart(msgspec.Struct, array_like=True):
    """The records of one batch that a bundle carries.

    Attributes:
        number: of the batch within its run.
        version: when Ingest read the records, in microseconds since 1970 by the database's clock;
            of two versions of a record the higher one is newer.
        slots: positions of the records in the batch row; a retry carries only some.
    """

    number: Index
    version: int
    slots: list[Slot]


class Bundle(msgspec.Struct, Generic[R], omit_defaults=True):
    """Records on their way through the stages; the lists run in parallel.

    Attributes:
        lane: number of the run's lane.
        batches: the batches that the records belong to, one after the other.
        ids: source IDs.
        columns: the records: raw, canonical or payload, by topic.
        row_hashes: hex digests of the source rows, for the early skip of later runs; may be empty.
        attempt: number of the attempt that begins with this message, from 1.
        history: earlier failed attempts of each record, only on retries.
    """

    run: R
    lane: Index
    batches: list[BatchPart]
    ids: list[str]
    columns: Columns
    row_hashes: list[str] = []
    attempt: int = 1
    history: list[list[Attempt]] = []
    v: int = VERSION

    def __post_init__(self) -> None:
        size = len(self.ids)
        counts = [sum(len(batch.slots) for batch in self.batches), len(self.columns)]
        counts += [len(each) for each in (self.row_hashes, self.history) if each]
        if not size or any(count != size for count in counts):
            raise ValueError("the lists of the bundle are empty or of unequal length")

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, places: Sequence[int], columns: Columns | None = None) -> Bundle[R]:
        """Return a bundle of just the records at these places, which rise.

        Args:
            columns: what stands for these records, where that is something else.
        """
        return Bundle(
            run=self.run,
            lane=self.lane,
            batches=[part for part, _ in self.by_batch(places)],
            ids=[self.ids[p] for p in places],
            columns=self.columns.part(places) if columns is None else columns,
            row_hashes=[self.row_hashes[p] for p in places] if self.row_hashes else [],
            attempt=self.attempt,
            history=[self.history[p] for p in places] if self.history else [],
        )

    def by_batch(self, places: Sequence[int]) -> list[tuple[BatchPart, Sequence[int]]]:
        """Group places of the bundle, which rise, by the batch of their records."""
        if len(places) == len(self):
            return list(self._whole())
        found: list[tuple[BatchPart, Sequence[int]]] = []
        rest = iter(places)
        place = next(rest, None)
        for batch, span in self._whole():
            own = []
            while place is not None and place < span.stop:
                own.append(place)
                place = next(rest, None)
            if own:
                slots = [batch.slots[p - span.start] for p in own]
                found.append((BatchPart(batch.number, batch.version, slots), own))
        return found

    def place_of(self, number: int, slot: int) -> int | None:
        """Return the place of a batch's slot in the bundle, None if it is not there."""
        for batch, span in self._whole():
            if batch.number == number and slot in batch.slots:
                return span.start + batch.slots.index(slot)
        return None

    def _whole(self) -> Iterator[tuple[BatchPart, range]]:
        start = 0
        for batch in self.batches:
            yield batch, range(start, start + len(batch.slots))
            start += len(batch.slots)


class _OlderBatch(msgspec.Struct):
    """A message of the previous release: one batch, its records one by one."""

    run: NamedRun
    number: Index
    lane: Index
    slots: list[Slot]
    ids: list[str]
    records: list[Record]
    row_hashes: list[str] = []
    attempt: int = 1
    history: list[list[Attempt]] = []
    version: int = 0

    def bundle(self) -> Bundle[NamedRun]:
        """Return it as a bundle. Raises ValueError on lists of unequal length."""
        return Bundle(
            self.run,
            self.lane,
            [BatchPart(self.number, self.version, self.slots)],
            self.ids,
            Columns.of(self.records),
            self.row_hashes,
            self.attempt,
            self.history,
        )


_decode = msgspec.json.Decoder(Bundle[NamedRun], float_hook=Decimal).decode


def decode_bundle(value: bytes | None) -> Bundle[NamedRun]:
    """Read a bundle of this release or of an earlier one.

    Raises msgspec.DecodeError, UnsupportedVersionError.
    """
    data = value or b""
    try:
        return decode_versioned(_decode, data)
    except msgspec.ValidationError:
        if b'"records":' not in data:
            raise
    try:
        return decoder_of(_OlderBatch).decode(data).bundle()
    except ValueError as error:
        raise msgspec.ValidationError(str(error)) from error


def bundle_in(delivery: Delivery, runs: Runs) -> Bundle:
    """Read a delivery's bundle.

    Raises msgspec.DecodeError, ForeignMessageError, UnsupportedVersionError.
    """
    run = run_of(delivery, runs)
    bundle = decode_bundle(delivery.value)
    require_same(bundle.run, run)
    return cast("Bundle", msgspec.structs.replace(bundle, run=run))


def encoded_records(bundle: Bundle[R], places: Sequence[int]) -> list[bytes]:
    """Return the records at these places as JSON."""
    return [encode(record) for record in bundle.columns.part(places).records()]


class EncodedPayloads(msgspec.Struct, frozen=True):
    """Payloads as JSON.

    Attributes:
        objects: one a record, its keys in order, as the target and the ledger see it.
        lines: the values of each record in the order of the columns, with commas between, a line
            each. None where that was not asked for, where a value is an object or a list, where
            records are long, and where they have keys of their own.
    """

    objects: list[bytes]
    lines: bytes | None = None


def encoded_payloads(columns: Columns, *, lines: bool = False) -> EncodedPayloads:
    """Encode payloads.

    Transform has put their keys in order, except those that not every record has (`rest`).

    Args:
        lines: encode them as lines as well.
    """
    if columns.rest or not columns.values:
        return EncodedPayloads([encode(dict(sorted(r.items()))) for r in columns.records()])
    if sum(len(encode(column[0])) for column in columns.values.values()) > _LONG:
        return EncodedPayloads(list(map(encode, columns.records())))
    texts = [encoder.encode_lines(column) for column in columns.values.values()]
    values = [text.split(b"\n") for text in texts]  # an empty one is last
    names = (encode(name).replace(b"%", b"%%") for name in columns.values)
    record = b"{" + b",".join(name + b":%b" for name in names) + b"}"
    objects = [record % row for row in zip(*values, strict=True)][: len(columns)]
    if not lines or any(map(_is_nested, texts)):
        return EncodedPayloads(objects)
    rows = list(map(b",".join, zip(*values, strict=True)))
    rows[-1] = b""
    return EncodedPayloads(objects, b"\n".join(rows))


def _is_nested(lines: bytes) -> bool:
    """Tell whether any line of JSON is an object or a list."""
    return lines.startswith((b"{", b"[")) or b"\n{" in lines or b"\n[" in lines


def fitting(
    bundle: Bundle, message_of: Callable[[Bundle], Outbound], limit: int
) -> Iterator[tuple[Bundle, Outbound]]:
    """Yield a bundle with its message, or its halves, so that every message fits.

    Args:
        limit: bytes of an encoded bundle. A single record is yielded even if it is larger.
    """
    message = message_of(bundle)
    if len(message.value or b"") <= limit or len(bundle) == 1:
        yield bundle, message
        return
    middle = len(bundle) // 2
    for half in (range(middle), range(middle, len(bundle))):
        yield from fitting(bundle.part(half), message_of, limit)
