"""`syncline delete`: take away what was configured."""

from __future__ import annotations

from typing import Annotated

import typer

from syncline.cli.program.errors import OutsideError
from syncline.cli.program.shell import Shell
from syncline.cli.program.texts import plural
from syncline.domain.configuration.comparison import PlanStep
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import meant, shown
from syncline.resources.deletion import remove

_KINDS = ", ".join(kind.lower() for kind in Kind)
_KIND = typer.Argument(metavar="KIND", help=f"One of {_KINDS}.")
_NAMES = typer.Argument(metavar="NAME…", help="Their names.")
_YES = typer.Option("--yes", help="Do not ask.")


def delete(
    shell: Shell,
    kind: Annotated[str, _KIND],
    names: Annotated[list[str], _NAMES],
    yes: Annotated[bool, _YES] = False,
) -> None:
    """Delete profiles, mappings, instances or schedules: all that are named or none.

    What is in use stays: by an instance, a schedule, a run, or dead letters that are pending. The
    history of runs stays.
    """
    wanted = [(_kind(kind), name) for name in names]
    _ = shell.settings
    confirm_deleting(shell, len(wanted), yes=yes)

    async def take() -> list[PlanStep]:
        async with shell.configuration() as stored:
            return await remove(stored, shell.tenant, shell.actor, wanted)

    steps = shell.run(take())
    document = {"deleted": [{"kind": step.kind, "name": step.name} for step in steps]}
    shell.show(document, *(f"- {step.kind.value:8} {step.name}" for step in steps))


def confirm_deleting(shell: Shell, count: int, *, yes: bool) -> None:
    """Ask a person whether so many documents shall go. Raises OutsideError where nobody can."""
    if yes:
        return
    what = f"delete {plural(count, 'document')}"
    if not shell.is_interactive:
        raise OutsideError("not_confirmed", f"would {what}", "add --yes to do it without asking")
    if not typer.confirm(f"{what}?", err=True):
        raise typer.Exit(1)


def _kind(text: str) -> Kind:
    """Read a kind in any case, in singular or plural. Raises InvalidInputError."""
    known = {kind.lower(): kind for kind in Kind}
    found = known.get(text.lower().removesuffix("s"))
    if found is None:
        like = meant(text, known) or f"; known: {_KINDS}"
        raise InvalidInputError([Problem("KIND", f"unknown kind {shown(text)}{like}")])
    return found
