"""`syncline cursors`: list, look back, reset and set the bookmarks of streams."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated

import typer

from syncline.actions.connections.source_count import SourceCounter, words_of
from syncline.cli.program.app import Commands
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.tables import Column
from syncline.domain.cursor.values import value_problem
from syncline.domain.errors import InvalidInputError, Problem
from syncline.postgres.cursors.cursors import Cursors, CursorView

commands = Commands("List, reset and set cursors: how far each entity type was read.")
_Instance = Annotated[str, typer.Argument(metavar="INSTANCE", help="Name of the instance.")]
_EntityType = Annotated[str, typer.Argument(metavar="ENTITY_TYPE", help="Such as `item`.")]
_Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the version.")
]
_VALUE = typer.Argument(metavar="VALUE", help="The cursor, as the source gives it.")
_VERSION = typer.Argument(metavar="VERSION", min=1, help="A version of `cursors history`.")
_OF_INSTANCE = typer.Option("--instance", metavar="NAME", help="Only cursors of this instance.")


def _value(cursor: CursorView) -> str:
    if cursor.value is None:
        return "never read" if cursor.version == 0 else "cleared"
    return cursor.value


_COLUMNS = (
    Column("instance", cut=True),
    Column("entity type"),
    Column("cursor", _value, cut=True),
    Column("version", right=True, rank=1),
    Column("since", "at", rank=2),
    Column("by", "actor", rank=3),
    Column("reason", rank=4, cut=True),
)
_HISTORY = (
    Column("version", right=True),
    Column("cursor", _value, cut=True),
    Column("since", "at"),
    Column("by", "actor", rank=1),
    Column("reason", rank=2, cut=True),
    Column("run", "correlation_id", rank=3),
)


@commands.add("list")
def list_(shell: Shell, instance: Annotated[str | None, _OF_INSTANCE] = None) -> None:
    """List the cursor of every instance and entity type."""
    found = shell.ask(lambda database: Cursors(database).all(shell.tenant, instance))
    none = f"no instances; `{own_name()} apply -f` stores some"
    shell.show_list(found, _COLUMNS, f"no instance {instance!r}" if instance else none)


@commands.add("history")
def history(shell: Shell, instance: _Instance, entity_type: _EntityType) -> None:
    """List every version of a cursor, the newest first."""
    found = shell.ask(
        lambda database: Cursors(database).history(shell.tenant, instance, entity_type)
    )
    shell.show_list(found, _HISTORY, "the cursor was never set")


@commands.add("reset")
def reset(shell: Shell, instance: _Instance, entity_type: _EntityType, reason: _Reason) -> None:
    """Clear a cursor, so that the next run reads everything; unchanged records are skipped."""
    stream = (shell.tenant, instance, entity_type)
    _required(reason)
    note_count(shell, instance, entity_type)
    _change(shell, reason, lambda cursors, why: cursors.set(stream, None, shell.actor, why))


@commands.add("set")
def set_(
    shell: Shell,
    instance: _Instance,
    entity_type: _EntityType,
    value: Annotated[str, _VALUE],
    reason: _Reason,
) -> None:
    """Set a cursor: the next run reads from there on, that value included."""
    stream = (shell.tenant, instance, entity_type)

    async def change(cursors: Cursors, why: str) -> CursorView:
        if problem := value_problem(value, await cursors.format(*stream)):
            raise InvalidInputError([Problem("VALUE", problem)])
        return await cursors.set(stream, value, shell.actor, why)

    _change(shell, reason, change)


@commands.add("roll-back")
def roll_back(
    shell: Shell,
    instance: _Instance,
    entity_type: _EntityType,
    version: Annotated[int, _VERSION],
    reason: _Reason,
) -> None:
    """Set a cursor to what it was in an older version; that adds a version."""
    stream = (shell.tenant, instance, entity_type)
    _change(shell, reason, lambda c, why: c.roll_back(stream, version, shell.actor, why))


def note_count(shell: Shell, instance: str, entity_type: str) -> None:
    """Say beside the data how many records a read from the beginning takes."""
    settings = shell.settings
    around = settings.surroundings(shell.tenant)
    found = shell.ask(
        lambda database: SourceCounter(database, settings.keyring(), around).count(
            shell.tenant, shell.actor, instance, entity_type
        )
    )
    shell.note(f"{instance} {entity_type}: {words_of(found)}")


def _change(
    shell: Shell,
    reason: str,
    change: Callable[[Cursors, str], Coroutine[object, None, CursorView]],
) -> None:
    """Change a cursor for a reason, and say where it stands then."""
    why = _required(reason)
    after = shell.ask(lambda database: change(Cursors(database), why))
    value = after.value
    what = "is cleared: the next run reads everything" if value is None else f"stands at {value}"
    shell.show(
        after,
        f"the cursor of {after.instance} {after.entity_type} {what} (version {after.version})",
    )


def _required(reason: str) -> str:
    """Return why, without blanks around it. Raises InvalidInputError where nothing is said."""
    if not reason.strip():
        raise InvalidInputError([Problem("--reason", "must say why; it is kept")])
    return reason.strip()
