"""Which dead letters a command is about: by their IDs, or all that match a filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import typer

from syncline.cli.program.app import Options
from syncline.cli.program.errors import OutsideError
from syncline.cli.program.shell import Shell
from syncline.cli.program.texts import number, plural
from syncline.cli.runs.runs import run_id_of
from syncline.contracts.topics import Stage
from syncline.domain.dead_letter.replay import MAX_REPLAY
from syncline.domain.errors import Category, InvalidInputError, Problem
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.filter import STATUSES, DeadLetterFilter
from syncline.postgres.dead_letters.queue import DeadLetterQueue, DeadLetterView

STAGES = (*Stage, "trigger", "finalize", "retry", "deadletter", "notifier")
"""Where a record may have failed, and who may have met a message that it cannot read."""


class Selection(msgspec.Struct, frozen=True):
    """What a person named: IDs, or a filter."""

    ids: tuple[str, ...]
    wanted: DeadLetterFilter

    @property
    def is_empty(self) -> bool:
        return not self.ids and self.wanted == DeadLetterFilter(status=self.wanted.status)


def _option(*names: str, metavar: str | None = None, help_: str) -> Any:  # noqa: ANN401
    return typer.Option(*names, metavar=metavar, help=help_)


_IDS = typer.Argument(metavar="[ID]...", help="Entries, by their IDs or how those begin.")


@dataclass(frozen=True, kw_only=True)
class Where(Options):
    """Options that narrow down entries and their groups."""

    instance: Annotated[
        str | None, _option("--instance", metavar="NAME", help_="Of this instance.")
    ] = None
    entity_type: Annotated[
        str | None, _option("--entity-type", metavar="TYPE", help_="Of this entity type.")
    ] = None
    stage: Annotated[
        str | None, _option("--stage", metavar="STAGE", help_="That failed there.")
    ] = None
    category: Annotated[
        str | None,
        _option("--category", metavar="KIND", help_="transient, permanent or unknown."),
    ] = None
    run: Annotated[
        str | None, _option("--run", metavar="CORRELATION_ID", help_="That failed in this run.")
    ] = None

    def filter(self, status: str | None) -> DeadLetterFilter:
        """Check the options. Raises InvalidInputError, which names every mistake."""
        problems = [
            Problem(option, f"must be one of {', '.join(known)}, not {given!r}")
            for option, given, known in (
                (
                    "--stage",
                    self.stage,
                    STAGES,
                ),
                ("--category", self.category, tuple(Category)),
                ("--status", status, STATUSES),
            )
            if given is not None and given not in known
        ]
        if problems:
            raise InvalidInputError(problems)
        return DeadLetterFilter(
            status=status,
            instance=self.instance,
            entity_type=self.entity_type,
            stage=self.stage,
            category=self.category,
            run=run_id_of(self.run) if self.run else None,
        )


@dataclass(frozen=True, kw_only=True)
class Which(Where):
    """Options that narrow down entries."""

    source_id: Annotated[
        str | None, _option("--source-id", metavar="ID", help_="Of this record.")
    ] = None
    group: Annotated[
        str | None,
        _option("--group", metavar="GROUP", help_="That failed alike; see `dlq groups`."),
    ] = None

    def filter(self, status: str | None) -> DeadLetterFilter:
        narrowed = super().filter(status)
        return msgspec.structs.replace(narrowed, source_id=self.source_id, group=self.group)


@dataclass(frozen=True, kw_only=True)
class Chosen(Which):
    """Options that say which of the entries that wait something is done to."""

    ids: Annotated[list[str] | None, _IDS] = None
    every: Annotated[bool, _option("--all", help_="Every entry that waits.")] = False
    yes: Annotated[bool, _option("--yes", "-y", help_="Do not ask.")] = False

    def selection(self, status: str) -> Selection:
        """Return what is meant. Raises InvalidInputError when nothing or two things are named."""
        selection = Selection(tuple(self.ids or ()), self.filter(status))
        has_filter = self.every or not msgspec.structs.replace(selection, ids=()).is_empty
        if selection.ids and has_filter:
            raise InvalidInputError([Problem("ID", "give IDs or a filter, not both")])
        if not selection.ids and not has_filter:
            message = "say which entries: their IDs, a filter such as --group, or --all"
            raise InvalidInputError([Problem("ID", message)])
        if len(selection.ids) > MAX_REPLAY:
            message = f"{number(len(selection.ids))} are given; at most 1,000 at once"
            raise InvalidInputError([Problem("ID", message)])
        return selection


@dataclass(frozen=True, kw_only=True)
class ChosenDiscarded(Chosen):
    """Options that say which of the discarded entries something is done to."""

    every: Annotated[bool, _option("--all", help_="Every discarded entry.")] = False


async def entries_of(
    shell: Shell, database: Database, selection: Selection
) -> tuple[list[DeadLetterView], int]:
    """Return the selected entries, at most 1,000, the oldest first, and how many more match."""
    views = DeadLetterQueue(database)
    wanted = selection.wanted
    if selection.ids:
        ids = await views.ids_of(shell.tenant, selection.ids)
        wanted = DeadLetterFilter(ids=tuple(ids))
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
