"""`syncline dlq discard` and `restore`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from syncline.cli.app import FAILED, PARTIAL
from syncline.cli.letters import Chosen, ChosenDiscarded, Selection, confirm, entries_of
from syncline.cli.shell import Shell
from syncline.cli.tables import Column
from syncline.cli.words import plural, short_id
from syncline.postgres.letter_views import LetterView
from syncline.postgres.letters import Letters

_REASON = typer.Option("--reason", metavar="TEXT", help="Why; kept with the entry.")
_COLUMNS = (
    Column("ID"),
    Column("instance", rank=1, cut=True),
    Column("source ID", cut=True),
    Column("result", cut=True),
)


class Result(msgspec.Struct, frozen=True, rename="camel"):
    """What became of one entry."""

    id: str
    instance: str | None
    source_id: str | None
    done: bool
    result: str


def discard(shell: Shell, *, reason: Annotated[str | None, _REASON] = None, chosen: Chosen) -> None:
    """Discard entries that wait: nobody needs them any more. They may be restored."""
    _resolve(shell, chosen.selection("pending"), "discard", reason, yes=chosen.yes)


def restore(shell: Shell, chosen: ChosenDiscarded) -> None:
    """Let discarded entries wait again."""
    _resolve(shell, chosen.selection("discarded"), "restore", None, yes=chosen.yes)


def _resolve(
    shell: Shell, selection: Selection, doing: str, reason: str | None, *, yes: bool
) -> None:
    async def find() -> tuple[list[LetterView], int]:
        async with shell.database() as database:
            return await entries_of(shell, database, selection)

    async def resolve(ids: Sequence[str]) -> set[str]:
        async with shell.database() as database:
            letters = Letters(database)
            if doing == "discard":
                return await letters.discard(shell.tenant, ids, shell.actor, reason)
            return await letters.restore(shell.tenant, ids, shell.actor)

    entries, more = shell.run(find())
    confirm(shell, doing, len(entries), selection, yes=yes)
    done = shell.run(resolve([entry.id for entry in entries]))
    results = [_result(entry, doing, done=entry.id in done) for entry in entries]
    rows = [[short_id(r.id), r.instance, r.source_id, r.result] for r in results]
    shell.show_table(results, _COLUMNS, rows, "no entries match")
    if more:
        shell.note(f"{plural(more, 'more entry matches', 'more entries match')}: call it again")
    if len(done) < len(results):
        raise typer.Exit(PARTIAL if done else FAILED)


def _result(entry: LetterView, doing: str, *, done: bool) -> Result:
    past = "discarded" if doing == "discard" else "restored"
    was = "Pending" if doing == "discard" else "Discarded"
    words = past if done else f"not {past}: it is not {was} but {entry.status.title()}"
    return Result(entry.id, entry.instance, entry.source_id, done, words)
