"""Sending records to a target so that a repeated message has no second effect.

The order is the promise: intent (where the target needs one), call, acknowledgement in the ledger,
and only then the outcome. After a crash between any two, the ledger tells what to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from uuid import uuid4

from syncline.connectors.port import WriteResult
from syncline.contracts.run_ref import RunRef
from syncline.domain.errors import Failure
from syncline.domain.ledger import LedgerEntry, WriteIntents
from syncline.domain.run import Mode, Outcome
from syncline.postgres.limits.retry_after import PausedError
from syncline.runtime.clock import Clock
from syncline.runtime.departure import end_if_departing
from syncline_execute.calls import match_keys, write_records
from syncline_execute.fence import TRUSTED, Fence, before_upserts, renewed_every
from syncline_execute.lookups import look_up, part_size
from syncline_execute.ports import WriteLedger
from syncline_execute.read_back import difference, read_back
from syncline_execute.row_names import RowNaming
from syncline_execute.rules import (
    AMBIGUOUS,
    Decision,
    Item,
    TargetAnswer,
    Verdict,
    by_decision,
    rounds,
    shared_match_keys,
    under_way,
    verdict_of,
)
from syncline_execute.settlement import Settlement
from syncline_execute.targets import Target
from syncline_execute.work import Work, bulks_of

LOOK_UP_FOR = 1.0
"""Seconds after which what was found is written before more is looked up: where the target is slow
or has a rate, the look-ups of all lanes together would keep it from being written for long."""


class Writer:
    """Writes items of one run to its target. Ledger outages come out as RetriableError."""

    def __init__(self, ledger: WriteLedger, naming: RowNaming, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._naming = naming
        self._settlement = Settlement(ledger, naming)

    async def write(self, run: RunRef, target: Target, items: Sequence[Item], work: Work) -> None:
        """Bring every item to an outcome or a failure, which `work` collects.

        Raises asyncio.CancelledError where the partition leaves: calls under way are acknowledged.
        """
        for unique in rounds(items):
            await self._round(run, target, unique, work)
            end_if_departing()  # else calls were left out

    async def forget(self, run: RunRef, source_ids: Sequence[str]) -> None:
        """Forget what the target held of records that end unwritten. Raises RetriableError."""
        await self._settlement.forget(run, source_ids)

    async def _round(self, run: RunRef, target: Target, items: Sequence[Item], work: Work) -> None:
        asked_at = self._clock.monotonic()
        entries = await self._ledger.entries(run.stream, [item.source_id for item in items])
        smart = (
            target.transformation.smart_sync
            and target.capabilities.smart_sync
            and run.mode is not Mode.FORCE_FULL
        )
        todo = by_decision(items, entries, run.id, smart_sync=smart)
        work.settle(todo[Decision.WRITTEN], Outcome.SUCCESS)
        work.settle(todo[Decision.SUPERSEDED], Outcome.SUPERSEDED)
        work.settle(todo[Decision.UNCHANGED], Outcome.UNCHANGED)
        await self._refresh(run, todo[Decision.UNCHANGED], entries)
        for item in todo[Decision.WAIT]:
            intent = entries[item.source_id].intent
            work.fail([item], under_way(intent.under_way if intent else 0.0))
        probed = await self._probe(run, target, todo[Decision.PROBE], work)
        await self._naming.forget_foreign(run, target, todo[Decision.SEND])
        await self._send(run, target, probed, work, asked_at)
        left = todo[Decision.SEND]
        while left:
            end_if_departing()
            if wait := await work.wait():
                work.fail(left, wait)
                break
            size = part_size(target) or len(left)
            located, unasked = await self._locate(run, target, left[:size], work)
            await self._send(run, target, located, work, asked_at)
            left = [*unasked, *left[size:]]

    async def _refresh(
        self, run: RunRef, items: Sequence[Item], entries: Mapping[str, LedgerEntry]
    ) -> None:
        """Let the next run skip early what this one found unchanged."""
        newer = [
            (item.source_id, item.row_hash)
            for item in items
            if item.row_hash and item.row_hash != entries[item.source_id].row_hash
        ]
        if newer:
            await self._ledger.refresh(run.stream, [n[0] for n in newer], [n[1] for n in newer])

    async def _locate(
        self, run: RunRef, target: Target, items: Sequence[Item], work: Work
    ) -> tuple[list[Item], list[Item]]:
        """Find records whose ID is not known before they are written.

        Returns:
            What to write, and what was not looked up: the rest is to be written first.
        """
        known = [item for item in items if item.target_id is not None]
        if not target.capabilities.lookup_first or len(known) == len(items):
            return list(items), []
        unknown = [item for item in items if item.target_id is None]
        until = self._clock.monotonic() + LOOK_UP_FOR
        found, unasked = await look_up(
            run, target, unknown, work, lambda: self._clock.monotonic() > until
        )
        for item, seen in found:
            item.target_id, item.asked = seen.target_id, True
            known.append(item)
        new = [item for item in known if item.target_id is None]
        refused = shared_match_keys(new, match_keys(target.transformation.match_key, new))
        for place, failure in refused.items():
            work.fail([new[place]], failure)
        left_out = {id(new[place]) for place in refused}
        return [item for item in known if id(item) not in left_out], unasked

    async def _probe(
        self, run: RunRef, target: Target, items: Sequence[Item], work: Work
    ) -> list[Item]:
        """Ask the target about writes whose answer was lost; return those to send (again)."""
        if not items or target.capabilities.idempotent_upsert:
            return list(items)
        told: Sequence[tuple[Item, TargetAnswer | None]] = [(item, None) for item in items]
        if target.capabilities.lookup:
            told, _ = await look_up(run, target, items, work)
        by_verdict: dict[Verdict, list[Item]] = {verdict: [] for verdict in Verdict}
        can = target.capabilities
        for item, seen in told:
            verdict = verdict_of(item, seen, honours_keys=can.honours_keys, two_calls=can.two_calls)
            by_verdict[verdict].append(item)
        work.fail(by_verdict[Verdict.AMBIGUOUS], AMBIGUOUS)
        if applied := by_verdict[Verdict.APPLIED]:
            differs = {id(item): seen.differs for item, seen in told if seen is not None}
            unkept = [difference(target, differs.get(id(item))) for item in applied]
            await self._settle_applied(run, target, applied, unkept, work)
        return by_verdict[Verdict.SEND]

    async def _settle_applied(
        self,
        run: RunRef,
        target: Target,
        items: Sequence[Item],
        unkept: Sequence[Failure | None],
        work: Work,
    ) -> None:
        """Acknowledge lost writes that the target has, where nobody has begun another since.

        `unkept`, parallel to the items, says of which it does not hold what was sent.
        """
        creates = [bool(i.entry and i.entry.intent and i.entry.intent.creates) for i in items]
        applied = await self._begin(run, target, items, str(uuid4()), work, creates=creates)
        why = {item.source_id: f for item, f in zip(items, unkept, strict=True) if f is not None}
        good = [item for item in applied if item.source_id not in why]
        bad = [item for item in applied if item.source_id in why]
        await self._settlement.acknowledge(run, good, bad)
        work.settle(good, Outcome.SUCCESS)
        for item in bad:
            work.fail([item], why[item.source_id])

    async def _send(
        self, run: RunRef, target: Target, items: Sequence[Item], work: Work, asked_at: float
    ) -> None:
        """Write items about which the ledger was asked at that time of the monotonic clock."""
        size = max(target.capabilities.bulk_size, 1)
        bulks = bulks_of(items, size)
        fence = before_upserts(self._clock, self._ledger, run.stream, items, asked_at)

        async def write() -> None:
            for part in bulks:  # shared by all: each takes the next one
                if work.is_cancelled:
                    await self._settlement.cancel(run, target, part, work)
                    continue
                if wait := await work.wait():
                    work.fail(part, wait)
                    continue
                answer = None
                try:
                    async with target.limiter.call(end_if_departing):
                        answer = await self._call_if_wanted(run, target, part, work, fence)
                except PausedError as error:
                    work.fail(part, error.failure)
                if answer is not None:  # the next call begins, and more are stored together
                    await self._settlement.settle(run, target, part, answer, work)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(-(-len(items) // size), target.concurrent)):
                group.create_task(write())

    async def _call_if_wanted(
        self, run: RunRef, target: Target, items: Sequence[Item], work: Work, fence: Fence
    ) -> WriteResult | None:
        """Make one write call; return its answer where that is not taken over yet."""
        if work.halt is not None:
            await self._settlement.forget_unwritten(run, target, items)
            work.stop(items, work.halt)
        elif work.is_cancelled:  # while it waited for its turn
            await self._settlement.cancel(run, target, items, work)
        elif wait := await work.wait():
            work.fail(items, wait)
        elif target.capabilities.idempotent_upsert:
            answer = await write_records(run, target, items, fence)
            fence.end([item.source_id for item in items])
            await read_back(run, target, items, answer, self._clock)
            return answer
        else:
            await self._call(run, target, items, work)
        return None

    async def _call(self, run: RunRef, target: Target, items: Sequence[Item], work: Work) -> None:
        """Make one write call with the intents that it needs around it.

        It is acknowledged before another one begins in its place: few are in doubt after a crash.
        """
        owner = str(uuid4())
        asked_at = self._clock.monotonic()
        creates = [item.asked and item.target_id is None for item in items]
        items = await self._begin(run, target, items, owner, work, creates=creates)
        if not items:
            return

        ids = [item.source_id for item in items]

        async def renew(source_ids: Sequence[str] = ids) -> set[str]:
            return await self._ledger.renew(run.stream, source_ids, owner, _longest(target))

        async with renewed_every(renew, target.capabilities.longest_call / 2):
            fence = Fence(self._clock, asked_at, ids, renew)
            answer = await write_records(run, target, items, fence)
            await read_back(run, target, items, answer, self._clock)
        await self._settlement.settle(run, target, items, answer, work)
        refusals = {**answer.failures, **answer.stopped}
        unsent = [items[p].source_id for p, f in refusals.items() if not f.ambiguous]
        unsent += [items[place].source_id for place in answer.existing]
        await self._ledger.withdraw(run.stream, unsent, owner)

    async def _begin(
        self,
        run: RunRef,
        target: Target,
        items: Sequence[Item],
        owner: str,
        work: Work,
        *,
        creates: list[bool],
    ) -> list[Item]:
        """Commit intents; what another call has in hand meanwhile is looked at again later."""
        for item in items:
            item.owner = owner
        begun = WriteIntents(
            owner,
            [item.source_id for item in items],
            [item.payload_hash for item in items],
            [item.entry.version if item.entry else 0 for item in items],
            creates,
            [item.seen_owner for item in items],
        )
        ours = await self._ledger.intend(run, begun, _longest(target))
        work.fail([item for item in items if item.source_id not in ours], under_way(0.0))
        return [item for item in items if item.source_id in ours]


def _longest(target: Target) -> float:
    """Return for how many seconds from now a call may have its effect, and its effect is unseen.

    It may begin as late as the fence lets it.
    """
    return TRUSTED + target.capabilities.longest_call + target.capabilities.visible_after
