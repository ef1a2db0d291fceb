"""Templates: ready instances as files, which a person changes and `apply` takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import ConflictError, InvalidInputError, Problem
from syncline.domain.naming import unknown
from syncline.domain.record import JsonObject
from syncline.resources.yaml_core import read_all

_FOLDER = Path(__file__).parent / "templates"
README = "README.md"
"""Of each template: its title, and how to go on from its files to a first run."""


class TemplateDocument(msgspec.Struct, frozen=True, rename="camel"):
    """A document of a template, without its kind, its name and its secrets."""

    kind: Kind
    name: str
    document: JsonObject


class Template(msgspec.Struct, frozen=True):
    """A template.

    Attributes:
        title: what it moves from where to where.
        steps: what to do with its files, a line each.
        files: their texts by name.
    """

    name: str
    title: str
    steps: list[str]
    files: Mapping[str, str]

    def documents(self) -> list[TemplateDocument]:
        """Return its documents in the order in which they can be stored one by one."""
        made = []
        for name in (name for name in self.files if name.endswith(".yaml")):
            for parsed in read_all(self.files[name]):
                document = dict(msgspec.convert(parsed.value, JsonObject))
                kind, own = Kind(document.pop("kind")), str(document.pop("name"))
                document.pop("secrets", None)
                made.append(TemplateDocument(kind, own, document))
        return sorted(made, key=lambda one: list(Kind).index(one.kind))

    def write(self, folder: Path) -> list[Path]:
        """Write the files into a folder, which is made where it is not there.

        Raises:
            ConflictError: one of the files is there already; nothing is written.
            OSError: of the operating system.
        """
        paths = {folder / name: text for name, text in self.files.items()}
        there = [str(path) for path in paths if path.exists() or path.is_symlink()]
        if there:
            verb = "is" if len(there) == 1 else "are"
            raise ConflictError(f"nothing was written: {', '.join(there)} {verb} there already")
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in paths.items():
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        return list(paths)


def templates() -> list[Template]:
    """Return all templates, by name."""
    return [_read(path) for path in sorted(_FOLDER.iterdir()) if path.is_dir()]


def template(name: str) -> Template:
    """Return a template. Raises InvalidInputError."""
    known = {one.name: one for one in templates()}
    if name not in known:
        raise InvalidInputError([Problem("TEMPLATE", unknown("template", name, known))])
    return known[name]


def _read(folder: Path) -> Template:
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}
    title, *lines = files[README].splitlines()
    steps = [line for line in lines if line]
    return Template(folder.name, title.removeprefix("# "), steps, files)
