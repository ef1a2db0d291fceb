"""Stage timings: how long each message waited on a stage's topic and was worked on.

They travel in a header that the runtime writes and reads. Of a stage's outputs, those that carry
records of a run to a next stage carry the timings of that run, each timing once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from syncline.contracts.messages import (
    NamedReport,
    OlderSettled,
    Report,
    Settled,
    Timing,
    decoder_of,
    encode,
)
from syncline.contracts.run_ref import NamedRun, Runs, require_same, run_of
from syncline.contracts.topics import DLQ, INPUT_OF, OUTCOMES, RETRY_PREFIX
from syncline.contracts.versions import decode_versioned
from syncline.contracts.wire import Delivery, Outbound

HEADER = "stage-timings"
_STAGE_TOPICS = frozenset(INPUT_OF.values())
_decode = msgspec.json.Decoder(list[Timing]).decode
_decode_report = decoder_of(NamedReport | OlderSettled[NamedRun]).decode


class _OlderMessage(msgspec.Struct):
    """A message of an earlier release, which carried its timings in the value."""

    timings: list[Timing] = []


_decode_older = msgspec.json.Decoder(_OlderMessage).decode


class HandlerCall(msgspec.Struct, frozen=True):
    """A handler call (milliseconds since 1970); `together`: its messages were handled at once."""

    begun: int
    done: int
    together: bool

    def timing(self, delivery: Delivery, place: int, count: int) -> Timing:
        """Return the timing of the message at `place` of `count`."""
        begun, done = self.begun, self.done
        if not self.together:
            begun, done = (begun + (done - begun) * n // count for n in (place, place + 1))
        return Timing(delivery.topic, max(delivery.timestamp, 0), begun, done)


def timings_of(delivery: Delivery) -> list[Timing]:
    """Return the timings that a message carries; none if its header cannot be read."""
    try:
        for name, value in delivery.headers:
            if name == HEADER:
                return _decode(value)
        value = delivery.value or b""
        if _is_batch(delivery.topic) and b'"timings":[[' in value:
            return _decode_older(value).timings
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass  # timings only: whether the message is valid, its stage decides
    return []


def decode_report(delivery: Delivery, runs: Runs) -> Report:
    """Read a report, with the timings of its header and when it came to Finalize.

    Raises msgspec.DecodeError, ForeignMessageError, UnsupportedVersionError.
    """
    run = run_of(delivery, runs)
    report = decode_versioned(_decode_report, delivery.value)
    require_same(report.run, run)
    if isinstance(report, OlderSettled):
        try:
            report = report.newer()
        except ValueError as error:
            raise msgspec.ValidationError(str(error)) from error
    believed: Report = msgspec.structs.replace(report, run=run)
    if isinstance(believed, Settled):
        arrived = Timing(OUTCOMES, max(delivery.timestamp, 0))
        timings = timings_of(delivery) or believed.timings
        return msgspec.structs.replace(believed, timings=[*timings, arrived])
    return believed


def with_timings(
    messages: Sequence[Outbound], deliveries: Sequence[Delivery], call: HandlerCall
) -> list[Outbound]:
    """Return a call's outputs with the timings of the messages that it handled."""
    waiting: dict[bytes | None, list[list[Timing]]] = defaultdict(list)
    for place, delivery in enumerate(deliveries):
        timings = timings_of(delivery)
        if delivery.topic in _STAGE_TOPICS:
            timings.append(call.timing(delivery, place, len(deliveries)))
        if timings:
            waiting[delivery.key].append(timings)
    result = list(messages)
    for key, places in _carriers(messages, waiting).items():
        rest = waiting[key]
        for place, own in zip(places, _dealt(rest, len(places)), strict=True):
            result[place] = _with_header(messages[place], own)
    return result


def _carriers(
    messages: Sequence[Outbound], waiting: Mapping[bytes | None, object]
) -> dict[bytes, list[int]]:
    """Return for each run the places of the messages that carry records on.

    Dead letters are among them only where all records of the run have failed.
    """
    places: dict[bytes, list[int]] = defaultdict(list)
    failed: dict[bytes, list[int]] = defaultdict(list)
    for place, message in enumerate(messages):
        if message.records and message.key in waiting:
            (failed if message.topic == DLQ else places)[message.key].append(place)
    return {**failed, **places}


def _dealt(timings: Sequence[list[Timing]], count: int) -> list[list[Timing]]:
    """Share them out, one to each message; the last message takes the rest."""
    last = [timing for each in timings[count - 1 :] for timing in each]
    return [*timings[: count - 1], *[[]] * (count - 1 - len(timings)), last]


def _with_header(message: Outbound, timings: Sequence[Timing]) -> Outbound:
    others = [header for header in message.headers if header[0] != HEADER]
    own = [(HEADER, encode(timings))] if timings else []
    return msgspec.structs.replace(message, headers=(*others, *own))


def _is_batch(topic: str) -> bool:
    return topic in _STAGE_TOPICS or topic.startswith(RETRY_PREFIX)
