"""`syncline init`: ready instances as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from syncline.cli.program.app import without_tenant
from syncline.cli.program.errors import OutsideError
from syncline.cli.program.shell import Shell
from syncline.resources.template import template, templates

_NAME = typer.Argument(metavar="TEMPLATE", help="Its name; without one, all are listed.")
_OUTPUT = typer.Option(
    "-o", "--output", metavar="FOLDER", help="Write there, not into a folder of the same name."
)


@without_tenant
def init(
    shell: Shell,
    name: Annotated[str, _NAME] = "",
    output: Annotated[Path | None, _OUTPUT] = None,
) -> None:
    """Write a ready instance as files: change what is marked in them, and `apply` takes them.

    No file is overwritten.
    """
    if not name:
        _list(shell)
        return
    chosen = template(name)
    folder = output or Path(chosen.name)
    try:
        files = [str(path) for path in chosen.write(folder)]
    except OSError as error:
        raise OutsideError("file_not_written", f"{folder}: {error.strerror}") from None
    document = {"template": name, "files": files, "steps": chosen.steps}
    shell.show(document, *(f"+ {file}" for file in files), f"In {folder}:", *chosen.steps)


def _list(shell: Shell) -> None:
    found = templates()
    document = [{"name": one.name, "title": one.title} for one in found]
    shell.show(document, *(f"{one.name:24} {one.title}" for one in found))
    shell.note("`syncline init TEMPLATE` writes one into a folder of its name")
