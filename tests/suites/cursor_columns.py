"""Cursor columns of every kind, read run by run, against a model that says what must arrive.

A plan is made of a column (its type, how values are written, whether the source keeps its order)
and of what happens: rows are written with values that tie, are missing or lie in the future;
writers commit late; runs are capped, broken off and killed; the target refuses some rows, the
mapping leaves out others. Whatever the plan, in the end

- the target has every row as it is, save those it refuses and those that are left out;
- no row failed twice with the same content;
- the bookmark is no value of the future, and one more run has nothing to do.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st

from syncline.connectors.port import SourceSnapshot
from syncline.domain.cursor.bookmark import MARGIN
from syncline.domain.errors import RetriableError
from syncline.domain.run import Outcome
from syncline.postgres.cursors.cursors import Cursors
from syncline.postgres.database.database import Database
from tests.support.reading_world import NOW, REFUSED, World

START = NOW - timedelta(days=20)
FAR = datetime.fromisoformat("9999-12-31")
IDS = [f"R{n}" for n in range(7)]


class Column(msgspec.Struct, frozen=True):
    """A cursor column: `kind` is its `cursorType`, `form` its `cursorFormat`."""

    name: str
    kind: str
    form: str | None = None

    def value(self, tick: int) -> str:
        """Write the value of a tick of the model's clock; two ticks of one day may tie."""
        moment = START + timedelta(hours=tick)
        match self.name:
            case "number":
                return str(90 + tick)
            case "date":
                return moment.date().isoformat()
            case "european":
                return moment.strftime("%d.%m.%Y %H:%M")
            case "naive":
                return (moment + timedelta(hours=2)).replace(tzinfo=None).isoformat(sep=" ")
            case "epoch":
                return str(int(moment.timestamp()))
        return moment.isoformat()

    def future(self) -> str:
        """Write a value that no row of today can have."""
        endless = {"number": "NaN", "european": "01.05.2206 00:00", "epoch": "7458220800"}
        return endless.get(self.name, "infinity")

    def key(self, text: str) -> Any:
        """Read a value as its source does, to sort by it."""
        if text == self.future():
            return float("inf") if self.name in ("number", "epoch") else FAR
        if self.name in ("number", "epoch"):
            return int(text)
        if self.name == "european":
            return datetime.strptime(text, "%d.%m.%Y %H:%M")  # noqa: DTZ007 - they have no zone
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


COLUMNS = (
    Column("instant", "datetime"),
    Column("naive", "datetime"),
    Column("date", "date"),
    Column("number", "id"),
    Column("european", "datetime", "dd.MM.yyyy HH:mm"),
    Column("epoch", "datetime", "epoch"),
)


class Step(msgspec.Struct, frozen=True):
    """Something that happens.

    Attributes:
        what: write, write_null, write_future, begin (a writer), commit (the oldest one), or run.
        row: which record is written.
        cap: Max Entities of a run.
        dies_in: sends after which the run's process is killed, 0 for never.
        breaks_at: page at which the source breaks, 0 for never.
    """

    what: str
    row: str = ""
    cap: int | None = None
    dies_in: int = 0
    breaks_at: int = 0


class Plan(msgspec.Struct, frozen=True):
    """What happens to one stream."""

    column: Column
    ordered: bool
    smart: bool
    tells_writers: bool
    can_fetch: bool
    page: int
    refused: frozenset[str]
    excluded: frozenset[str]
    steps: tuple[Step, ...]


_WRITES = st.builds(
    Step,
    st.sampled_from(["write", "write", "write", "write_null", "write_future", "begin", "commit"]),
    st.sampled_from(IDS),
)
_RUNS = st.builds(
    Step,
    st.just("run"),
    cap=st.none() | st.integers(1, 4),
    dies_in=st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5]),
    breaks_at=st.sampled_from([0, 0, 0, 1, 2]),
)
PLANS = st.builds(
    Plan,
    column=st.sampled_from(COLUMNS),
    ordered=st.booleans(),
    smart=st.booleans(),
    tells_writers=st.just(True),
    can_fetch=st.booleans(),
    page=st.integers(1, 4),
    refused=st.frozensets(st.sampled_from(IDS), max_size=2),
    excluded=st.frozensets(st.sampled_from(IDS), max_size=2),
    steps=st.lists(_WRITES | _RUNS, min_size=3, max_size=18).map(tuple),
)


class Playing:
    """One plan on one stream of a real database."""

    def __init__(self, db: Database, plan: Plan) -> None:
        column = plan.column
        form = {"cursorFormat": column.form} if column.form else {}
        self.world = World(db, cursorType=column.kind, **form)
        self.plan = plan
        self.tick = 0
        self._writers: list[tuple[int, str, dict[str, Any]]] = []
        self._turn = 0
        shelf = self.world.shelf
        shelf.size, shelf.can_fetch = plan.page, plan.can_fetch
        shelf.order = column.key if plan.ordered else None
        self.world.smart = plan.smart
        self.world.decide = self._decide

    def _decide(self, record: dict[str, Any]) -> Any:
        if record["id"] in self.plan.excluded:
            return Outcome.EXCLUDED
        return REFUSED if record["id"] in self.plan.refused else None

    async def play(self) -> None:
        """Let the plan happen, and then what was left open."""
        for step in self.plan.steps:
            self.tick += 1
            await self._do(step)
        while self._writers:
            self._commit()
        self.tick += 1
        for _ in range(3):  # who was open is seen to be gone, and one run is behind another
            await self._run(Step("run"))

    async def _do(self, step: Step) -> None:
        self._turn += 1
        more = {"turn": self._turn}
        match step.what:
            case "write":
                self.world.shelf.write(step.row, self.plan.column.value(self.tick), **more)
            case "write_null":
                self.world.shelf.write(step.row, None, **more)
            case "write_future":
                self.world.shelf.write(step.row, self.plan.column.future(), **more)
            case "begin":
                name = f"W{self._turn}"
                self._writers.append((self.tick, name, more))
            case "commit" if self._writers:
                self._commit()
            case "run":
                await self._run(step)

    def _commit(self) -> None:
        began, name, more = self._writers.pop(0)
        self.world.shelf.write(name, self.plan.column.value(began), **more)

    async def _run(self, step: Step) -> None:
        self.tick += 1
        since = min((began for began, _, _ in self._writers), default=None)
        self.world.shelf.snapshot = SourceSnapshot(
            _at(self.tick), None if since is None else _at(since)
        )
        self.world.dies_in = step.dies_in
        self.world.shelf.before_page = _breaking_at(step.breaks_at)
        asked: dict[str, Any] = {"maxEntities": step.cap} if step.cap else {}
        await self.world.run(**asked)

    async def check(self) -> None:
        """Hold what came of it against the model."""
        world = self.world
        latest = {record["id"]: record.get("turn") for record in world.written}
        expected = {i: more["turn"] for i, _, more in world.shelf.rows if self._arrives(i)}
        assert latest | expected == latest, f"missing: {expected.items() - latest.items()}"
        await self._check_letters()
        await self._check_cursor()
        world.written.clear()
        again = await world.run()
        assert world.written == []
        assert again.counters.failed == 0

    def _arrives(self, source_id: str) -> bool:
        return source_id not in self.plan.refused | self.plan.excluded

    async def _check_letters(self) -> None:
        rows = await self.world.db.fetch("select source_id, row_hash from dead_letters")
        twice = [row for row, count in Counter(map(tuple, rows)).items() if count > 1]
        assert twice == []
        failing = {i for i, _, _ in self.world.shelf.rows if i in self.plan.refused}
        assert {i for i, _ in map(tuple, rows)} >= failing - self.plan.excluded

    async def _check_cursor(self) -> None:
        view = await Cursors(self.world.db).current("default", "erp-shop", "item")
        if view.value is not None:
            limit = (NOW + MARGIN).replace(tzinfo=None)
            key = self.plan.column.key(view.value)
            assert key < limit if isinstance(key, datetime) else key < 10**10


def _at(tick: int) -> str:
    return (START + timedelta(hours=tick)).isoformat()


def _breaking_at(page: int) -> Any:
    def look(number: int) -> None:
        if number == page:
            raise RetriableError("the source went away")

    return look
