"""`syncline demo`: an ERP, a shop and a warehouse, synced before your eyes and checked."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from syncline.bootstrap.settings_sources import LOCAL_FILE
from syncline.cli.installation.foreground import console_link, in_foreground
from syncline.cli.program.app import INTERRUPTED
from syncline.cli.program.shell import WIDE, Shell, own_name
from syncline.cli.program.texts import duration, label, number
from syncline.cli.runs.run_display import LINE_EVERY, STYLES, Display
from syncline.cli.runs.status_follower import StatusFollower
from syncline.contracts.events import RunStatus
from syncline.contracts.status import status_of
from syncline.contracts.topics import STATUS
from syncline.contracts.wire import Outbound
from syncline.demo.changes import BAD_PRICES
from syncline.demo.place import Place, opened, plan
from syncline.demo.player import TENANT, Player, Result, counts_of, seconds_between
from syncline.demo.story import Counts, StoryStep
from syncline.embedded.installation import LocalInstallation
from syncline.kafka.producer import KafkaProducer
from syncline.kafka.reader import KafkaReader
from syncline.postgres.runs.runs import Runs
from syncline.runtime.clock import SystemClock

FAST = 1000
"""Records from which a step's speed says anything."""
_DATA = typer.Option("--data", metavar="FOLDER", help="Folder of all data; old data is removed.")
_KEEP = typer.Option("--keep", help="Leave everything running at the end, until Ctrl-C.")


def demo(
    shell: Shell,
    data: Annotated[Path, _DATA] = LOCAL_FILE.parent / "demo",
    keep: Annotated[bool, _KEEP] = False,
) -> None:
    """Sync an ERP of 27,000 records to a shop and a warehouse, and check what comes out.

    It brings its own Kafka, PostgreSQL and services, in a folder and on ports of their own.
    """
    installation = LocalInstallation(plan(data.absolute(), os.environ), shell.note)
    if in_foreground(_run(shell, installation, keep=keep), installation, shell.note) and not keep:
        raise typer.Exit(INTERRUPTED)


async def _run(shell: Shell, installation: LocalInstallation, *, keep: bool) -> None:
    began = time.monotonic()
    await installation.start(fresh=True)
    async with opened(installation, shell.note) as place:
        shell.note(f"set up in {duration(time.monotonic() - began)}")
        shell.note(f"watch it in the console: {await console_link(installation)}")
        async with _Screen(shell, place) as screen:
            player = Player(place, screen)
            began = time.monotonic()
            results = await player.play()
            checked = await player.check()
            seconds = time.monotonic() - began
            if keep:
                await player.leave_failures()
        end = f"All of it came out as it must, in {duration(seconds)}."
        lines = ["", _table(results), "", *checked, end, "", *_further(place, keep=keep)]
        shell.show(_document(results, checked, seconds), *lines)
        if keep:
            await installation.watch(shell.note)


class _Screen:
    """Shows the demo on the shell."""

    def __init__(self, shell: Shell, place: Place) -> None:
        # Into a file or pipe nothing is cut or wrapped.
        width = None if shell.err.is_terminal else WIDE
        self._console = Console(stderr=True, highlight=False, emoji=False, width=width)
        self._clock = SystemClock()
        connection = place.installation.settings.kafka()
        self._producer = KafkaProducer(connection)
        self._runs = Runs(place.product)
        self._follower = StatusFollower(
            KafkaReader(connection, STATUS), self._look, self._clock, shell.note
        )

    async def __aenter__(self) -> _Screen:
        await self._follower.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._follower.stop()
        await self._producer.stop()

    async def _look(self, run_id: str) -> RunStatus:
        return status_of(await self._runs.get(TENANT, run_id))

    def step(self, number: int, step: StoryStep) -> None:
        self._console.print(f"\n{number:2} {step.title}", style="bold", markup=False)
        self.say(step.text)

    async def follow(self, triggers: Mapping[str, Outbound]) -> dict[str, RunStatus]:
        await self._producer.send(list(triggers.values()))
        ended: dict[str, RunStatus] = {}
        began = self._clock.monotonic()
        with Display(self._console, self._clock) as display:
            async for status in self._follower.follow(triggers):
                if status is None:
                    continue
                ended[status.correlation_id] = status
                is_long = self._clock.monotonic() - began > LINE_EVERY
                if is_long or self._console.is_terminal:
                    display.show(status)
        return ended

    def runs(self, statuses: Sequence[RunStatus]) -> None:
        table = _numbers("run", "state")
        for status in statuses:
            stream = f"{status.instance} {status.entity_type}"
            state = Text(label(status.state), STYLES.get(status.state, ""))
            table.add_row(stream, state, *_cells(counts_of([status]), seconds_between([status])))
        self._indented(table)

    def say(self, text: str) -> None:
        self._indented(Text(text))

    def _indented(self, shown: RenderableType) -> None:
        self._console.print(Padding(shown, (0, 0, 0, 3), expand=False))


def _document(results: Sequence[Result], checked: list[str], seconds: float) -> object:
    steps = [
        {"step": r.title, **r.counts._asdict(), "seconds": round(r.seconds, 2)} for r in results
    ]
    return {"steps": steps, "checked": checked, "seconds": round(seconds, 1)}


def _table(results: Sequence[Result]) -> Table:
    table = _numbers("step")
    table.add_column("records/s", justify="right")
    for result in results:
        total = result.counts.total
        rate = number(round(total / result.seconds)) if total >= FAST and result.seconds else ""
        table.add_row(result.title, *_cells(result.counts, result.seconds), rate)
    return table


def _numbers(*columns: str) -> Table:
    """Return a table with these columns and then those that `_cells` fills."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for name in (*Counts._fields, "seconds"):
        table.add_column(name, justify="right")
    return table


def _cells(counts: Counts, seconds: float) -> list[str]:
    return [*(number(count) for count in counts), f"{seconds:.1f}"]


def _further(place: Place, *, keep: bool) -> list[str]:
    """Say how to look at what is there."""
    own = own_name()
    begin = (
        "Look further, in another terminal; Ctrl-C here stops everything:"
        if keep
        else f"It is stopped now. `{own} demo --keep` leaves it running, to look further:"
    )
    commands = [
        f"export SYNCLINE_CONFIG_FILE='{place.installation.env_file}'",
        f"{own} runs list",
        f"{own} records find {BAD_PRICES[0]}",
        f"{own} dlq list",
        f"{own} topics tail status",
        f"{own} diff -f '{place.config}'",
    ]
    if keep:
        commands.append(f"curl http://127.0.0.1:{place.shop_port}/api/stats")
    return [begin, *(f"  {command}" for command in commands)]
