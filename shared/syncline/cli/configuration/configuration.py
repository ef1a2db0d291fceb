"""`syncline apply`, `diff`, `export` and `delete`: configuration as files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from syncline.cli.program.app import DIFFERENT, OK
from syncline.cli.program.errors import OutsideError
from syncline.cli.program.shell import Shell
from syncline.cli.program.texts import plural
from syncline.domain.configuration.comparison import Difference, PlanStep
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import meant, shown
from syncline.resources import plan
from syncline.resources.export import documents, to_yaml
from syncline.resources.loader import DocumentSet, Mistake, load
from syncline.resources.plan import remove

if TYPE_CHECKING:
    from syncline.postgres.configuration.changes import ConfigurationStore

_FILES = typer.Option(
    "-f", "--file", metavar="PATH", help="A file, a folder, or - for standard input; repeatable."
)
_OUTPUT = typer.Option("-o", "--output", metavar="FILE", help="Write there, not to the screen.")
_PRUNE = typer.Option("--prune", help="Also delete what the files do not name.")
_YES = typer.Option("--yes", help="Do not ask before deleting.")
_KINDS = ", ".join(kind.lower() for kind in Kind)
_KIND = typer.Argument(metavar="KIND", help=f"One of {_KINDS}.")
_NAMES = typer.Argument(metavar="NAME…", help="Their names.")
_WIDTH = len(Kind.INSTANCE)
"""Of the column of kinds; wider only where a longer one is shown."""
_SIGNS = {"created": "+", "changed": "~", "unchanged": "=", "deleted": "-"}


def apply(
    shell: Shell,
    file: Annotated[list[str], _FILES],
    prune: Annotated[bool, _PRUNE] = False,
    yes: Annotated[bool, _YES] = False,
) -> None:
    """Store profiles, mappings and instances from files: all of them or, with a mistake, none.

    What the files do not name is left alone; with --prune it is deleted, after its plan was shown
    (subscriptions only where the files hold one).
    """
    loaded = _load(shell, file)
    planned = _planned(shell, loaded, yes=yes) if prune else None

    async def store(stored: ConfigurationStore) -> tuple[list[PlanStep], list[Mistake]]:
        if planned is None:
            steps = await plan.apply(stored, loaded, shell.tenant, shell.actor)
        else:
            steps = await plan.prune(stored, loaded, shell.tenant, shell.actor, planned)
        return steps, await _doubts(shell, stored, loaded, steps)

    steps, doubts = shell.configure(store)
    shell.show(_document(steps, doubts), *_lines(steps), _summary(steps))
    _warn(shell, doubts)


def diff(
    shell: Shell,
    file: Annotated[list[str], _FILES],
    prune: Annotated[bool, _PRUNE] = False,
) -> int:
    """Show what `apply` would change; exit code 10 when that is anything."""
    loaded = _load(shell, file)

    async def compare(stored: ConfigurationStore) -> tuple[list[PlanStep], list[Mistake]]:
        steps = await plan.diff(stored, loaded, shell.tenant, prune=prune)
        return steps, await _doubts(shell, stored, loaded, steps)

    steps, doubts = shell.configure(compare)
    changes = [step for step in steps if step.action != "unchanged"]
    same = f"no difference in {plural(len(steps), 'document')}"
    lines = [*_lines(changes), _summary(steps)] if changes else [same]
    shell.show(_document(steps, doubts), *lines)
    _warn(shell, doubts)
    return DIFFERENT if changes else OK


def export(shell: Shell, output: Annotated[Path | None, _OUTPUT] = None) -> None:
    """Write what is stored as YAML that `apply` takes; secrets by reference, never by value."""
    found = documents(shell.configure(lambda stored: stored.stored(shell.tenant)))
    if not found:
        shell.note(f"nothing is configured in tenant {shell.tenant}")
    text = to_yaml(found) if found else ""
    if output is not None:
        try:
            output.write_text(text)
        except OSError as error:
            raise OutsideError("file_not_written", f"{output}: {error.strerror}") from None
        shell.show(found, f"{plural(len(found), 'document')} written to {output}")
    elif shell.json:
        shell.show(found)
    else:
        typer.echo(text, nl=False)


def delete(
    shell: Shell,
    kind: Annotated[str, _KIND],
    names: Annotated[list[str], _NAMES],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete profiles, mappings, instances, schedules, hooks or subscriptions by name: all or none.

    What is in use stays: by an instance, a schedule, a hook, a subscription, a run, or dead letters
    that are pending. The history of runs stays.
    """
    wanted = [(_kind(kind), name) for name in names]
    _ = shell.settings
    _confirm_deleting(shell, len(wanted), yes=yes)
    steps = shell.configure(lambda stored: remove(stored, shell.tenant, shell.actor, wanted))
    document = {"deleted": [{"kind": step.kind, "name": step.name} for step in steps]}
    shell.show(document, *_lines(steps))


def _planned(shell: Shell, loaded: DocumentSet, *, yes: bool) -> list[PlanStep]:
    """Show what pruning would delete, and ask."""
    steps = shell.configure(lambda stored: plan.diff(stored, loaded, shell.tenant, prune=True))
    doomed = [step for step in steps if step.action == "deleted"]
    if doomed:
        for line in _lines(doomed) if not (yes or shell.json) else ():
            shell.note(line)
        _confirm_deleting(shell, len(doomed), yes=yes)
    return steps


def _confirm_deleting(shell: Shell, count: int, *, yes: bool) -> None:
    """Ask a person whether so many documents shall go. Raises OutsideError where nobody can."""
    what = f"delete {plural(count, 'document')}"
    if not yes:
        shell.confirm(what, f"would {what}")


def _kind(text: str) -> Kind:
    """Read a kind in any case, in singular or plural. Raises InvalidInputError."""
    known = {kind.lower(): kind for kind in Kind}
    found = known.get(text.lower().removesuffix("s"))
    if found is None:
        like = meant(text, known) or f"; known: {_KINDS}"
        raise InvalidInputError([Problem("KIND", f"unknown kind {shown(text)}{like}")])
    return found


def _load(shell: Shell, files: Sequence[str]) -> DocumentSet:
    """Read the files, where there is an installation that they could be meant for."""
    _ = shell.settings
    if not files:
        raise InvalidInputError([Problem("--file", "is required: a file or a folder")])
    return load(files, os.environ)


async def _doubts(
    shell: Shell, stored: ConfigurationStore, loaded: DocumentSet, steps: Sequence[PlanStep]
) -> list[Mistake]:
    from syncline.actions.doubts.review import Doubter  # noqa: PLC0415

    doubter = Doubter(stored, shell.settings.surroundings(shell.tenant))
    return await doubter.of_files(shell.tenant, loaded, steps)


def _warn(shell: Shell, doubts: Sequence[Mistake]) -> None:
    """Tell what is probably not meant, beside what was done; in JSON it stands in the document."""
    for doubt in () if shell.json else doubts:
        shell.note(f"warning: {doubt}")


def _document(steps: Sequence[PlanStep], doubts: Sequence[Mistake]) -> object:
    return {
        "documents": [msgspec.to_builtins(step, builtin_types=()) for step in steps],
        "warnings": [msgspec.to_builtins(doubt) for doubt in doubts],
    }


def _lines(steps: Sequence[PlanStep]) -> list[str]:
    lines = []
    width = max([_WIDTH, *(len(step.kind) for step in steps)])
    for step in steps:
        lines.append(f"{_SIGNS[step.action]} {step.kind.value:{width}} {step.name}")
        lines += [_difference(difference) for difference in step.differences]
    return lines


def _difference(difference: Difference) -> str:
    old, new = (_value(value) for value in (difference.old, difference.new))
    return f"    {difference.path.removeprefix('$.')}: {old} -> {new}"


def _value(value: object) -> str:
    if value is None:
        return "(none)"
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= 100 else text[:99] + "…"


def _summary(steps: Sequence[PlanStep]) -> str:
    counts = {action: sum(step.action == action for step in steps) for action in _SIGNS}
    told = [action for action in _SIGNS if action != "deleted" or counts[action]]
    return ", ".join(f"{counts[action]} {action}" for action in told)
