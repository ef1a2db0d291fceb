"""The places that target paths name: each is written once, and is one thing."""

from __future__ import annotations

from unicodedata import normalize

import msgspec

from syncline.domain.mapping.paths import EACH, Path, Segment, to_text

_VALUE, _OBJECT = "a value", "an object"
_ARRAY, _EACH = "an array by indexes", "an array with an element for each"


class _Place(msgspec.Struct):
    """One place: what is made of it, and which path said so first."""

    kind: str | None = None
    path: Path = ()
    by: str = ""
    inside: dict[Segment, _Place] = {}


class WrittenPaths:
    """The places of one output."""

    def __init__(self) -> None:
        self._root = _Place(_OBJECT)

    def add(self, path: Path, by: str) -> str | None:
        """Note a path; return what is wrong with it beside the others, naming both.

        Args:
            by: what of the mapping writes it, such as `fields[2]`.
        """
        place = self._root
        for segment in path:
            clash = _made(place, _kind(segment), path, by)
            if clash is not None:
                return clash
            place = place.inside.setdefault(_one_form(segment), _Place())
        return _made(place, _VALUE, path, by)


def _made(place: _Place, kind: str, path: Path, by: str) -> str | None:
    """Make something of a place, or say what it is already."""
    if place.kind is None:
        place.kind, place.path, place.by = kind, path, by
        return None
    if place.kind == kind != _VALUE:
        return None
    text, other = to_text(path), to_text(place.path)
    if place.kind == kind:
        return f"`{text}` is used twice: {place.by} writes `{other}` already"
    if _VALUE in (place.kind, kind):
        return f"`{text}` and `{other}` lie inside each other: {place.by} writes `{other}`"
    two = f"{place.kind}, as {place.by} writes `{other}`, and {kind}"
    return f"`{text}` and `{other}` make two things of one place: {two}"


def _kind(segment: Segment) -> str:
    if segment.key is not None:
        return _OBJECT
    return _EACH if segment == EACH else _ARRAY


def _one_form(segment: Segment) -> Segment:
    """One letter may be written in two ways that look the same."""
    return segment if segment.key is None else Segment(key=normalize("NFC", segment.key))
