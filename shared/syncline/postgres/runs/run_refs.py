"""What the stages need to know of runs: loaded by their IDs, and kept, as it never changes."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from syncline.contracts.run_ref import RunRef
from syncline.postgres.database.database import Database
from syncline.postgres.database.rows import fetch_structs

KEPT = 10_000
"""Runs that a process remembers; about 1 kB each."""
_SELECT = """
select r.id, r.tenant, r.stream_id as stream, r.instance_id as instance, r.entity_type,
  r.source_id as source, r.target_id as target, r.mapping_id as mapping, r.mapping_version, r.mode,
  r.lanes, r.replay is not null as replay, i.name as instance_name, r.first_load as first,
  coalesce(r.target_system, '') as target_system
from runs r join instances i on i.id = r.instance_id where r.id = any($1)
"""


class RunRefs:
    """Fits runtime.ports.KnownRuns."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, RunRef] = {}

    async def of(self, run_ids: Collection[str]) -> dict[str, RunRef]:
        """Return the runs of these IDs; one that there is not, is left out.

        One query for all that are not known yet. Raises RetriableError.
        """
        unknown = [run_id for run_id in run_ids if run_id not in self._known and _is_id(run_id)]
        if unknown:
            found = await fetch_structs(self._database, RunRef, _SELECT, unknown)
            self._known |= {run.id: run for run in found}
        runs = {run_id: self._known[run_id] for run_id in run_ids if run_id in self._known}
        for oldest in list(self._known)[: max(len(self._known) - KEPT, 0)]:
            del self._known[oldest]
        return runs


def _is_id(text: str) -> bool:
    """Tell whether a key of a message can be the ID of a run."""
    try:
        return str(UUID(text)) == text
    except ValueError:  # anybody may have written it
        return False
