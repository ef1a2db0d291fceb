"""What a stage knows of runs: loaded once, by one query, and never of what there is not."""

from __future__ import annotations

import pytest

from syncline.contracts.run_ref import ref_of
from syncline.postgres.database.database import Database
from syncline.postgres.runs import run_refs
from syncline.postgres.runs.run_refs import RunRefs
from tests.support.run_life import accept

NEVER = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"


async def test_runs_are_loaded_once_and_others_are_left_out(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [await accept(db, onOverlap="queue") for _ in range(3)]
    refs, fetch = RunRefs(db), db.fetch
    queries: list[set[str]] = []

    async def counted(sql: str, ids: list[str]) -> object:
        queries.append(set(ids))
        return await fetch(sql, ids)

    monkeypatch.setattr(db, "fetch", counted)
    ids = [run.id for run in runs]
    found = await refs.of([*ids, NEVER, ids[0].upper(), "no ID", ""])
    assert found == {run.id: ref_of(run) for run in runs}
    assert await refs.of(ids) == found
    assert queries == [{*ids, NEVER}]


async def test_only_so_many_are_kept(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_refs, "KEPT", 2)
    runs = [await accept(db, onOverlap="queue") for _ in range(3)]
    refs = RunRefs(db)
    ids = {run.id for run in runs}
    assert (await refs.of(ids)).keys() == ids
    assert len(refs._known) == 2
    assert (await refs.of(ids)).keys() == ids
