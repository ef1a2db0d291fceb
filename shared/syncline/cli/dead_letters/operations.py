"""Replays that the server works off: at a rate, careful, and over any number of entries."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated
from uuid import UUID

import msgspec
import typer
from uuid6 import uuid7

from syncline.actions.dead_letters.selection import selection_words
from syncline.cli.dead_letters.selection import exit_code_of
from syncline.cli.program.app import INTERRUPTED, OK
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.tables import Column, table
from syncline.cli.program.texts import number, plural, short_id
from syncline.cli.runs.runs import Limit
from syncline.domain.dead_letter.operation import GOOD, OperationKind
from syncline.domain.errors import InvalidInputError, Problem, RetriableError
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.operations.catalog import OperationItem, OperationView
from syncline.postgres.operations.operations import NewOperation, Operations

LOOK_EVERY = 0.5
"""Seconds between two looks at an operation."""
SHOWN = 25
"""Items that did not go through and are listed."""
PAGE = 1000
_OPERATION = typer.Argument(metavar="OPERATION", help="The operation's ID.", show_default=False)
_COLUMNS = (
    Column("operation", "id"),
    Column("begun", "created_at", rank=3),
    Column("kind", rank=2),
    Column("state"),
    Column("entries", lambda found: number(found.total), right=True),
    Column("left", lambda found: number(found.waiting + found.under_way), right=True, rank=1),
    Column("what", lambda found: found.stopped or found.selection, cut=True),
)
_ITEMS = (
    Column("ID", lambda item: short_id(item.entry)),
    Column("source ID", cut=True),
    Column("result"),
    Column("why", "note", cut=True),
)


class ReplayPace(msgspec.Struct, frozen=True):
    """How careful a replay is: entries a second, and when it stops by itself."""

    rate: float | None = None
    stop_on_repeat: bool | None = None
    stop_after: int | None = None

    def check(self) -> None:
        """Raise InvalidInputError that names every mistake."""
        problems = []
        if self.rate is not None and not 0 < self.rate <= 100_000:
            problems.append(Problem("--rate", "must be above 0, at most 100,000 entries a second"))
        if self.stop_after is not None and not 1 <= self.stop_after <= 10**9:
            problems.append(Problem("--stop-after", "must be 1 or more failures"))
        if problems:
            raise InvalidInputError(problems)

    def is_given(self, *, group: bool) -> bool:
        """Tell whether only the server can keep it. A group stops at the first repeat by itself."""
        careful = group if self.stop_on_repeat is None else self.stop_on_repeat
        return careful or self.rate is not None or self.stop_after is not None


async def _begin(
    shell: Shell, wanted: DeadLetterFilter, pace: ReplayPace, *, from_stage: str, reason: str | None
) -> OperationView:
    """Freeze a selection and let the server replay it. Raises ConflictError: nothing matches."""
    careful = pace.stop_on_repeat
    key = str(uuid7())
    async with shell.database() as database:
        new = NewOperation(
            id=key,
            tenant=shell.tenant,
            kind=OperationKind.REPLAY,
            request_hash=key,
            selection=await selection_words(database, shell.tenant, wanted),
            wanted=wanted,
            reason=reason,
            from_stage=from_stage,
            rate=pace.rate,
            stop_after=pace.stop_after,
            actor=shell.actor,
            stop_on_repeat=wanted.group is not None if careful is None else careful,
        )
        return await Operations(database).start(new)


async def _follow(shell: Shell, begun: OperationView) -> OperationView | None:
    """Tell how an operation gets on until it has ended; None when Ctrl-C ends the watching."""
    told = ""
    try:
        async with shell.database() as database:
            while True:
                with suppress(RetriableError):  # it is away for a while; the operation goes on
                    begun = await Operations(database).get(shell.tenant, begun.id)
                if begun.finished_at is not None:
                    return begun
                if (words := _progress(begun)) != told:
                    told = words
                    shell.note(words)
                await asyncio.sleep(LOOK_EVERY)
    except asyncio.CancelledError:  # only the watching ends; the note says how to stop the rest
        shell.note(f"the operation goes on; stop it: {own_name()} dlq abort {begun.id}")
        return None


def _progress(found: OperationView) -> str:
    done = found.total - found.waiting - found.under_way
    words = f"{number(done)} of {plural(found.total, 'entry', 'entries')}"
    counts = [f"{number(n)} {what.replace('_', ' ')}" for what, n in found.results.items()]
    return f"{words}: {', '.join(counts)}" if counts else words


async def _every_item(shell: Shell, operation: str) -> list[OperationItem]:
    found: list[OperationItem] = []
    async with shell.database() as database:
        operations = Operations(database)
        while page := await operations.items(
            shell.tenant, operation, PAGE, found[-1].place if found else 0
        ):
            found += page
    return found


def _show_end(shell: Shell, ended: OperationView, items: list[OperationItem]) -> int:
    """Print what became of an operation, and return the exit code."""
    lines: list[object] = [f"{ended.state}: {_progress(ended)}"]
    if ended.stopped:
        lines.append(f"stopped: {ended.stopped}")
    bad = [item for item in items if item.result not in (*GOOD, "not_started")]
    if bad:
        lines += ["", *table(_ITEMS, bad[:SHOWN], shell.out.width)]
    if len(bad) > SHOWN:
        lines.append(f"and {number(len(bad) - SHOWN)} more: --json has all")
    shell.show({"operation": ended, "items": items}, *lines)
    return exit_code_of(shell, sum(ended.results.get(result, 0) for result in GOOD), ended.total)


def replay_paced(
    shell: Shell,
    wanted: DeadLetterFilter,
    pace: ReplayPace,
    *,
    from_stage: str,
    reason: str | None,
    no_wait: bool,
) -> int:
    """Replay by an operation, and return the exit code."""

    async def work() -> tuple[OperationView, OperationView | None, list[OperationItem]]:
        begun = await _begin(shell, wanted, pace, from_stage=from_stage, reason=reason)
        ended = None if no_wait else await _follow(shell, begun)
        return begun, ended, [] if ended is None else await _every_item(shell, begun.id)

    begun, ended, items = shell.run(work())
    if ended is not None:
        return _show_end(shell, ended, items)
    words = f"operation {begun.id}: {plural(begun.total, 'entry', 'entries')}"
    shell.show({"operation": begun, "items": []}, words)
    return OK if no_wait else INTERRUPTED


def operations(shell: Shell, limit: Limit = 25) -> None:
    """List what is done to many entries at once, the newest first."""
    found = shell.ask(lambda database: Operations(database).newest(shell.tenant, limit + 1))
    shell.show_list(found, _COLUMNS, "none yet", limit=limit)


def abort(shell: Shell, operation: Annotated[str, _OPERATION]) -> None:
    """Stop an operation: what was not sent to the target waits as before."""
    try:
        key = str(UUID(operation))
    except ValueError:
        message = f"is no ID of an operation: {own_name()} dlq operations lists them"
        raise InvalidInputError([Problem("OPERATION", message)]) from None
    found = shell.ask(lambda database: Operations(database).abort(shell.tenant, key, shell.actor))
    shell.show(found, f"{found.state}: {_progress(found)}")
