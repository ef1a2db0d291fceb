"""Internal messages: run requests, reports to Finalize, and how messages are encoded.

msgspec structs in JSON; `bundle.py` holds those with records. A reader ignores unknown fields; `v`
is the writer's version. Numbers keep their digits: decimals are JSON numbers, read as Decimal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sized
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Generic, TypeAlias, TypeVar, overload
from uuid import UUID

import msgspec

from syncline.contracts.run_ref import (
    ForeignMessageError,
    Index,
    NamedRun,
    R,
    RunRef,
    Runs,
    check_uuid,
    require_same,
    run_of,
)
from syncline.contracts.versions import VERSION, decode_versioned
from syncline.contracts.wire import Delivery
from syncline.domain.errors import Failure

T = TypeVar("T")
Slot: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**15 - 1)]
Codes: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[SUXPCF]*$")]
Lane: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=9999)]
Milliseconds: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]


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


class Settled(msgspec.Struct, Generic[R], frozen=True, tag="outcomes"):
    """A report: records of one run reached an outcome in one stage.

    Attributes:
        timings: of the messages whose records end here. They travel in the report's header; the
            previous release wrote them into the report.
        left_out: records that the mapping excluded, each with the hash of its source row, so that
            the next run recognises them.
    """

    run: R
    batches: list[BatchOutcomes]
    stage: str
    letters: list[DeadLetterRef] = []
    timings: list[Timing] = []
    left_out: list[tuple[str, str]] = []
    v: int = VERSION

    def __post_init__(self) -> None:
        for _, row_hash in self.left_out:
            UUID(row_hash)


class OlderSettled(msgspec.Struct, Generic[R], frozen=True, tag="settled"):
    """A report of the previous release: outcomes of one batch."""

    run: R
    number: Index
    slots: list[Slot]
    codes: Codes
    stage: str
    letters: list[DeadLetterRef] = []
    timings: list[Timing] = []
    left_out: list[tuple[str, str]] = []

    def newer(self) -> Settled[R]:
        """Return it as a report of this release. Raises ValueError."""
        outcomes = BatchOutcomes(self.number, self.slots, self.codes)
        return Settled(self.run, [outcomes], self.stage, self.letters, self.timings, self.left_out)


class DeadLetterRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stored dead letter, for the status event about it."""

    id: str
    source_id: str
    stage: str
    failure: Failure


class Retrying(msgspec.Struct, Generic[R], frozen=True, tag="retrying"):
    """A report: records of one batch wait for a retry. `due_at` is milliseconds since 1970."""

    run: R
    number: Index
    slots: list[Slot]
    ids: list[str]
    attempts: list[Attempt]
    due_at: Milliseconds
    v: int = VERSION

    def __post_init__(self) -> None:
        _require_parallel(self.slots, self.ids, self.attempts)


class Advance(msgspec.Struct, Generic[R], frozen=True, tag="discovered"):
    """A report: a run got on, so that there is more to show of it.

    Ingest committed batch rows: totals are in the run row. Or another stage got on; the release
    before takes that for the same.

    Attributes:
        stage: the stage that got on; "" for Ingest.
        lanes: of each lane in which it did, the number of the last batch that it is through with;
            of Execute, that it has taken.
    """

    run: R
    stage: str = ""
    lanes: list[tuple[Lane, Index]] = []
    v: int = VERSION


class Extracted(msgspec.Struct, Generic[R], frozen=True, tag="extracted"):
    """The manifest: the report that extraction ended, by itself, by cancel or by failure."""

    run: R
    batches: int
    records: int
    failure: Failure | None = None
    v: int = VERSION


class Stalling(msgspec.Struct, Generic[R], frozen=True, tag="stalling"):
    """Finalize's report to itself, after all others of the run: the run has not moved for long.

    Attributes:
        seen: when the run last moved, RFC 3339; a run that has moved since is left alone.
        after: seconds without movement that count as stalled.
    """

    run: R
    seen: str
    after: float
    v: int = VERSION


class Waiting(msgspec.Struct, Generic[R], frozen=True, tag="waiting"):
    """A report: records wait because a system asked for it; this counts as no attempt.

    Attributes:
        due_at: when they are tried next, milliseconds since 1970.
        reason: what they wait for, in plain words.
    """

    run: R
    records: int
    due_at: Milliseconds
    reason: str
    v: int = VERSION


class Halted(msgspec.Struct, Generic[R], frozen=True, tag="halted"):
    """A report: the target refuses the whole call, so the run stops writing its other records.

    It is published before the reports about those records.
    """

    run: R
    failure: Failure
    v: int = VERSION


Report: TypeAlias = Settled | Retrying | Waiting | Halted | Advance | Extracted | Stalling
"""The messages of the outcomes topic."""
NamedReport: TypeAlias = (
    Settled[NamedRun]
    | Retrying[NamedRun]
    | Waiting[NamedRun]
    | Halted[NamedRun]
    | Advance[NamedRun]
    | Extracted[NamedRun]
    | Stalling[NamedRun]
)
"""A report as it was read."""


def is_of_stage(report: Report) -> bool:
    """Tell whether a report says of a stage that it got on, and nothing else."""
    return isinstance(report, Advance) and bool(report.stage)


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


def encode_of_run(message: msgspec.Struct, run: RunRef) -> bytes:
    """Encode a message of a run: it names the run."""
    return encode(msgspec.structs.replace(message, run=run.id))


def decode_request(delivery: Delivery, runs: Runs) -> RunRequest:
    """Read a run request. Raises msgspec.DecodeError, ForeignMessageError."""
    run = run_of(delivery, runs)
    request = decode_versioned(decoder_of(RunRequest).decode, delivery.value)
    require_same(request.run_id, run)
    if request.tenant != run.tenant:
        raise ForeignMessageError(f"it names another tenant than that of its run, {run.id}")
    return request
