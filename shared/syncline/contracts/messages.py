"""Internal messages: run requests, reports to Finalize, and how messages are encoded.

msgspec structs in JSON; `bundle.py` holds those with records. A reader ignores unknown fields; `v`
is the writer's version. Numbers keep their digits: decimals are JSON numbers, read as Decimal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, TypeAlias, TypeVar, overload
from uuid import UUID

import msgspec

from syncline.contracts.wire import Delivery
from syncline.domain.errors import Failure
from syncline.domain.run import Mode, Run

T = TypeVar("T")
VERSION = 1
Index: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Slot: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**15 - 1)]
Codes: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[SUXPCF]*$")]
Milliseconds: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]


class RunRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """What every stage must know of a run; fixed when the run is accepted.

    Attributes:
        id, stream: the correlation ID; the number of the stream.
        instance: its ID; `instance_name` is for people.
        source, target: profile IDs.
        mapping, mapping_version: the pinned mapping.
        lanes: number of partitions of a stage topic over which the run is spread.
        replay: whether it replays dead letters; then it never overwrites a newer version.
        first: the stream's ledger was empty at the run's start; false if that is not certain.
    """

    id: str
    tenant: str
    stream: Index
    instance: str
    entity_type: str
    source: str
    target: str
    mapping: str
    mapping_version: int
    mode: Mode = Mode.INCREMENTAL
    lanes: int = 1
    replay: bool = False
    instance_name: str = ""
    first: bool = False

    def __post_init__(self) -> None:
        for name in ("id", "instance", "source", "target", "mapping"):
            check_uuid(getattr(self, name), name)


def ref_of(run: Run) -> RunRef:
    """Return what the stages need to know of a run."""
    return RunRef(
        id=run.id,
        tenant=run.tenant,
        stream=run.stream,
        instance=run.instance,
        entity_type=run.entity_type,
        source=run.source,
        target=run.target,
        mapping=run.mapping,
        mapping_version=run.mapping_version,
        mode=run.mode,
        lanes=run.lanes,
        replay=run.replay is not None,
        instance_name=run.instance_name,
    )


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A failed attempt at one record. `at` is RFC 3339, UTC."""

    number: int
    at: str
    stage: str
    failure: Failure


class Timing(msgspec.Struct, frozen=True, array_like=True):
    """When one message came to a stage's topic and was worked on; milliseconds since 1970."""

    topic: str
    arrived: Milliseconds
    begun: Milliseconds = 0
    done: Milliseconds = 0


class RunRequest(msgspec.Struct, frozen=True):
    """An accepted run, for Ingest. The run row holds what it is to do."""

    run_id: str
    tenant: str
    v: int = VERSION

    def __post_init__(self) -> None:
        check_uuid(self.run_id, "run_id")


class BatchOutcomes(msgspec.Struct, frozen=True, array_like=True):
    """Outcomes of records of one batch: `codes` has one Outcome code for each slot."""

    number: Index
    slots: list[Slot]
    codes: Codes

    def __post_init__(self) -> None:
        _require_parallel(self.slots, self.codes)


class Settled(msgspec.Struct, frozen=True, tag="outcomes"):
    """A report: records of one run reached an outcome in one stage.

    Attributes:
        timings: of the messages whose records end here. They travel in the report's header; the
            previous release wrote them into the report.
        left_out: records that the mapping excluded, each with the hash of its source row, so that
            the next run recognises them.
    """

    run: RunRef
    batches: list[BatchOutcomes]
    stage: str
    letters: list[DeadLetterRef] = []
    timings: list[Timing] = []
    left_out: list[tuple[str, str]] = []
    v: int = 2

    def __post_init__(self) -> None:
        for _, row_hash in self.left_out:
            UUID(row_hash)


class OlderSettled(msgspec.Struct, frozen=True, tag="settled"):
    """A report of the previous release: outcomes of one batch."""

    run: RunRef
    number: Index
    slots: list[Slot]
    codes: Codes
    stage: str
    letters: list[DeadLetterRef] = []
    timings: list[Timing] = []
    left_out: list[tuple[str, str]] = []

    def newer(self) -> Settled:
        """Return it as a report of this release. Raises ValueError."""
        outcomes = BatchOutcomes(self.number, self.slots, self.codes)
        return Settled(self.run, [outcomes], self.stage, self.letters, self.timings, self.left_out)


class DeadLetterRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stored dead letter, for the status event about it."""

    id: str
    source_id: str
    stage: str
    failure: Failure


class Retrying(msgspec.Struct, frozen=True, tag="retrying"):
    """A report: records of one batch wait for a retry. `due_at` is milliseconds since 1970."""

    run: RunRef
    number: Index
    slots: list[Slot]
    ids: list[str]
    attempts: list[Attempt]
    due_at: Milliseconds
    v: int = VERSION

    def __post_init__(self) -> None:
        _require_parallel(self.slots, self.ids, self.attempts)


class Discovered(msgspec.Struct, frozen=True, tag="discovered"):
    """A report: Ingest committed more batch rows; totals are in the run row."""

    run: RunRef
    v: int = VERSION


class Extracted(msgspec.Struct, frozen=True, tag="extracted"):
    """The manifest: the report that extraction ended, by itself, by cancel or by failure."""

    run: RunRef
    batches: int
    records: int
    failure: Failure | None = None
    v: int = VERSION


class Stalling(msgspec.Struct, frozen=True, tag="stalling"):
    """Finalize's report to itself, after all others of the run: the run has not moved for long.

    Attributes:
        seen: when the run last moved, RFC 3339; a run that has moved since is left alone.
        after: seconds without movement that count as stalled.
    """

    run: RunRef
    seen: str
    after: float
    v: int = VERSION


class Waiting(msgspec.Struct, frozen=True, tag="waiting"):
    """A report: records wait because a system asked for it; this counts as no attempt.

    Attributes:
        due_at: when they are tried next, milliseconds since 1970.
        reason: what they wait for, in plain words.
    """

    run: RunRef
    records: int
    due_at: Milliseconds
    reason: str
    v: int = VERSION


class Halted(msgspec.Struct, frozen=True, tag="halted"):
    """A report: the target refuses the whole call, so the run stops writing its other records.

    It is published before the reports about those records.
    """

    run: RunRef
    failure: Failure
    v: int = VERSION


Report: TypeAlias = Settled | Retrying | Waiting | Halted | Discovered | Extracted | Stalling
"""The messages of the outcomes topic."""


def _require_parallel(*lists: Sized) -> None:
    """Raise ValueError, as a decoder does, on lists of different lengths."""
    if len(set(map(len, lists))) > 1:
        raise ValueError(f"lists of different lengths: {', '.join(str(len(x)) for x in lists)}")


def records_in(report: Report) -> int:
    """Count the records that a report gives an outcome."""
    return sum(len(b.slots) for b in report.batches) if isinstance(report, Settled) else 0


def dead_letters_in(reports: Iterable[Report]) -> list[DeadLetterRef]:
    """Return the dead letters of reports, each once."""
    letters = [x for report in reports if isinstance(report, Settled) for x in report.letters]
    return list({letter.id: letter for letter in letters}.values())


encoder = msgspec.json.Encoder(decimal_format="number")
_decoders: dict[type | UnionType, msgspec.json.Decoder[Any]] = {}


def encode(message: object) -> bytes:
    """Encode any message or record; Decimal becomes a JSON number with all its digits."""
    return encoder.encode(message)


@overload
def decoder_of(kind: type[T]) -> msgspec.json.Decoder[T]: ...
@overload
def decoder_of(kind: UnionType) -> msgspec.json.Decoder[Any]: ...
def decoder_of(kind: type[T] | UnionType) -> msgspec.json.Decoder[T]:
    """Return the decoder of a message type; non-integer numbers without a type become Decimal.

    The decoder raises msgspec.DecodeError, or its subclass ValidationError.
    """
    if kind not in _decoders:
        _decoders[kind] = msgspec.json.Decoder(kind, float_hook=Decimal)
    return _decoders[kind]


@overload
def decoding(kind: type[T]) -> Callable[[Delivery], T]: ...
@overload
def decoding(kind: UnionType) -> Callable[[Delivery], Any]: ...
def decoding(kind: type[T] | UnionType) -> Callable[[Delivery], T]:
    """Return a function that reads a delivery's value; it raises msgspec.DecodeError."""
    decode = decoder_of(kind).decode
    return lambda delivery: decode(delivery.value or b"")


def check_uuid(text: str, name: str) -> None:
    """Check that a text is a UUID in lower case. Raises ValueError."""
    if str(UUID(text)) != text:
        raise ValueError(f"`{name}` is no UUID in lower case: {text[:80]!r}")
