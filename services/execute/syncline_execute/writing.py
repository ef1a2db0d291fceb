"""Sending records to a target so that a repeated message has no second effect.

The order is the promise: intent (where the target needs one), call, acknowledgement in the ledger,
and only then the outcome. After a crash between any two, the ledger tells what to do.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TypeAlias

import msgspec
import structlog

from syncline.connectors.port import LookupResult, WriteBatch, WriteResult
from syncline.contracts.messages import Batch, RunRef
from syncline.domain.errors import Category, Failure, FailureError
from syncline.domain.ledger import Entry, Written
from syncline.domain.mapping.hashing import payload_hashes
from syncline.domain.run import Mode, Outcome
from syncline.postgres.ledger import Ledger
from syncline.runtime.failures import bug
from syncline_execute.patience import patiently
from syncline_execute.rules import Decision, Item, by_decision, rounds, was_applied
from syncline_execute.targets import Target

Settled: TypeAlias = dict[int, dict[Outcome, list[int]]]
"""Batch index -> outcome -> places."""
Failed: TypeAlias = dict[int, dict[int, Failure]]
"""Batch index -> place -> why."""

log = structlog.get_logger()
BROKE = "the target's connector broke"
AMBIGUOUS = Failure(
    Category.PERMANENT,
    "ambiguous_write",
    "the target's answer was lost and the record cannot be looked up there: check the target, "
    "then replay or discard",
)


def items_of(batches: Sequence[Batch[msgspec.Raw]]) -> list[Item]:
    """Flatten batches of one run into items with their payload hashes."""
    items: list[Item] = []
    for number, batch in enumerate(batches):
        payloads = [bytes(raw) for raw in batch.records]
        hashes = payload_hashes(payloads, batch.run.target)
        rows = [row or None for row in batch.row_hashes] or [None] * len(payloads)
        items += [
            Item(
                number, place, batch.ids[place], payload, hashes[place], rows[place], batch.version
            )
            for place, payload in enumerate(payloads)
        ]
    return items


class _Result:
    """Collects what became of the items of one call."""

    def __init__(self) -> None:
        self.settled: Settled = defaultdict(lambda: defaultdict(list))
        self.failed: Failed = defaultdict(dict)

    def settle(self, items: Sequence[Item], outcome: Outcome) -> None:
        for item in items:
            self.settled[item.batch][outcome].append(item.place)

    def fail(self, item: Item, failure: Failure) -> None:
        self.failed[item.batch][item.place] = failure


class Writer:
    """Writes items of one run to its target. Ledger outages come out as RetriableError."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def write(
        self, run: RunRef, target: Target, items: Sequence[Item]
    ) -> tuple[Settled, Failed]:
        """Bring every item to an outcome or a failure."""
        result = _Result()
        for unique in rounds(items):
            await self._round(run, target, unique, result)
        return result.settled, result.failed

    async def _round(
        self, run: RunRef, target: Target, items: Sequence[Item], result: _Result
    ) -> None:
        entries = await self._ledger.entries(run.stream, [item.source_id for item in items])
        smart = (
            target.transformation.smart_sync
            and target.capabilities.smart_sync
            and run.mode is not Mode.FORCE_FULL
        )
        todo = by_decision(items, entries, run.id, smart_sync=smart)
        result.settle(todo[Decision.WRITTEN], Outcome.SUCCESS)
        result.settle(todo[Decision.SUPERSEDED], Outcome.SUPERSEDED)
        result.settle(todo[Decision.UNCHANGED], Outcome.UNCHANGED)
        await self._refresh(run, todo[Decision.UNCHANGED], entries)
        probed = await self._probe(run, target, todo[Decision.PROBE], entries, result)
        await self._send(run, target, todo[Decision.SEND] + probed, result)

    async def _refresh(
        self, run: RunRef, items: Sequence[Item], entries: Mapping[str, Entry]
    ) -> None:
        """Let the next run skip early what this one found unchanged."""
        newer = [
            (item.source_id, item.row_hash)
            for item in items
            if item.row_hash and item.row_hash != entries[item.source_id].row_hash
        ]
        if newer:
            await self._ledger.refresh(run.stream, [n[0] for n in newer], [n[1] for n in newer])

    async def _probe(
        self,
        run: RunRef,
        target: Target,
        items: Sequence[Item],
        entries: Mapping[str, Entry],
        result: _Result,
    ) -> list[Item]:
        """Ask the target about writes whose answer was lost; return those to send (again)."""
        if not items or target.capabilities.idempotent_upsert:
            return list(items)
        if not target.capabilities.lookup:
            for item in items:
                result.fail(item, AMBIGUOUS)
            return []
        async with target.limiter.call():
            found = await _found(target, write_batch(run, target, items))
        if isinstance(found, Failure):
            for item in items:
                result.fail(item, found)
            return []
        applied: list[Item] = []
        again: list[Item] = []
        for place, (item, target_id) in enumerate(zip(items, found.target_ids, strict=True)):
            if place in found.failures:
                result.fail(item, found.failures[place])
                continue
            known = was_applied(item, entries[item.source_id], target_id)
            item.target_id = target_id or item.target_id
            (applied if known else again).append(item)
        await self._acknowledge(run, applied)
        result.settle(applied, Outcome.SUCCESS)
        return again

    async def _send(
        self, run: RunRef, target: Target, items: Sequence[Item], result: _Result
    ) -> None:
        size = max(target.capabilities.bulk_size, 1)
        starts = iter(range(0, len(items), size))

        async def work() -> None:
            for start in starts:  # shared by all: each takes the next bulk
                await self._call(run, target, items[start : start + size], result)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(-(-len(items) // size), target.concurrent)):
                group.create_task(work())

    async def _call(
        self, run: RunRef, target: Target, items: Sequence[Item], result: _Result
    ) -> None:
        needs_intent = not target.capabilities.idempotent_upsert
        async with target.limiter.call():
            if needs_intent:
                ids, hashes = [i.source_id for i in items], [i.payload_hash for i in items]
                await self._ledger.intend(run, ids, hashes)
            answer = await patiently(
                lambda places: _answer(
                    target, write_batch(run, target, [items[p] for p in places])
                ),
                len(items),
                target.limiter,
            )
        done = []
        for place, item in enumerate(items):
            failure = answer.failures.get(place)
            if failure is None:
                item.target_id = answer.target_ids[place] or item.target_id
                done.append(item)
            else:
                result.fail(item, failure)
        await self._acknowledge(run, done)
        if needs_intent:
            refused = [items[p].source_id for p, f in answer.failures.items() if not f.ambiguous]
            await self._ledger.withdraw(run.stream, refused)
        doubtful = [items[p].source_id for p, f in answer.failures.items() if f.ambiguous]
        await self._ledger.doubt(run.stream, doubtful)
        result.settle(done, Outcome.SUCCESS)

    async def _acknowledge(self, run: RunRef, items: Sequence[Item]) -> None:
        if items:
            written = Written(
                [item.source_id for item in items],
                [item.payload_hash for item in items],
                [item.row_hash for item in items],
                [item.target_id for item in items],
                [item.version for item in items],
            )
            await self._ledger.acknowledge(run, written)


async def _found(target: Target, batch: WriteBatch) -> LookupResult | Failure:
    """Ask the target for records; nothing was sent, so a failure leaves nothing in doubt."""
    try:
        return await target.connector.lookup(batch)
    except FailureError as error:
        return error.failure
    except Exception as error:
        log.exception("connector_broke")
        return bug(BROKE, error)


async def _answer(target: Target, batch: WriteBatch) -> WriteResult:
    """Call the target; a failure of the whole call becomes the failure of each of its records."""
    try:
        return await target.connector.write(batch)
    except FailureError as error:
        failure = error.failure
    except Exception as error:
        log.exception("connector_broke")
        failure = bug(BROKE, error, ambiguous=True)
    everything = range(len(batch.source_ids))
    return WriteResult([None] * len(everything), dict.fromkeys(everything, failure))


def write_batch(run: RunRef, target: Target, items: Sequence[Item]) -> WriteBatch:
    """Make what the connector is asked to write."""
    return WriteBatch(
        tenant=run.tenant,
        entity_type=run.entity_type,
        correlation_id=run.id,
        source_ids=[item.source_id for item in items],
        payloads=[item.payload for item in items],
        target_ids=[item.target_id for item in items],
        keys=[idempotency_key(run, item) for item in items],
        match_key=target.transformation.match_key,
        options=target.transformation.target,
        fields=target.transformation.target_paths,
    )


def idempotency_key(run: RunRef, item: Item) -> str:
    """Return the key of one effect: of instance, entity type, source ID and payload."""
    text = f"{run.instance}/{run.entity_type}/{item.source_id}/{item.payload_hash}"
    return blake2b(text.encode(), digest_size=16).hexdigest()
