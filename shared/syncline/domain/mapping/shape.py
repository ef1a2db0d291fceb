"""The shape of an output: fields laid into nested objects and arrays, as one function.

Keys are in sorted order at every level, so that equal records encode to equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec

from syncline.domain.mapping.fields import Field
from syncline.domain.mapping.paths import Segment, reader, split_at_each

Make: TypeAlias = Callable[[Any, dict[str, Any]], Any]
"""Takes a record (or an element of one) and the root record."""


class _Leaf(msgspec.Struct):
    """A place with one value: of a field, of a function, or fixed."""

    field: Field | None = None
    make: Make | None = None
    value: Any = None


_Tree: TypeAlias = "dict[str, _Leaf | _Tree]"


def build_function(
    fields: Sequence[Field], static: Sequence[tuple[tuple[Segment, ...], Any]]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that makes an output of a record."""
    inner = _build(fields, static)
    return lambda record: inner(record, record)


def _build(fields: Sequence[Field], static: Sequence[tuple[tuple[Segment, ...], Any]]) -> Make:
    tree: _Tree = {}
    arrays: dict[tuple[Segment, ...], list[Field]] = {}
    for field in fields:
        prefix = _array_prefix(field.target)
        if prefix is None:
            _place(tree, field.target, _Leaf(field=field))
        else:
            arrays.setdefault(prefix, []).append(field)
    for path, value in static:
        _place(tree, path, _Leaf(value=_sorted(value)))
    for prefix, members in arrays.items():
        _place(tree, prefix, _Leaf(make=_array(prefix, members)))
    return _Source().function(tree)


def _array_prefix(target: tuple[Segment, ...]) -> tuple[Segment, ...] | None:
    for place, segment in enumerate(target):
        if segment.index is not None:
            return target[:place]
    return None


def _place(tree: _Tree, path: Sequence[Segment], leaf: _Leaf) -> None:
    *parents, last = [segment.key or "" for segment in path]
    for key in parents:
        inner = tree.setdefault(key, {})
        assert isinstance(inner, dict)
        tree = inner
    tree[last] = leaf


def _array(prefix: tuple[Segment, ...], members: Sequence[Field]) -> Make:
    """Make a list: from each element of the members' source array, or by fixed indexes."""
    fixed = sorted({m.target[len(prefix)].index or 0 for m in members})
    if fixed != [-1] and -1 not in fixed:
        return _indexed(prefix, members, fixed)
    by_source: dict[tuple[Segment, ...], list[Field]] = {}
    for member in members:
        split = split_at_each(member.source)
        source = split[0] if split else member.source
        by_source.setdefault(source, []).append(_inside(member, prefix, split))
    makers = [(reader(source), _element(group)) for source, group in by_source.items()]
    return _merged(makers)


def _inside(
    member: Field,
    prefix: tuple[Segment, ...],
    split: tuple[tuple[Segment, ...], tuple[Segment, ...]] | None,
) -> Field:
    rest = split[1] if split else ()
    return msgspec.structs.replace(member, source=rest, target=member.target[len(prefix) + 1 :])


def _element(group: Sequence[Field]) -> Make:
    """Make one element: an object of the group's fields, or the bare value of its only one."""
    if len(group) == 1 and not group[0].target:
        return group[0].value
    return _build(group, [])


def _merged(makers: Sequence[tuple[Callable[[Any], Any], Make]]) -> Make:
    def make(record: Any, root: dict[str, Any]) -> list[Any]:  # noqa: ANN401
        columns = []
        for read, element in makers:
            found = read(record)
            elements = found if isinstance(found, list) else [] if found is None else [found]
            columns.append([element(e, root) for e in elements])
        if len(columns) == 1:
            return columns[0]
        longest = max(map(len, columns), default=0)
        rows = [[c[i] for c in columns if i < len(c)] for i in range(longest)]
        return [
            dict(sorted({k: v for part in row for k, v in part.items()}.items())) for row in rows
        ]

    return make


def _indexed(prefix: tuple[Segment, ...], members: Sequence[Field], places: list[int]) -> Make:
    makers = {
        place: _element(
            [
                msgspec.structs.replace(m, target=m.target[len(prefix) + 1 :])
                for m in members
                if m.target[len(prefix)].index == place
            ]
        )
        for place in places
    }

    def make(record: Any, root: dict[str, Any]) -> list[Any]:  # noqa: ANN401
        return [
            makers[place](record, root) if place in makers else None
            for place in range(places[-1] + 1)
        ]

    return make


def _sorted(value: Any) -> Any:  # noqa: ANN401
    """Sort the keys of a value at every level."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(element) for element in value]
    return value


def _sorted_if_nested(value: Any) -> Any:  # noqa: ANN401
    return _sorted(value) if isinstance(value, dict | list) else value


class _Source:
    """Writes the function. Only generated names stand in its text; everything else is bound."""

    def __init__(self) -> None:
        self._bound: dict[str, Any] = {"nest": _sorted_if_nested, "dict": dict, "list": list}
        self._lines: list[str] = []

    def function(self, tree: _Tree) -> Make:
        result = self._object(tree)
        text = "\n".join(
            ["def make(r, root):", " get = r.get if type(r) is dict else {}.get"]
            + [f" {line}" for line in self._lines]
            + [f" return {result}"]
        )
        exec(compile(text, "<mapping>", "exec"), self._bound)  # noqa: S102 - our own templates
        make: Make = self._bound["make"]
        return make

    def _bind(self, value: object) -> str:
        name = f"b{len(self._bound)}"
        self._bound[name] = value
        return name

    def _object(self, tree: _Tree) -> str:
        conditional = any(
            isinstance(leaf, _Leaf) and leaf.field is not None and leaf.field.when is not None
            for leaf in tree.values()
        )
        if conditional:
            return self._object_with_conditions(tree)
        pairs = [f"{self._bind(key)}: {self._value(tree[key])}" for key in sorted(tree)]
        return "{" + ", ".join(pairs) + "}"

    def _object_with_conditions(self, tree: _Tree) -> str:
        name = f"o{len(self._lines)}"
        self._lines.append(f"{name} = {{}}")
        for key in sorted(tree):
            leaf = tree[key]
            guard = ""
            if isinstance(leaf, _Leaf) and leaf.field is not None and leaf.field.when is not None:
                guard = f"if {self._bind(leaf.field.when)}(root): "
            self._lines.append(f"{guard}{name}[{self._bind(key)}] = {self._value(leaf)}")
        return name

    def _value(self, leaf: _Leaf | _Tree) -> str:
        if isinstance(leaf, dict):
            return self._object(leaf)
        if leaf.make is not None:
            return f"{self._bind(leaf.make)}(r, root)"
        if leaf.field is None:
            return self._bind(leaf.value)
        return self._field(leaf.field)

    def _field(self, field: Field) -> str:
        if not field.source:
            read = "r"
        elif field.key is not None:
            read = f"get({self._bind(field.key)})"
        else:
            read = f"{self._bind(reader(field.source))}(r)"
        if field.step is None:
            return f"nest({read})"
        return f"nest({self._bind(field.step)}({read}, root))"
