"""`syncline cursors`: list, look back, reset and set the bookmarks of streams."""

from __future__ import annotations

from typing import Annotated

import typer

from syncline.cli.program.app import Commands
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.tables import Column
from syncline.cli.program.texts import moment
from syncline.domain.cursor.values import value_problem
from syncline.domain.errors import InvalidInputError, Problem
from syncline.postgres.cursors.changes import Cursors
from syncline.postgres.cursors.versions import CursorView

commands = Commands("List, reset and set cursors: how far each entity type was read.")
_INSTANCE = typer.Argument(metavar="INSTANCE", help="Name of the instance.")
_ENTITY = typer.Argument(metavar="ENTITY_TYPE", help="Such as `item`.")
_VALUE = typer.Argument(metavar="VALUE", help="As the source gives it; reading begins there.")
_VERSION = typer.Argument(metavar="VERSION", min=1, help="As `cursors history` lists it.")
_OF_INSTANCE = typer.Option("--instance", metavar="NAME", help="Only of this instance.")
_REASON = typer.Option("--reason", metavar="TEXT", help="Why; kept with the version.")
_COLUMNS = (
    Column("instance", cut=True),
    Column("entity type"),
    Column("cursor", cut=True),
    Column("version", right=True, rank=1),
    Column("since", rank=2),
    Column("by", rank=3),
    Column("reason", rank=4, cut=True),
)
_HISTORY = (
    Column("version", right=True),
    Column("cursor", cut=True),
    Column("since"),
    Column("by", rank=1),
    Column("reason", rank=2, cut=True),
    Column("run", rank=3),
)


@commands.add("list")
def list_(shell: Shell, instance: Annotated[str | None, _OF_INSTANCE] = None) -> None:
    """List the cursor of every instance and entity type."""
    found = shell.ask(lambda database: Cursors(database).all(shell.tenant, instance))
    rows: list[list[object]] = [
        [c.instance, c.entity_type, _value(c), c.version, moment(c.at), c.actor, c.reason]
        for c in found
    ]
    none = f"no instances; `{own_name()} apply -f` stores some"
    shell.show_table(found, _COLUMNS, rows, f"no instance {instance!r}" if instance else none)


def _value(cursor: CursorView) -> str:
    if cursor.value is None:
        return "never read" if cursor.version == 0 else "cleared"
    return cursor.value


@commands.add("history")
def history(
    shell: Shell, instance: Annotated[str, _INSTANCE], entity_type: Annotated[str, _ENTITY]
) -> None:
    """List every version of a cursor, the newest first."""
    found = shell.ask(
        lambda database: Cursors(database).history(shell.tenant, instance, entity_type)
    )
    rows: list[list[object]] = [
        [c.version, _value(c), moment(c.at), c.actor, c.reason, c.correlation_id] for c in found
    ]
    shell.show_table(found, _HISTORY, rows, "the cursor was never set")


@commands.add("reset")
def reset(
    shell: Shell,
    instance: Annotated[str, _INSTANCE],
    entity_type: Annotated[str, _ENTITY],
    reason: Annotated[str, _REASON],
) -> None:
    """Clear a cursor, so that the next run reads everything; unchanged records are skipped."""
    _set(shell, (shell.tenant, instance, entity_type), None, reason)


@commands.add("set")
def set_(
    shell: Shell,
    instance: Annotated[str, _INSTANCE],
    entity_type: Annotated[str, _ENTITY],
    value: Annotated[str, _VALUE],
    reason: Annotated[str, _REASON],
) -> None:
    """Set a cursor: the next run reads from there on, that value included."""
    _set(shell, (shell.tenant, instance, entity_type), value, reason)


@commands.add("roll-back")
def roll_back(
    shell: Shell,
    instance: Annotated[str, _INSTANCE],
    entity_type: Annotated[str, _ENTITY],
    version: Annotated[int, _VERSION],
    reason: Annotated[str, _REASON],
) -> None:
    """Set a cursor to what it was in an older version; that adds a version."""
    stream, why = (shell.tenant, instance, entity_type), _said(reason)

    _tell(
        shell,
        shell.ask(lambda database: Cursors(database).roll_back(stream, version, shell.actor, why)),
    )


def _set(shell: Shell, stream: tuple[str, str, str], value: str | None, reason: str) -> None:
    why = _said(reason)

    async def change() -> CursorView:
        async with shell.database() as database:
            cursors = Cursors(database)
            form = await cursors.format(*stream)
            if value is not None and (problem := value_problem(value, form)):
                raise InvalidInputError([Problem("VALUE", problem)])
            return await cursors.set(stream, value, shell.actor, why)

    _tell(shell, shell.run(change()))


def _said(reason: str) -> str:
    if not reason.strip():
        raise InvalidInputError([Problem("--reason", "must say why; it is kept")])
    return reason.strip()


def _tell(shell: Shell, after: CursorView) -> None:
    value = after.value
    what = "is cleared: the next run reads everything" if value is None else f"stands at {value}"
    shell.show(
        after,
        f"the cursor of {after.instance} {after.entity_type} {what} (version {after.version})",
    )
