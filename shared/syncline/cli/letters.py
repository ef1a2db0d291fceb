"""Which dead letters a command is about: by their IDs, or all that match a filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import msgspec
import typer

from syncline.cli.errors import OutsideError
from syncline.cli.runs import run_id_of
from syncline.cli.shell import Shell
from syncline.cli.words import number, plural
from syncline.contracts.topics import Stage
from syncline.domain.errors import Category, InvalidInputError, Problem
from syncline.domain.replay import MAX_REPLAY
from syncline.postgres.database import Database
from syncline.postgres.letter_views import LetterFilter, LetterView, LetterViews

STATUSES = ("pending", "replayed", "discarded")


def _option(name: str, metavar: str, what: str) -> str | None:
    option: str | None = typer.Option(name, metavar=metavar, help=what)
    return option


Instance: TypeAlias = Annotated[str | None, _option("--instance", "NAME", "Of this instance.")]
EntityType: TypeAlias = Annotated[
    str | None, _option("--entity-type", "TYPE", "Of this entity type.")
]
InStage: TypeAlias = Annotated[str | None, _option("--stage", "STAGE", "That failed there.")]
OfCategory: TypeAlias = Annotated[
    str | None, _option("--category", "KIND", "transient, permanent or unknown.")
]
SourceId: TypeAlias = Annotated[str | None, _option("--source-id", "ID", "Of this record.")]
OfRun: TypeAlias = Annotated[
    str | None, _option("--run", "CORRELATION_ID", "That failed in this run.")
]
OfGroup: TypeAlias = Annotated[
    str | None, _option("--group", "GROUP", "That failed alike; see `dlq groups`.")
]
Ids: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="Entries, by their IDs or how those begin."),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class Selection(msgspec.Struct, frozen=True):
    """What a person named: IDs, or a filter."""

    ids: tuple[str, ...]
    wanted: LetterFilter

    @property
    def is_empty(self) -> bool:
        return not self.ids and self.wanted == LetterFilter(status=self.wanted.status)


def filtered(
    *,
    instance: str | None,
    entity_type: str | None,
    stage: str | None,
    category: str | None,
    source_id: str | None,
    run: str | None,
    group: str | None,
    status: str | None,
) -> LetterFilter:
    """Check a filter. Raises InvalidInputError, which names every mistake."""
    problems = [
        Problem(option, f"must be one of {', '.join(known)}, not {given!r}")
        for option, given, known in (
            ("--stage", stage, (*Stage, "trigger", "finalize", "retry", "deadletter")),
            ("--category", category, tuple(Category)),
            ("--status", status, STATUSES),
        )
        if given is not None and given not in known
    ]
    if problems:
        raise InvalidInputError(problems)
    return LetterFilter(
        status=status,
        instance=instance,
        entity_type=entity_type,
        stage=stage,
        category=category,
        source_id=source_id,
        run=run_id_of(run) if run else None,
        group=group,
    )


def selected(ids: Sequence[str] | None, wanted: LetterFilter, *, every: bool) -> Selection:
    """Return what is meant. Raises InvalidInputError when nothing or two things are named."""
    selection = Selection(tuple(ids or ()), wanted)
    has_filter = every or not msgspec.structs.replace(selection, ids=()).is_empty
    if selection.ids and has_filter:
        raise InvalidInputError([Problem("ID", "give IDs or a filter, not both")])
    if not selection.ids and not has_filter:
        message = "say which entries: their IDs, a filter such as --group, or --all"
        raise InvalidInputError([Problem("ID", message)])
    if len(selection.ids) > MAX_REPLAY:
        message = f"{number(len(selection.ids))} are given; at most 1,000 at once"
        raise InvalidInputError([Problem("ID", message)])
    return selection


async def entries_of(
    shell: Shell, database: Database, selection: Selection
) -> tuple[list[LetterView], int]:
    """Return the selected entries, at most 1,000, the oldest first, and how many more match."""
    views = LetterViews(database)
    wanted = selection.wanted
    if selection.ids:
        ids = await views.ids_of(shell.tenant, selection.ids)
        wanted = LetterFilter(ids=tuple(ids))
    found = await views.oldest(shell.tenant, wanted, MAX_REPLAY)
    more = 0
    if len(found) == MAX_REPLAY:
        more = await views.count(shell.tenant, wanted) - MAX_REPLAY
    return found, more


def confirm(shell: Shell, doing: str, count: int, selection: Selection, *, yes: bool) -> None:
    """Ask before something is done to all that match a filter; IDs are clear enough.

    Raises:
        OutsideError: nobody can be asked.
        typer.Exit: the answer is no.
    """
    if yes or selection.ids or not count:
        return
    if not shell.is_interactive:
        text = f"{doing} {plural(count, 'entry', 'entries')}: nobody can be asked here"
        raise OutsideError("not_confirmed", text, "add --yes to do it without asking")
    if not typer.confirm(f"{doing} {plural(count, 'entry', 'entries')}?", err=True):
        shell.note("nothing was changed")
        raise typer.Exit(1)
