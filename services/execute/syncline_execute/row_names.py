"""Target IDs that are match keys: believed for as long as they mean the row, and told if shared."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.contracts.run_ref import RunRef
from syncline.domain.run import Notice
from syncline_execute.ports import RowNameStore
from syncline_execute.rules import Item
from syncline_execute.targets import Target

KEPT = 4096
SHARED = "shared_row"
_Judged = dict[tuple[str, str, int], bool]


class RowNaming:
    """Looks after the names of rows."""

    def __init__(self, names: RowNameStore) -> None:
        self._names = names
        self._same: _Judged = {}

    async def forget_foreign(self, run: RunRef, target: Target, items: Sequence[Item]) -> None:
        """Forget names that an earlier mapping gave by another match key, or in another table.

        A name is a key's value: `5` by `id` and `5` by `number` are two rows. Records without a
        name are found by their key.
        """
        if not target.capabilities.composite_key:
            return
        named = [(item, item.entry.run_id) for item in items if item.target_id and item.entry]
        runs = {run_id for _, run_id in named if run_id} - {run.id}
        judged = await self._judge(run, runs) if runs else {}
        for item, run_id in named:
            if run_id != run.id and not judged.get(run_id or "", False):
                item.target_id = None

    async def _judge(self, run: RunRef, run_ids: set[str]) -> dict[str, bool]:
        key = (run.mapping, run.mapping_version)
        unknown = [run_id for run_id in run_ids if (run_id, *key) not in self._same]
        if unknown:
            if len(self._same) >= KEPT:
                self._same.clear()
                unknown = list(run_ids)
            same = await self._names.runs_alike(run, unknown)
            self._same |= {(run_id, *key): run_id in same for run_id in unknown}
        return {run_id: self._same[(run_id, *key)] for run_id in run_ids}

    async def tell_shared(self, run: RunRef, items: Sequence[Item]) -> None:
        """Tell of records that were written to the row of another one, in an earlier bulk."""
        fresh = [
            (item.source_id, item.target_id)
            for item in items
            if item.target_id and (item.entry is None or item.entry.target_id != item.target_id)
        ]
        if not fresh:
            return
        ids, rows = [f[0] for f in fresh], [f[1] for f in fresh]
        shared = await self._names.shared(run.stream, ids, rows)
        if shared:
            one, other, row = shared[0]
            message = (
                f"records share a row at the target, which holds what was written last: {one!r} "
                f"and {other!r} are both {row!r} there; give them match keys of their own, or "
                "exclude one"
            )
            names = tuple(dict.fromkeys(name for pair in shared for name in pair[:2]))[:10]
            await self._names.add_notice(run, Notice(SHARED, message[:1000], 0, names))
