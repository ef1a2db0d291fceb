"""Checks the target paths of an output: each value is written once, and as one kind of value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from unicodedata import normalize

import msgspec

from syncline.domain.errors import Problem
from syncline.domain.mapping.paths import EACH, Path, Segment, parse_path, to_text

_VALUE, _OBJECT = "a value", "an object"
_ARRAY, _EACH = "an array by indexes", "an array with an element for each"


class _Node(msgspec.Struct):
    """One place of the output: its kind, and the path and field that first wrote it."""

    kind: str | None = None
    path: Path = ()
    by: str = ""
    inside: dict[Segment, _Node] = {}


def clashes(fields: Sequence[str], static: Sequence[str] = ()) -> Iterator[Problem]:
    """Yield a problem for each target path that writes a place which another path writes too."""
    root = _Node(_OBJECT)
    targets = [(f"fields[{n}]", text) for n, text in enumerate(fields)]
    for by, text in [*targets, *((f"static[{n}]", text) for n, text in enumerate(static))]:
        clash = _written(root, parse_path(text), by)
        if clash is not None:
            yield Problem(f"$.{by}.target", clash)


def _written(root: _Node, path: Path, by: str) -> str | None:
    """Add a path that `by` (such as `fields[2]`) writes; return why it clashes with others."""
    node = root
    for segment in path:
        clash = _made(node, _kind(segment), path, by)
        if clash is not None:
            return clash
        node = node.inside.setdefault(_one_form(segment), _Node())
    return _made(node, _VALUE, path, by)


def unmade_elements(fields: Sequence[str], static: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem for each fixed value whose element no field makes; old mappings have them."""
    made = {array for text in fields for array in _arrays(text)}
    for number, text in enumerate(static):
        if missing := _arrays(text) - made:
            array = to_text(max(missing, key=len))
            words = f"no field makes elements of `{array}[]`, so there is none to put the value in"
            yield Problem(f"$.static[{number}].target", words)


def _arrays(text: str) -> set[Path]:
    path = parse_path(text)
    return {path[:n] for n, segment in enumerate(path) if segment == EACH}


def _made(node: _Node, kind: str, path: Path, by: str) -> str | None:
    """Give a node its kind; if it has one already, return why the two clash."""
    if node.kind is None:
        node.kind, node.path, node.by = kind, path, by
        return None
    if node.kind == kind != _VALUE:
        return None
    text, other = to_text(path), to_text(node.path)
    if node.kind == kind:
        return f"`{text}` is used twice: {node.by} writes `{other}` already"
    if _VALUE in (node.kind, kind):
        return f"`{text}` and `{other}` lie inside each other: {node.by} writes `{other}`"
    two = f"{node.by} writes `{other}`, which makes it {node.kind}; this makes it {kind}"
    return f"`{text}` and `{other}` make two things of one place: {two}"


def _kind(segment: Segment) -> str:
    if segment.key is not None:
        return _OBJECT
    return _EACH if segment == EACH else _ARRAY


def _one_form(segment: Segment) -> Segment:
    """Return a key in Unicode's composed form, so that keys that look the same are the same."""
    return segment if segment.key is None else Segment(key=normalize("NFC", segment.key))
