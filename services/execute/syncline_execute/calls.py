"""One write call to a target: what is sent, under which keys, and what its failures mean.

A `Retry-After` tells how fast the target may be called, not what is wrong with a record
(docs/decisions/0010, 0026). It holds back the whole profile: for a short one the call waits on the
spot, for a longer one its records go over the retry topics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from itertools import groupby

import msgspec
import structlog

from syncline.connectors.port import ConnectorError, WriteBatch, WriteResult
from syncline.contracts.messages import decoder_of, encode, encoder
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import Stage
from syncline.domain.breaker import OF_THE_SYSTEM, failure_of_call
from syncline.domain.columns import Columns, joined
from syncline.domain.errors import Category, Failure, FailureError
from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.record import Record
from syncline.postgres.limits.leases import checked_before_calls
from syncline.postgres.limits.retry_after import PausedError
from syncline.runtime.failure.failure_router import failure_of_bug, storable
from syncline.runtime.ports import CallBreaker, CallPause
from syncline.telemetry.run_log import RUN_LOG
from syncline_execute.fence import Fence
from syncline_execute.rules import Item, waits_in
from syncline_execute.targets import Target

_decode = decoder_of(Record).decode
log = structlog.get_logger()
GOES_ON = frozenset({"timeout", "http_504", "http_524"})
"""Codes of failures behind which the system may still be at work on the call."""
BROKE = "the target's connector broke"
PATIENCE = 60.0
"""Seconds in all that one call may wait; then its records make room for others."""


async def write_records(
    run: RunRef, target: Target, items: Sequence[Item], fence: Fence
) -> WriteResult:
    """Write records, for as long as `fence` lets them through; the answer is parallel to them."""

    async def send(places: Sequence[int]) -> WriteResult:
        return await answer_of(target, write_batch(run, target, [items[p] for p in places]), fence)

    answer = await send_throttled(send, len(items), target.limiter.pause)
    refusals = {**answer.failures, **answer.stopped}
    failure = failure_of_call(refusals, len(items))
    if failed := failure or next(iter(answer.stopped.values()), None):
        target.limiter.count_failed(failed)
    _log_refusals(run, refusals, failure, len(items))
    if waits := await waits_instead(target.limiter.breaker, failure):
        answer.stopped = {}
        answer.failures = {
            place: msgspec.structs.replace(waits, ambiguous=refusal.ambiguous)
            for place, refusal in refusals.items()
        }
    return answer


def _log_refusals(
    run: RunRef, refusals: Mapping[int, Failure], whole: Failure | None, count: int
) -> None:
    if not refusals:
        return
    codes = Counter(failure.code for failure in refusals.values())
    said = {} if whole is None else {"reason": storable(whole).message}
    RUN_LOG.note("call_refused", Stage.EXECUTE.value, run, codes, of=count, **said)


async def waits_instead(breaker: CallBreaker, failure: Failure | None) -> Failure | None:
    """Tell the breaker how a call went; None: it did its work, or its failure says nothing.

    Returns what the records of the call wait for instead of failing: a system that is away, which
    no record is the cause of.
    """
    if failure is None:
        breaker.answered()
        return None
    away = await breaker.failed(storable(failure))
    return away.failure if away is not None and failure.code in OF_THE_SYSTEM else None


async def send_throttled(
    send: Callable[[Sequence[int]], Awaitable[WriteResult]], count: int, profile: CallPause
) -> WriteResult:
    """Send records, and those again that the target was too busy for, until its time has come.

    Args:
        send: sends the records at these places; its answer is parallel to them.
        count: how many records there are.
    """
    result = WriteResult([None] * count)
    places: Sequence[int] = range(count)
    waited = 0.0
    while True:
        answer = await send(places)
        _merge(result, answer, places)
        pause, again = waits_in(answer.failures)
        waited += pause
        if pause:
            reason = next(f.message for f in answer.failures.values() if f.retry_after == pause)
            log.info("target_asks_to_wait", seconds=pause, records=len(again), reason=reason)
            await profile.hold_off(pause, reason)
        if not again or waited > PATIENCE:
            return result
        places = [places[index] for index in again]
        try:
            await profile.wait()
        except PausedError as error:  # another call was told to wait for longer
            result.failures |= dict.fromkeys(places, error.failure)
            return result
        for place in places:
            del result.failures[place]


def _merge(result: WriteResult, answer: WriteResult, places: Sequence[int]) -> None:
    """Put the answer about some places into the result about all."""
    for index, place in enumerate(places):
        result.target_ids[place] = answer.target_ids[index]
    result.failures |= {places[index]: f for index, f in answer.failures.items()}
    result.stopped |= {places[index]: f for index, f in answer.stopped.items()}
    result.existing |= {places[index] for index in answer.existing}
    result.unkept |= {places[index]: f for index, f in answer.unkept.items()}
    result.created = answer.created and len(places) == len(result.target_ids)


async def answer_of(target: Target, batch: WriteBatch, fence: Fence) -> WriteResult:
    """Call the target.

    A permanent failure of the whole call is told once, by `stopped`; one that may pass becomes the
    failure of each of its records, which are tried again.
    """
    everything = range(len(batch.source_ids))
    result = WriteResult([None] * len(everything))
    try:
        check = partial(fence.check, batch.source_ids)
        await check()
        with checked_before_calls(check):  # a write may take several calls
            return await target.connector.write(batch)
    except FailureError as error:
        failure = error.failure
        if isinstance(error, ConnectorError) and failure.category is Category.PERMANENT:
            result.stopped = dict.fromkeys(everything, failure)
            return result
    except Exception as error:
        log.exception("connector_broke")
        failure = failure_of_bug(BROKE, error, ambiguous=True)
    result.failures = dict.fromkeys(everything, failure)
    return result


def write_batch(run: RunRef, target: Target, items: Sequence[Item]) -> WriteBatch:
    """Make what the connector is asked to write."""
    columns, lines = _by_column(items) if target.capabilities.reads_columns else (None, None)
    return WriteBatch(
        tenant=run.tenant,
        entity_type=run.entity_type,
        correlation_id=run.id,
        source_ids=[item.source_id for item in items],
        payloads=[item.payload for item in items],
        target_ids=[item.target_id for item in items],
        keys=idempotency_keys(run, items) if target.capabilities.reads_keys else [],
        match_key=target.transformation.match_key,
        options=target.transformation.target,
        fields=target.transformation.target_paths,
        on_create=target.transformation.on_create,
        asked=all(item.asked or item.target_id is not None for item in items),
        columns=columns,
        lines=lines,
        new=all(item.entry is None for item in items),
    )


def _by_column(items: Sequence[Item]) -> tuple[Columns, bytes | None]:
    """Return the payloads of items by column, and as lines where all of them have these columns."""
    parts: list[Columns] = []
    lines: list[bytes] = []
    for _, same in groupby(items, lambda item: id(item.columns)):
        own = list(same)
        columns, text = own[0].columns, own[0].lines
        if len(own) < len(columns) or own[0].place or own[-1].place != len(own) - 1:
            places = [item.place for item in own]
            columns = columns.part(places)
            text = text and _lines_at(text, places)
        parts.append(columns)
        if text is not None and list(columns.values) == list(parts[0].values):
            lines.append(text)
    return joined(parts), b"".join(lines) if len(lines) == len(parts) else None


def _lines_at(lines: bytes, places: Sequence[int]) -> bytes:
    every = lines.splitlines(keepends=True)
    return b"".join([every[place] for place in places])


def match_keys(paths: Sequence[str], items: Sequence[Item]) -> list[str]:
    """Return the match keys of records as text, "" where a part of one is missing."""
    reads = [reader(parse_path(path)) for path in paths]
    keys = []
    for item in items:
        record = _decode(item.payload)
        parts = [read(record) for read in reads]
        keys.append("" if not parts or None in parts or "" in parts else encode(parts).decode())
    return keys


def idempotency_keys(run: RunRef, items: Sequence[Item]) -> list[str]:
    """Return the key of each write: instance, entity type, source ID, payload, the write before it.

    All attempts of one write share it; a value that goes from A to B and back to A is three writes.
    """
    own = [(i.source_id, i.payload_hash, i.entry.write if i.entry else "") for i in items]
    start = blake2b(encode((run.instance, run.entity_type))[:-1] + b",", digest_size=16)
    keys = []
    for line in encoder.encode_lines(own).splitlines():
        key = start.copy()
        key.update(line[1:])  # what is hashed is one JSON array of all five
        keys.append(key.hexdigest())
    return keys
