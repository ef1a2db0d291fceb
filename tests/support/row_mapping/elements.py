"""SourceArray the elements of an array from one or more source arrays, at run time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from syncline.domain.mapping.paths import EACH, Path, reader
from syncline.domain.record import Record, Value
from tests.support.row_mapping.fields import Field
from tests.support.row_mapping.shape import Each, SourceArray

Make: TypeAlias = Callable[..., Any]
"""Takes the root record and the contexts; returns what it makes, or ABSENT."""


class Absent:
    """What stands for nothing at all, as null is something."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()


def element_reader(path: Path) -> Callable[[Any], Any]:
    """Return a function that reads a path inside an element of a record's array."""
    return lambda element: _walk(element, path)


def _walk(value: Any, path: Path) -> Any:
    for place, segment in enumerate(path):
        if segment == EACH:
            rest = path[place + 1 :]
            return [_walk(one, rest) for one in value] if isinstance(value, list) else None
        if segment.key is not None:
            value = value.get(segment.key) if isinstance(value, dict) else None
        else:
            index = segment.index or 0
            value = value[index] if isinstance(value, list) and index < len(value) else None
    return value


_Column: TypeAlias = Callable[[Record, Sequence[Any]], "list[Any] | None"]


def compile_each(each: Each, element: Make, *, at_root: bool, is_certain: bool) -> Make:
    """Return what makes the array: `make(root, *contexts)`, ABSENT where no field made any of it.

    Args:
        element: makes one element of its contexts.
        at_root: whether context 0 is the record, of which a key may have a dot in its name.
        is_certain: no element is ABSENT.
    """
    columns = [_column(making, at_root=at_root) for making in each.makings]
    carried = each.carried
    if len(columns) == 1:
        return _single(columns[0], carried, element, is_certain=is_certain)

    def make(root: Record, *contexts: Value) -> Value:
        made = [column(root, contexts) for column in columns]
        outer = [contexts[c] for c in carried]
        lists = [column or [] for column in made]
        elements = []
        for place in range(max(map(len, lists), default=0)):
            own = [found[place] if place < len(found) else ABSENT for found in lists]
            elements.append(element(root, *own, *outer))
        return _array(elements, is_touched=any(column == [] for column in made))

    return make


def _single(column: _Column, carried: Sequence[int], element: Make, *, is_certain: bool) -> Make:
    def make(root: Record, *contexts: Value) -> Value:
        found = column(root, contexts)
        if not found:
            return ABSENT if found is None else []
        if carried:
            outer = [contexts[c] for c in carried]
            elements = [element(root, one, *outer) for one in found]
        else:
            elements = [element(root, one) for one in found]
        return elements if is_certain else _array(elements, is_touched=False)

    return make


def _array(elements: list[Any], *, is_touched: bool) -> Value:
    if ABSENT in elements:
        elements = [element for element in elements if element is not ABSENT]
    return elements if elements or is_touched else ABSENT


class _NullRule(NamedTuple):
    """What the fields that are written want of an array that is not there.

    Attributes:
        fills: one element, as a default stands for null or null is refused.
        omits: no array, as nulls are left out.
    """

    fills: bool
    omits: bool

    @staticmethod
    def of(fields: Sequence[Field], *, is_spread: bool) -> _NullRule:
        fills = is_spread and any(field.fills for field in fields)
        return _NullRule(fills, all(field.omit_null for field in fields))


def _column(making: SourceArray, *, at_root: bool) -> _Column:
    """Return what reads a source array: its elements, or None where it makes no array at all."""
    of_root = at_root and making.context == 0
    read = (reader if of_root else element_reader)(making.source)
    context = making.context
    switched = any(field.when is not None for field in making.fields)
    everything = _NullRule.of(making.fields, is_spread=making.is_spread)

    def column(root: Record, contexts: Sequence[Any]) -> list[Any] | None:
        if contexts[context] is ABSENT:
            return None
        asked = everything
        if switched:
            on = [f for f in making.fields if f.when is None or f.when(root)]
            if not on:
                return None
            asked = _NullRule.of(on, is_spread=making.is_spread)
        found = read(contexts[context])
        if isinstance(found, list):
            return found
        if found is None and not asked.fills:
            return None if asked.omits else []
        return [found]

    return column
