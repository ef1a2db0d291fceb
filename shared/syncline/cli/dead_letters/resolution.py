"""`syncline dlq discard` and `restore`."""

from __future__ import annotations

from typing import Annotated

import typer

from syncline.actions.dead_letters.resolution import (
    DISCARD,
    RESTORE,
    STATUS_OF,
    Resolution,
    resolve,
)
from syncline.cli.dead_letters.selection import (
    Chosen,
    ChosenDiscarded,
    Selection,
    confirm,
    entries_of,
)
from syncline.cli.program.app import FAILED, PARTIAL
from syncline.cli.program.shell import Shell
from syncline.cli.program.tables import Column
from syncline.cli.program.texts import plural, short_id
from syncline.postgres.dead_letters.queue import DeadLetterView

_REASON = typer.Option("--reason", metavar="TEXT", help="Why; kept with the entry.")
_COLUMNS = (
    Column("ID"),
    Column("instance", rank=1, cut=True),
    Column("source ID", cut=True),
    Column("result", cut=True),
)


def discard(shell: Shell, *, reason: Annotated[str | None, _REASON] = None, chosen: Chosen) -> None:
    """Discard entries that wait: nobody needs them any more. They may be restored."""
    _resolve(shell, chosen.selection(STATUS_OF[DISCARD]), DISCARD, reason, yes=chosen.yes)


def restore(shell: Shell, chosen: ChosenDiscarded) -> None:
    """Let discarded entries wait again."""
    _resolve(shell, chosen.selection(STATUS_OF[RESTORE]), RESTORE, None, yes=chosen.yes)


def _resolve(
    shell: Shell, selection: Selection, doing: str, reason: str | None, *, yes: bool
) -> None:
    async def find() -> tuple[list[DeadLetterView], int]:
        async with shell.database() as database:
            return await entries_of(shell, database, selection)

    async def change() -> list[Resolution]:
        async with shell.database() as database:
            return await resolve(
                database, shell.tenant, entries, doing, actor=shell.actor, reason=reason
            )

    entries, more = shell.run(find())
    confirm(shell, doing, len(entries), selection, yes=yes)
    results = shell.run(change())
    rows = [[short_id(r.id), r.instance, r.source_id, r.result] for r in results]
    shell.show_table(results, _COLUMNS, rows, "no entries match")
    if more:
        shell.note(f"{plural(more, 'more entry matches', 'more entries match')}: call it again")
    done = sum(result.done for result in results)
    if done < len(results):
        raise typer.Exit(PARTIAL if done else FAILED)
