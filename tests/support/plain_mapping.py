"""A transformation as one would explain it on paper: slow, obvious, and nothing compiled.

The engine is held to it (`unit/domain/mapping/engine/test_reference.py`) and shares no code with
it. Paths are tuples of texts (keys), numbers (indexes) and EACH.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec

EACH = None
"""The segment `[]`."""
Path: TypeAlias = "tuple[str | int | None, ...]"


class Nothing:
    """Nothing is written there."""


NOTHING = Nothing()


class RequiredError(Exception):
    """A required value is null or empty."""


class Rule(msgspec.Struct, frozen=True):
    """A field, or a fixed value where `source` is None.

    Attributes:
        when: a key of the record, and the value it must have.
    """

    target: Path
    source: Path | None = None
    value: Any = None
    default: Any = None
    required: bool = False
    upper: bool = False
    when: tuple[str, Any] | None = None
    omit_null: bool = False


class Reading(msgspec.Struct, frozen=True):
    """A rule on its way: where it stands in the source, and what is left of its paths."""

    rule: Rule
    where: Any
    source: Path
    target: Path
    at_root: bool


def written(path: Path) -> str:
    """Return a path as it is written in a mapping."""
    text = ""
    for segment in path:
        if segment is EACH:
            text += "[]"
        elif isinstance(segment, int):
            text += f"[{segment}]"
        elif "." in segment:
            text += f'["{segment}"]'
        else:
            text += f".{segment}" if text else segment
    return text


def transform(rules: Sequence[Rule], record: dict[str, Any], *, omit_null: bool) -> Any:
    """Return the payload of a record. Raises RequiredError."""
    readings = [
        Reading(rule, record, rule.source or (), rule.target, at_root=True)
        for rule in rules
        if rule.when is None or record.get(rule.when[0]) == rule.when[1]
    ]
    asked = [Reading(rule, record, rule.source or (), rule.target, at_root=True) for rule in rules]
    value, _ = _Paper(omit_null).made(readings, asked)
    return {} if value is NOTHING else value


class _Paper:
    def __init__(self, omit_null: bool) -> None:
        self._omit_null = omit_null

    def made(self, on: Sequence[Reading], all_: Sequence[Reading]) -> tuple[Any, bool]:
        """Make a place of the rules that hold; return it, and whether a field wrote any of it.

        Args:
            all_: also the rules whose `when` does not hold: they say what kind of place it is.
        """
        if not all_[0].target:
            return self._leaf(on[0]) if on else (NOTHING, False)
        heads = {reading.target[0] for reading in all_}
        if heads == {EACH}:
            return self._each(_inside(on, EACH), _inside(all_, EACH))
        if any(isinstance(head, str) for head in heads):
            return self._object(on, all_)
        return self._list(on, all_)

    def _leaf(self, reading: Reading) -> tuple[Any, bool]:
        rule = reading.rule
        if rule.source is None:
            return rule.value, False
        value = _read(reading.where, reading.source, at_root=reading.at_root)
        if value in (None, "") and rule.default is not None:
            value = rule.default
        if rule.required and value in (None, ""):
            raise RequiredError
        if rule.upper and value is not None:
            value = value.upper() if isinstance(value, str) else _text(value).upper()
        if rule.omit_null:
            value = _bare(value)
        return value, value is not NOTHING

    def _object(self, on: Sequence[Reading], all_: Sequence[Reading]) -> tuple[Any, bool]:
        made, wrote = {}, False
        for key in {reading.target[0] for reading in all_}:
            value, is_fields = self.made(_inside(on, key), _inside(all_, key))
            if value is not NOTHING:
                made[key] = value
                wrote = wrote or is_fields
        return (made, wrote) if made else (NOTHING, False)

    def _list(self, on: Sequence[Reading], all_: Sequence[Reading]) -> tuple[Any, bool]:
        made: list[Any] = []
        wrote, gap = False, 0
        for index in range(max(r.target[0] for r in all_) + 1):  # type: ignore[type-var,operator]
            asked = _inside(all_, index)
            value, is_fields = self.made(_inside(on, index), asked) if asked else (NOTHING, False)
            if value is not NOTHING:
                made += [None] * gap + [value]
                wrote, gap = wrote or is_fields, 0
            elif asked and all(r.rule.source is not None and r.rule.omit_null for r in asked):
                continue
            elif asked or not self._omit_null:
                gap += 1
        return (made, wrote) if made else (NOTHING, False)

    def _each(self, on: Sequence[Reading], all_: Sequence[Reading]) -> tuple[Any, bool]:
        """Lay the source arrays of the fields side by side."""
        spread = not any(EACH in r.source for r in all_ if r.rule.source is not None)
        fields = [r for r in on if r.rule.source is not None]
        makers = [r for r in fields if spread or EACH in r.source]
        lists = [self._elements(maker, makers, spread=spread) for maker in makers]
        elements = []
        for place in range(max((len(found or []) for found in lists), default=0)):
            inside = [r for r in on if r not in makers]
            for maker, found in zip(makers, lists, strict=True):
                if found is not None and place < len(found):
                    inside.append(_moved(maker, found[place]))
            value, is_fields = self.made(inside, _all_moved(all_, spread=spread))
            if is_fields:
                elements.append(value)
        if elements or [] in lists:
            return elements, True
        return NOTHING, False

    def _elements(
        self, maker: Reading, makers: Sequence[Reading], *, spread: bool
    ) -> list[Any] | None:
        array = _array(maker, spread=spread)
        found = _read(maker.where, array, at_root=maker.at_root)
        if isinstance(found, list):
            return found
        of_it = [
            m.rule for m in makers if m.where is maker.where and _array(m, spread=spread) == array
        ]
        if found is None and not (
            spread and any(rule.required or rule.default is not None for rule in of_it)
        ):
            return None if all(rule.omit_null for rule in of_it) else []
        return [found]


def _array(reading: Reading, *, spread: bool) -> Path:
    return reading.source if spread else reading.source[: reading.source.index(EACH)]


def _moved(reading: Reading, element: Any) -> Reading:
    rest: Path = ()
    if EACH in reading.source:
        rest = reading.source[reading.source.index(EACH) + 1 :]
    return Reading(reading.rule, element, rest, reading.target, at_root=False)


def _all_moved(all_: Sequence[Reading], *, spread: bool) -> list[Reading]:
    return [
        _moved(r, None) if r.rule.source is not None and (spread or EACH in r.source) else r
        for r in all_
    ]


def _inside(readings: Sequence[Reading], segment: Any) -> list[Reading]:
    return [
        msgspec.structs.replace(reading, target=reading.target[1:])
        for reading in readings
        if reading.target[0] == segment and type(reading.target[0]) is type(segment)
    ]


def _read(value: Any, path: Path, *, at_root: bool) -> Any:
    if at_root and isinstance(value, dict):
        head = path[: path.index(EACH)] if EACH in path else path
        if written(head) in value:
            return _read(value[written(head)], path[len(head) :], at_root=False)
    for place, segment in enumerate(path):
        if segment is EACH:
            if not isinstance(value, list):
                return None
            return [_read(one, path[place + 1 :], at_root=False) for one in value]
        if isinstance(segment, int):
            value = value[segment] if isinstance(value, list) and segment < len(value) else None
        else:
            value = value.get(segment) if isinstance(value, dict) else None
    return value


def _bare(value: Any) -> Any:
    if value is None:
        return NOTHING
    if isinstance(value, dict) and value:
        kept = {k: b for k, v in value.items() if (b := _bare(v)) is not NOTHING}
        return kept or NOTHING
    if isinstance(value, list) and value:
        return [b for v in value if (b := _bare(v)) is not NOTHING] or NOTHING
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return msgspec.json.encode(value).decode()


def conflict(rules: Sequence[Rule]) -> bool:
    """Tell whether two rules write one place, or make two things of one, or nothing makes it."""
    paths = [rule.target for rule in rules]
    if any(_clash(a, b) for n, a in enumerate(paths) for b in paths[:n]):
        return True
    fields = [rule.target for rule in rules if rule.source is not None]
    return any(
        not any(path[: n + 1] == rule.target[: n + 1] for path in fields)
        for rule in rules
        if rule.source is None
        for n, segment in enumerate(rule.target)
        if segment is EACH
    )


def _clash(one: Path, other: Path) -> bool:
    kind: Callable[[Any], str] = lambda s: "each" if s is EACH else type(s).__name__  # noqa: E731
    for a, b in zip(one, other, strict=False):
        if kind(a) != kind(b):
            return True
        if a != b:
            return False
    return True
