"""Compiling a mapping version: two functions that take a batch and never ask the document again.

Each becomes one Python function built from a closed set of templates; the document's texts are
bound as values and never become source. A record that breaks it is walked again field by field,
to name the field at fault; the others are not touched by that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from syncline.domain.columns import Columns
from syncline.domain.errors import Failure
from syncline.domain.mapping.document import FieldType, Mapping, TransformationField
from syncline.domain.mapping.engine.codegen import compile_output
from syncline.domain.mapping.engine.conditions import Test, compile_condition
from syncline.domain.mapping.engine.fields import Field, compile_field
from syncline.domain.mapping.engine.shape import Shaper
from syncline.domain.mapping.engine.witness import RAISED, Witness, failure_of
from syncline.domain.mapping.paths import parse_path
from syncline.domain.record import Record


class MappedBatch(msgspec.Struct):
    """What mapping a batch gave.

    Attributes:
        outputs: of the records that came through, in their order.
        places: where in the batch these records stand, parallel to `outputs`.
        failures: place -> why.
        excluded: places of records that the mapping leaves out.
    """

    outputs: Columns
    places: Sequence[int]
    failures: dict[int, Failure] = {}
    excluded: list[int] = []


class Mapper:
    """One half of a mapping: a function of a record, and how to name what breaks it.

    Args:
        close: whether indexes that nothing writes close up (the transformation's `omitNull`).
    """

    def __init__(
        self,
        fields: Sequence[Field],
        static: Sequence[tuple[str, Any]] = (),
        exclude: Test | None = None,
        *,
        close: bool = False,
    ) -> None:
        fixed = [(parse_path(target), value) for target, value in static]
        self._shaper = Shaper(close=close)
        self._function = compile_output(self._shaper.shape(fields, fixed))
        self._exclude = exclude
        self._witness = Witness(fields, lambda seen: self._shaper.shape(seen, fixed))

    def map(self, batch: Columns) -> MappedBatch:
        """Map a batch; one record that fails does not affect the others."""
        function, records = self._function, batch.records()
        if self._exclude is None:
            try:
                made = [function(record) for record in records]
            except RAISED:  # whatever it was, the slow way names it
                pass
            else:
                return MappedBatch(Columns.of(made), range(len(made)))
        return self._one_by_one(records)

    def _one_by_one(self, records: Sequence[Record]) -> MappedBatch:
        made: dict[int, Record] = {}
        failures: dict[int, Failure] = {}
        excluded = []
        for place, record in enumerate(records):
            try:
                if self._exclude is not None and self._exclude(record):
                    excluded.append(place)
                else:
                    made[place] = self._function(record)
            except RAISED as error:
                found = self.broken(record)
                failures[place] = found[0][1] if found else failure_of("", error)
        return MappedBatch(Columns.of(list(made.values())), list(made), failures, excluded)

    def broken(self, record: Record) -> list[tuple[int, Failure]]:
        """Name every field that a record breaks, by its place in the mapping."""
        return self._witness.broken(record)


class CompiledMapping:
    """A mapping version ready for batches."""

    def __init__(self, mapping: Mapping) -> None:
        transformation = mapping.transformation
        self._normalizer = Mapper([compile_field(f) for f in mapping.normalization.fields])
        self._transformer = Mapper(
            [
                compile_field(f, may_nest=_may_nest(mapping, f), omit_null=transformation.omit_null)
                for f in transformation.fields
            ],
            [(fixed.target, fixed.value) for fixed in transformation.static],
            compile_condition(transformation.exclude) if transformation.exclude else None,
            close=transformation.omit_null,
        )

    def normalize(self, batch: Columns) -> MappedBatch:
        """Map raw records to canonical ones."""
        return self._normalizer.map(batch)

    def transform(self, batch: Columns) -> MappedBatch:
        """Map canonical records to target payloads, keys sorted at every level.

        Of a payload's own keys some may stand in `values` and some in `rest`, each sorted.
        """
        return self._transformer.map(batch)

    def broken_normalization(self, record: Record) -> list[tuple[int, Failure]]:
        """Name every normalization field that a raw record breaks, by its place."""
        return self._normalizer.broken(record)

    def broken_transformation(self, record: Record) -> list[tuple[int, Failure]]:
        """Name every transformation field that a canonical record breaks, by its place."""
        return self._transformer.broken(record)


_SCALARS = frozenset(FieldType) - {FieldType.OBJECT, FieldType.ARRAY}


def _may_nest(mapping: Mapping, field: TransformationField) -> bool:
    """Tell whether a canonical value may be an object or array, so that its keys need sorting."""
    scalars = {f.target for f in mapping.normalization.fields if f.type in _SCALARS}
    return field.source not in scalars


def compile_mapping(mapping: Mapping) -> CompiledMapping:
    """Compile a checked mapping."""
    return CompiledMapping(mapping)
