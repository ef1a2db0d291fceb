"""What follows from a call's answer: acknowledged in the ledger first, told afterwards.

Records that end unwritten are forgotten in the ledger. A process that had them before may have
ended between a call and its acknowledgement: the ledger then has the old payload and the target the
new one, and a next run that reads the old one again would take it for unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.connectors.port import WriteResult
from syncline.contracts.run_ref import RunRef
from syncline.domain.errors import Failure
from syncline.domain.ledger import NOT_KEPT, Acknowledgements
from syncline.domain.run import Outcome
from syncline.runtime.effects import note_effect
from syncline_execute.calls import GOES_ON
from syncline_execute.group_commit import GroupCommit
from syncline_execute.ports import WriteLedger
from syncline_execute.row_names import RowNaming
from syncline_execute.rules import Item
from syncline_execute.targets import Target
from syncline_execute.work import Work


class Settlement:
    """Brings items to their outcomes. Ledger outages come out as RetriableError."""

    def __init__(self, ledger: WriteLedger, naming: RowNaming) -> None:
        self._ledger = ledger
        self._naming = naming
        self._acknowledgements = GroupCommit(ledger)

    async def settle(
        self, run: RunRef, target: Target, items: Sequence[Item], answer: WriteResult, work: Work
    ) -> None:
        """Take over a call's answer: acknowledged first, told afterwards."""
        done: list[Item] = []
        unkept: list[Item] = []
        is_clean = not (answer.stopped or answer.existing or answer.failures or answer.unkept)
        for place, (item, target_id) in enumerate(zip(items, answer.target_ids, strict=True)):
            if is_clean:
                item.target_id = target_id or item.target_id
            elif place in answer.stopped:
                work.stop([item], answer.stopped[place])
            elif place in answer.existing:
                work.settle([item], Outcome.UNCHANGED)
            elif place in answer.failures:
                work.fail([item], answer.failures[place])
            else:
                item.target_id = target_id or item.target_id
                (unkept if place in answer.unkept else done).append(item)
        done = list(items) if is_clean else done
        await self.acknowledge(run, done, unkept)
        if not (answer.created and run.first):  # then each has a row that nobody had
            await self._naming.tell_shared(run, done)
        await self._doubt(run, target, items, {**answer.failures, **answer.stopped})
        work.settle(done, Outcome.SUCCESS)
        for place, failure in answer.unkept.items():
            work.fail([items[place]], failure)

    async def cancel(self, run: RunRef, target: Target, items: Sequence[Item], work: Work) -> None:
        """End items unwritten because a person has cancelled their run."""
        await self.forget_unwritten(run, target, items)
        work.settle(items, Outcome.CANCELLED)

    async def forget_unwritten(self, run: RunRef, target: Target, items: Sequence[Item]) -> None:
        """Forget what the target held, unless intents tell whether an earlier call was lost."""
        if target.capabilities.idempotent_upsert:
            await self.forget(run, [item.source_id for item in items])

    async def forget(self, run: RunRef, source_ids: Sequence[str]) -> None:
        """Forget what the target held of records that end unwritten. Raises RetriableError."""
        await self._ledger.doubt(run.stream, source_ids, None, None)

    async def _doubt(
        self, run: RunRef, target: Target, items: Sequence[Item], failures: Mapping[int, Failure]
    ) -> None:
        if target.capabilities.idempotent_upsert:
            await self.forget(run, [items[place].source_id for place in failures])
            return
        for ended in (True, False):
            seconds = target.capabilities.visible_after if ended else None
            doubtful = [
                items[place]
                for place, failure in failures.items()
                if failure.ambiguous and (failure.code not in GOES_ON) is ended
            ]
            if doubtful:
                ids = [item.source_id for item in doubtful]
                await self._ledger.doubt(run.stream, ids, doubtful[0].owner, seconds)

    async def acknowledge(
        self, run: RunRef, items: Sequence[Item], unkept: Sequence[Item] = ()
    ) -> None:
        """Note in the ledger that the target holds these payloads.

        Of records that are `unkept` it notes the target's IDs alone: they are sent again, as
        updates, whenever they come again.
        """
        hashes = [item.payload_hash for item in items] + [NOT_KEPT] * len(unkept)
        rows = [item.row_hash for item in items] + [None] * len(unkept)
        if unkept:
            items = [*items, *unkept]
        if items:
            written = Acknowledgements(
                [item.source_id for item in items],
                hashes,
                rows,
                [item.target_id for item in items],
                [item.version for item in items],
                [item.owner for item in items] if any(item.owner for item in items) else [],
                new=all(item.entry is None for item in items),
            )
            await self._acknowledgements.acknowledge(run, written)
            note_effect()
