"""The shape of an output: the tree of objects, arrays and values that a mapping's fields make.

It is made once for a mapping; `output_columns` compiles it. `written_paths` has checked the target
paths, so each place of the output is one thing: a value, an object, an array by indexes, or an
array with an element for each of a source array's.

How the elements of such an array are made: a field whose source path has a `[]` makes an element
for each of the source array's. The elements of several source arrays are joined by their index. A
field without `[]` beside them gives its value to every element. If no field has a `[]`, values are
spread: a list gives its elements, null gives none, anything else is the only element. Fixed values
are put into the elements that fields make.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from syncline.domain.mapping.engine.fields import Field
from syncline.domain.mapping.paths import EACH, Path, Segment, split_at_each
from syncline.domain.record import Value


class Leaf(msgspec.Struct):
    """A place with one value: a field's, read from a context, or a fixed one (field is None)."""

    field: Field | None = None
    context: int = 0
    source: Path = ()
    value: Value = None


class Object(msgspec.Struct):
    """An object: its places by key."""

    places: dict[str, Node]


class Array(msgspec.Struct):
    """An array written by index; `closed`: later elements move up where nothing is written."""

    places: dict[int, Node]
    closed: frozenset[int]


class SourceArray(msgspec.Struct):
    """A source array that elements are made of: where it is read, and the fields that read it."""

    context: int
    source: Path
    fields: list[Field]
    is_spread: bool


class Each(msgspec.Struct):
    """An array with an element for each element of its source arrays.

    Attributes:
        makings: the source arrays; inside an element they are the contexts 0, 1, ….
        carried: outer contexts that fields of the element read too; inside an element their numbers
            follow those of `makings`.
        optional: inner contexts that may be missing, because their array is shorter than another.
    """

    makings: list[SourceArray]
    carried: list[int]
    optional: frozenset[int]
    element: Node


Node: TypeAlias = Leaf | Object | Array | Each


def fields_of(node: Node) -> Iterator[Field]:
    """Yield the fields that write a place or into it."""
    if isinstance(node, Leaf):
        if node.field is not None:
            yield node.field
    else:
        for inner in _inside_of(node):
            yield from fields_of(inner)


def width_of(node: Node) -> int:
    """Return how many values a place holds; elements of arrays count for themselves."""
    return 1 if isinstance(node, Leaf | Each | Array) else sum(map(width_of, _inside_of(node)))


def carries(node: Node) -> bool:
    """Tell whether elements of an array repeat what stands once outside of it."""
    if isinstance(node, Leaf):
        return False
    return bool(isinstance(node, Each) and node.carried) or any(map(carries, _inside_of(node)))


def _inside_of(node: Object | Array | Each) -> Iterable[Node]:
    return [node.element] if isinstance(node, Each) else node.places.values()


class _Member(msgspec.Struct, frozen=True):
    """A field or fixed value that is laid into the tree, with what is left of both its paths."""

    target: Path
    source: Path = ()
    context: int = 0
    field: Field | None = None
    value: Value = None


class Shaper:
    """Lays out the output of a part of a mapping; `close` makes its arrays `closed`."""

    def __init__(self, *, close: bool) -> None:
        self._close = close

    def shape(self, fields: Sequence[Field], static: Sequence[tuple[Path, Value]]) -> Object:
        """Return the shape of an output. Its context 0 is the record."""
        members = [_Member(f.target, f.source, 0, f) for f in fields]
        members += [_Member(path, value=value) for path, value in static]
        return Object(self._by_key(members, frozenset()))

    def _node(self, members: Sequence[_Member], optional: frozenset[int]) -> Node:
        first = members[0]
        if not first.target:
            return Leaf(first.field, first.context, first.source, first.value)
        if first.target[0] == EACH:
            return self._each(members, optional)
        if first.target[0].key is not None:
            return Object(self._by_key(members, optional))
        groups = _grouped(members)
        places = {step.index or 0: self._node(group, optional) for step, group in groups.items()}
        closed = {s.index or 0 for s, group in groups.items() if _leaves_no_null(group)}
        gaps = set(range(max(places))) - places.keys() if self._close else set()
        return Array(places, frozenset(closed | gaps))

    def _by_key(self, members: Sequence[_Member], optional: frozenset[int]) -> dict[str, Node]:
        groups = _grouped(members)
        return {step.key or "": self._node(group, optional) for step, group in groups.items()}

    def _each(self, members: Sequence[_Member], optional: frozenset[int]) -> Each:
        fields = [member for member in members if member.field is not None]
        spread = not any(EACH in member.source for member in fields)
        makings: dict[tuple[int, Path], SourceArray] = {}
        carried: list[int] = []
        for member in fields:
            array = member.source if spread else _array_of(member)
            if array is not None:
                key = member.context, array
                makings.setdefault(key, SourceArray(*key, [], spread)).fields.append(_field(member))
            elif member.context not in carried:
                carried.append(member.context)
        numbers = {key: number for number, key in enumerate(makings)}
        inner = [_inside(member, numbers, carried, spread=spread) for member in members]
        missing = set(numbers.values()) if len(numbers) > 1 else set()
        missing |= {len(numbers) + carried.index(c) for c in carried if c in optional}
        element = self._node(inner, frozenset(missing))
        return Each(list(makings.values()), carried, frozenset(missing), element)


def _grouped(members: Sequence[_Member]) -> dict[Segment, list[_Member]]:
    groups: dict[Segment, list[_Member]] = {}
    for member in members:
        inside = msgspec.structs.replace(member, target=member.target[1:])
        groups.setdefault(member.target[0], []).append(inside)
    return groups


def _leaves_no_null(group: Sequence[_Member]) -> bool:
    return all(member.field is not None and member.field.omit_null for member in group)


def _field(member: _Member) -> Field:
    assert member.field is not None
    return member.field


def _array_of(member: _Member) -> Path | None:
    split = split_at_each(member.source)
    return None if split is None else split[0]


def _inside(
    member: _Member, numbers: dict[tuple[int, Path], int], carried: Sequence[int], *, spread: bool
) -> _Member:
    """Return a member as seen from inside an element: the rest of its paths, its inner context."""
    target = member.target[1:]
    if member.field is None:
        return msgspec.structs.replace(member, target=target)
    split = (member.source, ()) if spread else split_at_each(member.source)
    if split is None:
        context = len(numbers) + carried.index(member.context)
        return msgspec.structs.replace(member, target=target, context=context)
    context = numbers[member.context, split[0]]
    return msgspec.structs.replace(member, target=target, context=context, source=split[1])
