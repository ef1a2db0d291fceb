"""Which dead letters a command is about: by their IDs, or all that match a filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

import msgspec
import typer

from syncline.cli.program.app import FAILED, OK, PARTIAL
from syncline.cli.program.shell import Shell
from syncline.cli.program.tables import Column
from syncline.cli.program.texts import number, plural, short_id
from syncline.cli.runs.runs import run_id_of
from syncline.contracts.topics import Stage
from syncline.domain.dead_letter.replay import MAX_REPLAY
from syncline.domain.errors import Category, InvalidInputError, Problem
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.filter import STATUSES, DeadLetterFilter
from syncline.postgres.dead_letters.queue import DeadLetterQueue, DeadLetterView

STAGES = (*Stage, "trigger", "finalize", "retry", "deadletter", "notifier")
"""Where a record may have failed, and who may have met a message that it cannot read."""


class EntrySelection(msgspec.Struct, frozen=True):
    """What a person named: IDs, or a filter."""

    ids: tuple[str, ...]
    wanted: DeadLetterFilter


def _option(name: str, metavar: str | None, help_: str) -> object:
    return typer.Option(name, metavar=metavar, help=help_)


_Text: TypeAlias = str | None
_IDS = typer.Argument(metavar="[ID]...", help="Entries, by their IDs or how those begin.")
_GROUP = _option("--group", "GROUP", "That failed alike; see `dlq groups`.")
_YES = typer.Option("--yes", "-y", help="Do not ask.")
ID_COLUMN = Column("ID", lambda entry: short_id(entry.id))


@dataclass(frozen=True, kw_only=True)
class Where:
    """Options that narrow down entries and their groups."""

    instance: Annotated[_Text, _option("--instance", "NAME", "Of this instance.")] = None
    entity_type: Annotated[_Text, _option("--entity-type", "TYPE", "Of this entity type.")] = None
    stage: Annotated[_Text, _option("--stage", "STAGE", "That failed there.")] = None
    category: Annotated[
        _Text, _option("--category", "KIND", "transient, permanent or unknown.")
    ] = None
    run: Annotated[_Text, _option("--run", "CORRELATION_ID", "That failed in this run.")] = None

    def filter(self, status: str | None) -> DeadLetterFilter:
        """Check the options. Raises InvalidInputError, which names every mistake."""
        problems = [
            Problem(option, f"must be one of {', '.join(known)}, not {given!r}")
            for option, given, known in (
                ("--stage", self.stage, STAGES),
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
            installation=True,
        )


@dataclass(frozen=True, kw_only=True)
class Which(Where):
    """Options that narrow down entries."""

    source_id: Annotated[_Text, _option("--source-id", "ID", "Of this record.")] = None
    group: Annotated[_Text, _GROUP] = None

    def filter(self, status: str | None) -> DeadLetterFilter:
        narrowed = super().filter(status)
        return msgspec.structs.replace(narrowed, source_id=self.source_id, group=self.group)


@dataclass(frozen=True, kw_only=True)
class Chosen(Which):
    """Options that say which of the entries that wait something is done to."""

    ids: Annotated[list[str] | None, _IDS] = None
    every: Annotated[bool, _option("--all", None, "Every entry that waits.")] = False
    yes: Annotated[bool, _YES] = False

    def selection(self, status: str) -> EntrySelection:
        """Return what is meant. Raises InvalidInputError when nothing or two things are named."""
        selection = EntrySelection(tuple(self.ids or ()), self.filter(status))
        has_filter = self.every or selection.wanted != DeadLetterFilter(
            status=status, installation=True
        )
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

    every: Annotated[bool, _option("--all", None, "Every discarded entry.")] = False


async def wanted_of(
    shell: Shell, database: Database, selection: EntrySelection
) -> DeadLetterFilter:
    """Return the filter that a selection stands for. Raises as `ids_of` does."""
    if not selection.ids:
        return selection.wanted
    ids = await DeadLetterQueue(database).ids_of(shell.tenant, selection.ids)
    return DeadLetterFilter(ids=tuple(ids), installation=True)


async def entries_of(
    shell: Shell, database: Database, selection: EntrySelection
) -> tuple[list[DeadLetterView], int]:
    """Return the selected entries, at most 1,000, the oldest first, and how many more match."""
    queue = DeadLetterQueue(database)
    wanted = await wanted_of(shell, database, selection)
    found = await queue.oldest(shell.tenant, wanted, MAX_REPLAY)
    if len(found) < MAX_REPLAY:
        return found, 0
    return found, await queue.count(shell.tenant, wanted) - MAX_REPLAY


def exit_code_of(shell: Shell, good: int, total: int, more: int = 0) -> int:
    """Return 0 when every entry went through, 1 when none did, 3 else; say that more match."""
    if more:
        shell.note(f"{plural(more, 'more entry matches', 'more entries match')}: call it again")
    return OK if good == total else PARTIAL if good else FAILED


def confirm(shell: Shell, doing: str, count: int, selection: EntrySelection, *, yes: bool) -> None:
    """Ask before something is done to all that match a filter; raises as `Shell.confirm` does."""
    if yes or selection.ids or not count:
        return
    what = f"{doing} {plural(count, 'entry', 'entries')}"
    shell.confirm(what, f"{what}: nobody can be asked here", otherwise="nothing was changed")
