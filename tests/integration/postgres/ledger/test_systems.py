"""The systems that a run began with, and the system that a stream's ledger is about."""

from __future__ import annotations

import msgspec
import pytest

from syncline.domain.errors import ConflictError
from syncline.domain.ledger import Acknowledgements
from syncline.domain.record import Watermarks
from syncline.domain.run import Mode, Run
from syncline.postgres.database.database import Database
from syncline.postgres.ledger.systems import CHANGED, check_systems
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.postgres.progress.extraction import Extractions
from syncline.postgres.runs.run_refs import RunRefs
from syncline.postgres.runs.runs import Runs
from tests.support.reports import settled
from tests.support.run_life import accept, apply, batch, extract, ref

SOURCE, OLD, NEW = "erp:5432/erp", "shop:5432/shop/items", "shop:5432/shop/items_2"
ONE = "1" * 32


async def written(db: Database, run: Run) -> None:
    """Let a run write one record and end."""
    await Ledger(db).acknowledge(ref(run), Acknowledgements(["a"], [ONE], [ONE], ["T1"], [1]))
    await extract(db, run, [batch(0, "a")])
    await apply(db, settled(ref(run), 0, [0], "S", "execute"))


async def test_another_target_begins_a_new_ledger_and_the_run_says_so(db: Database) -> None:
    first = await accept(db)
    assert not await check_systems(db, first, SOURCE, OLD)
    await written(db, first)
    same = await accept(db)
    assert not await check_systems(db, same, SOURCE, OLD)
    assert await Ledger(db).entries(same.stream, ["a"])
    await written(db, same)

    moved = await accept(db)
    progress = await Extractions(db).start(moved.id)
    assert progress is not None
    assert await check_systems(db, progress.run, SOURCE, NEW)
    assert await Ledger(db).entries(moved.stream, ["a"]) == {}
    (notice,) = (await Runs(db).get("default", moved.id)).notices
    assert notice.code == CHANGED
    assert f"{OLD} became {NEW}" in notice.message
    assert "mode reset_cursor sends every record" in notice.message
    assert not await check_systems(db, progress.run, SOURCE, NEW)  # the same run, after a crash


async def test_a_run_that_reads_everything_needs_no_further_one(db: Database) -> None:
    first = await accept(db)
    await check_systems(db, first, SOURCE, OLD)
    await written(db, first)
    moved = await accept(db, mode=Mode.RESET_CURSOR)
    progress = await Extractions(db).start(moved.id)
    assert progress is not None
    assert await check_systems(db, progress.run, SOURCE, NEW)
    (notice,) = (await Runs(db).get("default", moved.id)).notices
    assert "reset_cursor" not in notice.message


async def found_first(db: Database, run: Run, *systems: str) -> None:
    """Let a run find its first records in these systems."""
    progress = await Extractions(db).start(run.id)
    assert progress is not None
    progress = msgspec.structs.replace(progress, systems=systems)
    await Extractions(db).commit(progress, [batch(0, "a")], "1", Watermarks(), 0)


@pytest.mark.parametrize("is_new", [False, True])
@pytest.mark.parametrize(
    ("source", "target", "side"), [(SOURCE, NEW, "target"), ("erp2:5432/erp", OLD, "source")]
)
async def test_a_run_keeps_to_the_systems_that_it_began_with(
    db: Database, source: str, target: str, side: str, is_new: bool
) -> None:
    run = await accept(db)
    assert not await check_systems(db, run, SOURCE, OLD)
    if not is_new:
        await written(db, run)
        run = await accept(db)
        assert not await check_systems(db, run, SOURCE, OLD)
    await found_first(db, run, SOURCE, OLD)
    await Ledger(db).acknowledge(ref(run), Acknowledgements(["a"], [ONE], [ONE], ["T1"], [1]))
    with pytest.raises(ConflictError, match=f"profile of its {side} leads to another system"):
        await check_systems(db, run, source, target)
    assert await Ledger(db).entries(run.stream, ["a"])
    assert (await RunRefs(db).of([run.id]))[run.id].target_system == OLD


async def test_what_has_no_name_is_not_compared(db: Database) -> None:
    run = await accept(db)
    await check_systems(db, run, "", "")
    await found_first(db, run, "", "")
    await Ledger(db).acknowledge(ref(run), Acknowledgements(["a"], [ONE], [ONE], ["T1"], [1]))
    assert not await check_systems(db, run, SOURCE, OLD)
    assert await Ledger(db).entries(run.stream, ["a"])
