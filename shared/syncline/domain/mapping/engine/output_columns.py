"""Makes the outputs of a batch by column: each place of the output is a column with a value a row.

Where a row gets no value (by `when`, `omitNull`, or an array shorter than its neighbour) the column
holds ABSENT. An object or array is ABSENT in a row if all of its places are.
"""

from __future__ import annotations

import msgspec

from syncline.domain.mapping.engine.elements import (
    Column,
    absent_rows,
    compile_each,
    context_reader,
)
from syncline.domain.mapping.engine.evaluation import Evaluation, Scope
from syncline.domain.mapping.engine.field_column import FieldColumn, column_function
from syncline.domain.mapping.engine.fields import ABSENT, Field
from syncline.domain.mapping.engine.shape import (
    Array,
    Each,
    Leaf,
    Node,
    Object,
    fields_of,
    width_of,
)
from syncline.domain.mapping.paths import is_simple
from syncline.domain.mapping.values.converters import sorted_keys
from syncline.domain.record import Value


class _Place(msgspec.Struct, frozen=True):
    """A place of the output.

    Attributes:
        is_certain: no row of its column is ABSENT.
        is_written: in every row a field (not only a fixed value) writes it or a place inside it.
    """

    column: Column
    is_certain: bool
    is_written: bool


class Output:
    """The compiled shape of an output; `optional` are the top keys that it may lack."""

    def __init__(self, shape: Object) -> None:
        compiler = _Compiler(frozenset(), at_root=True)
        places = {key: compiler.place(shape.places[key]) for key in sorted(shape.places)}
        self._columns = [(key, place.column) for key, place in places.items()]
        self.optional = [key for key, place in places.items() if not place.is_certain]

    def columns(self, evaluation: Evaluation) -> dict[str, list[Value]]:
        """Return columns by key, keys sorted at every level; ABSENT where an output has no key."""
        scope = Scope(evaluation, range(len(evaluation.batch)))
        return {key: column(scope) for key, column in self._columns}


class _Compiler:
    """Compiles the places of one depth: of the whole output, or of an array's element.

    Args:
        optional: contexts that may be missing in a row.
        at_root: whether this is the whole output, where context 0 is the record.
    """

    def __init__(self, optional: frozenset[int], *, at_root: bool) -> None:
        self._optional = optional
        self._at_root = at_root

    def place(self, node: Node) -> _Place:
        """Compile a place of the output."""
        if isinstance(node, Object):
            return self._object(node)
        if isinstance(node, Array):
            return self._array(node)
        if isinstance(node, Each):
            return self._each(node)
        if node.field is None:
            fixed = sorted_keys(node.value)
            return _Place(lambda scope: [fixed] * len(scope.owners), True, False)
        return self._field(node, node.field)

    def _object(self, node: Object) -> _Place:
        places = {key: self.place(node.places[key]) for key in sorted(node.places)}
        is_certain = any(place.is_certain for place in places.values())

        def column(scope: Scope) -> list[Value]:
            made: list[Value] = [{} for _ in scope.owners]
            for key, place in places.items():  # column by column: faster than row by row
                pairs = zip(made, place.column(scope), strict=True)
                if place.is_certain:
                    for one, value in pairs:
                        one[key] = value
                else:
                    for one, value in pairs:
                        if value is not ABSENT:
                            one[key] = value
            return made if is_certain else [one or ABSENT for one in made]

        return _joined(column, list(places.values()))

    def _array(self, node: Array) -> _Place:
        """Put elements at their indexes. In place of an ABSENT one stands null, or the next one."""
        made = {index: self.place(place) for index, place in sorted(node.places.items())}
        length, field = max(made) + 1, next(fields_of(node), None)

        def column(scope: Scope) -> list[Value]:
            if scope.unaffordable([length] * len(scope.owners), field):
                return [ABSENT] * len(scope.owners)
            nothing = [ABSENT] * len(scope.owners)
            by_index = [
                made[index].column(scope) if index in made else nothing for index in range(length)
            ]
            return [_laid(row, node.closed) or ABSENT for row in zip(*by_index, strict=True)]

        return _joined(column, list(made.values()))

    def _each(self, node: Each) -> _Place:
        element = _Compiler(node.optional, at_root=False).place(node.element)
        make = compile_each(
            node,
            element.column,
            width=width_of(node.element),
            at_root=self._at_root,
            is_written=element.is_written,
        )
        return _Place(_noting(make), False, False)

    def _field(self, leaf: Leaf, field: Field) -> _Place:
        read, apply = self._reader(leaf), column_function(field)
        is_optional = leaf.context in self._optional
        if is_optional or field.when is not None:
            context = leaf.context if is_optional else None
            return _Place(_noting(_switched(field, read, apply, context)), False, False)
        if apply is None:
            return _Place(read, True, True)
        if field.omit_null:
            return _Place(_noting(lambda scope: apply(read(scope), scope)), False, False)
        return _Place(lambda scope: apply(read(scope), scope), True, True)

    def _reader(self, leaf: Leaf) -> Column:
        key = leaf.source[0].key if is_simple(leaf.source) else None
        if not self._at_root or key is None:
            return context_reader(leaf.context, leaf.source, at_root=self._at_root)

        def read(scope: Scope) -> list[Value]:
            batch = scope.evaluation.batch
            return batch.values.get(key) or batch.column(key)

        return read


def _switched(
    field: Field, read: Column, apply: FieldColumn | None, optional: int | None
) -> Column:
    """Return the column of a field that is only written in some rows.

    Args:
        optional: the number of the context that may be missing in a row, if it is such a one.
    """

    def column(scope: Scope) -> list[Value]:
        values = read(scope)
        absent = () if optional is None else absent_rows(scope, optional)
        rows = [row for row in range(len(values)) if row not in absent]
        if field.when is not None:
            is_on = scope.evaluation.is_on(field, [scope.owners[row] for row in rows])
            rows = [row for row, on in zip(rows, is_on, strict=True) if on]
        if len(rows) == len(values):
            return apply(values, scope) if apply else values
        given = [values[row] for row in rows]
        made: list[Value] = [ABSENT] * len(values)
        for row, value in zip(
            rows, apply(given, scope.part(rows)) if apply else given, strict=True
        ):
            made[row] = value
        return made

    return column


def _joined(column: Column, places: list[_Place]) -> _Place:
    """Return the place of an object or array of these places: it is there if one of them is."""
    return _Place(
        column,
        any(place.is_certain for place in places),
        any(place.is_written for place in places),
    )


def _noting(column: Column) -> Column:
    """Return the column function that also hands its column to `scope.written`, if that is kept.

    Elements of arrays need it: one in which no field wrote anything is left out.
    """

    def noted(scope: Scope) -> list[Value]:
        made = column(scope)
        if scope.written is not None:
            scope.written.append(made)
        return made

    return noted


def _laid(row: tuple[Value, ...], closed: frozenset[int]) -> list[Value]:
    made: list[Value] = []
    gap = 0
    for index, value in enumerate(row):
        if value is not ABSENT:
            made += [None] * gap
            made.append(value)
            gap = 0
        elif index not in closed:
            gap += 1
    return made
