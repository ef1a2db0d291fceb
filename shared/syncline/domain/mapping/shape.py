"""The shape of an output: fields laid into nested objects and arrays, as one function.

Keys are in sorted order at every level, so that equal records encode to equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from syncline.domain.mapping.fields import Field
from syncline.domain.mapping.paths import Segment, reader, split_at_each
from syncline.domain.mapping.source import Leaf, Make, Source, Tree, sorted_keys


def build_function(
    fields: Sequence[Field], static: Sequence[tuple[tuple[Segment, ...], Any]]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that makes an output of a record."""
    inner = _build(fields, static)
    return lambda record: inner(record, record)


def _build(fields: Sequence[Field], static: Sequence[tuple[tuple[Segment, ...], Any]]) -> Make:
    tree: Tree = {}
    arrays: dict[tuple[Segment, ...], list[Field]] = {}
    for field in fields:
        prefix = _array_prefix(field.target)
        if prefix is None:
            _place(tree, field.target, Leaf(field=field))
        else:
            arrays.setdefault(prefix, []).append(field)
    for path, value in static:
        _place(tree, path, Leaf(value=sorted_keys(value)))
    for prefix, members in arrays.items():
        _place(tree, prefix, Leaf(make=_array(prefix, members)))
    return Source().function(tree)


def _array_prefix(target: tuple[Segment, ...]) -> tuple[Segment, ...] | None:
    for place, segment in enumerate(target):
        if segment.index is not None:
            return target[:place]
    return None


def _place(tree: Tree, path: Sequence[Segment], leaf: Leaf) -> None:
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
        return group[0].apply
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
