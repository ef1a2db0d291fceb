"""Makes arrays with an element for each of a source array's.

The elements of all arrays of a batch are the rows of one scope, so fields run over them by column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, chain, repeat
from typing import NamedTuple, TypeAlias

from syncline.domain.mapping.engine.evaluation import RecordContext, Scope, ValueContext
from syncline.domain.mapping.engine.fields import ABSENT, Field, has_absent
from syncline.domain.mapping.engine.shape import Each, SourceArray
from syncline.domain.mapping.paths import Path, batch_reader
from syncline.domain.record import Value

Column: TypeAlias = Callable[[Scope], list[Value]]
"""Returns a value for each row of a scope; ABSENT where there is none."""
_Arrays: TypeAlias = Callable[[Scope], "list[list[Value] | None]"]


def context_reader(context: int, path: Path, *, at_root: bool) -> Column:
    """Return the function that reads a path in a context.

    At the root the context is the record, whose keys may have a dot in their name.
    """
    if not at_root:
        return lambda scope: scope.contexts[context].read(path)
    read = batch_reader(path)
    return lambda scope: read(scope.evaluation.batch)


def compile_each(
    each: Each, element: Column, *, width: int, at_root: bool, is_written: bool
) -> Column:
    """Return the function that makes the arrays; ABSENT where no field makes an element.

    Args:
        element: makes the elements, given the scope of all of them.
        width: values in an element.
        at_root: whether context 0 is the records.
        is_written: whether some field writes a value in every element. If not, elements without
            such a value are left out.
    """
    sources = [_arrays(making, at_root=at_root) for making in each.makings]
    if not sources:  # fixed values alone: new documents are refused, stored ones may have them
        return lambda scope: [ABSENT] * len(scope.owners)

    def make(scope: Scope) -> list[Value]:
        found = [read(scope) for read in sources]
        lengths = _lengths(found)
        _empty_unaffordable(scope, each, found, lengths, width)
        rows = list(chain.from_iterable(map(repeat, range(len(lengths)), lengths)))
        owners = rows if at_root else [scope.owners[row] for row in rows]
        contexts: list[RecordContext | ValueContext] = [
            ValueContext(_elements(arrays, lengths)) for arrays in found
        ]
        for number in each.carried:
            context = (
                RecordContext(scope.evaluation.batch, owners)
                if at_root
                else scope.contexts[number].repeated(rows)
            )
            contexts.append(context)
        inner = Scope(scope.evaluation, owners, contexts, None if is_written else [])
        made = element(inner)
        if inner.written is not None:
            made = _written(made, inner.written)
        return _gathered(made, lengths, found)

    return make


def _empty_unaffordable(
    scope: Scope,
    each: Each,
    found: Sequence[list[list[Value] | None]],
    lengths: list[int],
    width: int,
) -> None:
    """Empty the arrays of rows that would make more elements than a batch may have."""
    counts = lengths if width == 1 else [length * width for length in lengths]
    for row in scope.unaffordable(counts, each.makings[0].fields[0]):
        lengths[row] = 0
        for arrays in found:
            arrays[row] = []


def _lengths(found: Sequence[list[list[Value] | None]]) -> list[int]:
    """Return how many elements each row's array will have: as many as its longest source array."""
    if len(found) == 1:
        return [len(array) if array else 0 for array in found[0]]
    return [max(len(array or ()) for array in row) for row in zip(*found, strict=True)]


def _elements(arrays: Sequence[list[Value] | None], lengths: Sequence[int]) -> list[Value]:
    """Return the elements of all arrays, each array filled up with ABSENT to its length."""
    whole = list(chain.from_iterable(filter(None, arrays)))
    if len(whole) == sum(lengths):
        return whole
    made: list[Value] = []
    for array, length in zip(arrays, lengths, strict=True):
        own = array or []
        made += own
        made += [ABSENT] * (length - len(own))
    return made


def _written(made: list[Value], columns: Sequence[list[Value]]) -> list[Value]:
    """Return the elements, with ABSENT in place of those in which no field wrote a value."""
    if not columns:
        return [ABSENT] * len(made)
    by_row = zip(*columns, strict=True)
    return [
        element if any(value is not ABSENT for value in row) else ABSENT
        for element, row in zip(made, by_row, strict=True)
    ]


def _gathered(
    made: list[Value], lengths: Sequence[int], found: Sequence[list[list[Value] | None]]
) -> list[Value]:
    """Return each row's array of elements: empty if a source array is empty, ABSENT if none is."""
    cuts = zip(accumulate(lengths), lengths, strict=True)
    arrays: list[Value] = [made[end - length : end] for end, length in cuts]
    if has_absent(made):
        arrays = [[one for one in array if one is not ABSENT] for array in arrays]
    for row, array in enumerate(arrays):
        if not array and all(own[row] != [] for own in found):
            arrays[row] = ABSENT
    return arrays


class _NullRule(NamedTuple):
    """What is made where the source has null in place of an array.

    Attributes:
        fills: an array of one element, because a field replaces null by its default or refuses it.
        omits: no array, because the fields leave nulls out. If neither is set: an empty array.
    """

    fills: bool
    omits: bool

    @staticmethod
    def of(fields: Sequence[Field], *, is_spread: bool) -> _NullRule:
        fills = is_spread and any(field.fills for field in fields)
        return _NullRule(fills, all(field.omit_null for field in fields))


def _array_of(value: Value, rule: _NullRule) -> list[Value] | None:
    if isinstance(value, list):
        return value
    if value is None and not rule.fills:
        return None if rule.omits else []
    return [value]


def _arrays(making: SourceArray, *, at_root: bool) -> _Arrays:
    """Return the function that reads a source array: its elements, or None for no array at all."""
    read = context_reader(making.context, making.source, at_root=at_root)
    if any(field.when is not None for field in making.fields):
        return _switched_arrays(making, read)
    rule = _NullRule.of(making.fields, is_spread=making.is_spread)

    def arrays(scope: Scope) -> list[list[Value] | None]:
        found = [v if v.__class__ is list else _array_of(v, rule) for v in read(scope)]
        for row in absent_rows(scope, making.context):
            found[row] = None
        return found

    return arrays


def _switched_arrays(making: SourceArray, read: Column) -> _Arrays:
    """Return the same for a source array whose fields are switched off in some rows by `when`."""
    rules: dict[tuple[bool, ...], _NullRule] = {}

    def rule_of(switches: tuple[bool, ...]) -> _NullRule:
        if switches not in rules:
            on = [field for field, is_on in zip(making.fields, switches, strict=True) if is_on]
            rules[switches] = _NullRule.of(on, is_spread=making.is_spread)
        return rules[switches]

    def arrays(scope: Scope) -> list[list[Value] | None]:
        values = read(scope)
        absent = absent_rows(scope, making.context)
        rows = [row for row in range(len(values)) if row not in absent]
        owners = [scope.owners[row] for row in rows]
        switches = [scope.evaluation.is_on(field, owners) for field in making.fields]
        found: list[list[Value] | None] = [None] * len(values)
        for row, on in zip(rows, zip(*switches, strict=True), strict=True):
            if any(on):
                found[row] = _array_of(values[row], rule_of(on))
        return found

    return arrays


def absent_rows(scope: Scope, number: int) -> frozenset[int]:
    """Return the rows in which a context is missing, because its array is shorter than another."""
    context = scope.contexts[number] if scope.contexts else None
    if not isinstance(context, ValueContext) or not has_absent(context.values):
        return frozenset()
    return frozenset(row for row, value in enumerate(context.values) if value is ABSENT)
