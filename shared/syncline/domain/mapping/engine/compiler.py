"""Compiles a mapping version into two functions of a batch, one for each part of the mapping.

Each field becomes a function of a column. A value that breaks a field fails its own record alone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from syncline.domain.columns import Columns
from syncline.domain.errors import Failure
from syncline.domain.mapping.canonical.schema import canonical_schema
from syncline.domain.mapping.document import (
    FieldType,
    Mapping,
    Normalization,
    TransformationField,
)
from syncline.domain.mapping.engine.conditions import Test, answers, compile_condition
from syncline.domain.mapping.engine.evaluation import Check, Evaluation, failure_of
from syncline.domain.mapping.engine.fields import ABSENT, Field, compile_field, has_absent
from syncline.domain.mapping.engine.growth import Growth, repeats
from syncline.domain.mapping.engine.output_columns import Output
from syncline.domain.mapping.engine.schema_check import SchemaCheck
from syncline.domain.mapping.engine.shape import Shaper, carries
from syncline.domain.mapping.paths import parse_path
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.values.weight import weight_of
from syncline.domain.record import Record, Value


class MappedBatch(msgspec.Struct):
    """The result of mapping a batch. A record's place is its index in that batch.

    Attributes:
        outputs: the mapped records, in the batch's order. Its lists are shared with the batch and
            among keys, so nobody may change one.
        places: the place of each output's record.
        failures: place -> why the record failed.
        excluded: places of records that the mapping leaves out.
    """

    outputs: Columns
    places: Sequence[int]
    failures: dict[int, Failure] = {}
    excluded: list[int] = []


class Mapper:
    """One part of a mapping: its normalization or its transformation.

    Args:
        repeats: records may come out far larger than they came in, though no value grows.
        close: whether array indexes that nothing writes are left out instead of holding null (the
            transformation's `omitNull`).
        schema: checks what comes out against a canonical schema.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        static: Sequence[tuple[str, Value]] = (),
        exclude: Test | None = None,
        *,
        repeats: bool = False,
        close: bool = False,
        schema: SchemaCheck | None = None,
    ) -> None:
        fixed = [(parse_path(target), value) for target, value in static]
        shape = Shaper(close=close).shape(fields, fixed)
        self._output = Output(shape)
        self._repeats = repeats or carries(shape)
        self._exclude = exclude
        self._schema = schema

    def map(self, batch: Columns, check: Check | None = None) -> MappedBatch:
        """Map a batch; one record that fails does not affect the others."""
        places: Sequence[int] = range(len(batch))
        failures: dict[int, Failure] = {}
        excluded: list[int] = []
        if self._exclude is not None:
            holds, errors = answers(self._exclude, batch)
            failures = {place: failure_of("", error) for place, error in errors.items()}
            if True in holds:
                excluded = [place for place, is_out in enumerate(holds) if is_out]
                places = [place for place, is_out in enumerate(holds) if not is_out]
                batch = batch.part(places)
        evaluation = Evaluation(batch, check)
        columns = self._columns(evaluation)
        for row, broken in evaluation.failures.items():
            failures[places[row]] = broken[min(broken)]
        if failures:
            rows = [row for row, place in enumerate(places) if place not in failures]
            columns = {key: [column[r] for r in rows] for key, column in columns.items()}
            places = [places[row] for row in rows]
        outputs = _laid_out(len(places), columns, self._output.optional)
        return MappedBatch(outputs, places, dict(sorted(failures.items())), excluded)

    def broken(self, record: Record) -> list[tuple[int, Failure]]:
        """Return why each field failed that a record breaks, with the field's place in the part."""
        evaluation = Evaluation(Columns.of([record]))
        self._columns(evaluation)
        return sorted(evaluation.failures.get(0, {}).items())

    def _columns(self, evaluation: Evaluation) -> dict[str, list[Value]]:
        columns = self._output.columns(evaluation)
        if self._repeats:
            _weigh(columns, evaluation)
        if self._schema is not None:
            self._schema.check(columns, evaluation)
        return columns


def _weigh(columns: dict[str, list[Value]], evaluation: Evaluation) -> None:
    """Fail the records that are too much for one batch as it will be written out."""
    growth = Growth()
    for row in range(len(evaluation.batch)):
        weights = {key: weight_of(column[row]) for key, column in columns.items()}
        try:
            growth.add(sum(weights.values()))
        except ValueRefusedError as error:
            largest = max(weights, key=weights.__getitem__)
            failure = failure_of(largest, error)
            evaluation.failures.setdefault(row, {}).setdefault(sys.maxsize, failure)


def _laid_out(size: int, columns: dict[str, list[Value]], optional: Sequence[str]) -> Columns:
    """Return the outputs; a key that some of them lack goes into `rest` of those that have it."""
    sparse = [key for key in optional if has_absent(columns[key])]
    if not sparse:
        return Columns(size, columns)
    rows = zip(*[columns.pop(key) for key in sparse], strict=True)
    rest = [{k: v for k, v in zip(sparse, row, strict=True) if v is not ABSENT} for row in rows]
    return Columns(size, columns, rest if any(rest) else [])


class CompiledMapping:
    """A mapping version ready for batches."""

    def __init__(self, mapping: Mapping) -> None:
        normalization, transformation = mapping.normalization, mapping.transformation
        properties = [compile_field(n, f) for n, f in enumerate(normalization.fields)]
        self._normalizer = Mapper(
            properties,
            repeats=repeats(normalization.fields),
            schema=_schema_check(normalization, properties),
        )
        self._transformer = Mapper(
            [
                compile_field(
                    n, f, may_nest=_may_nest(mapping, f), omit_null=transformation.omit_null
                )
                for n, f in enumerate(transformation.fields)
            ],
            [(fixed.target, fixed.value) for fixed in transformation.static],
            compile_condition(transformation.exclude) if transformation.exclude else None,
            repeats=repeats(
                transformation.fields, [fixed.value for fixed in transformation.static]
            ),
            close=transformation.omit_null,
        )

    def normalize(self, batch: Columns, check: Check | None = None) -> MappedBatch:
        """Map raw records to canonical ones."""
        return self._normalizer.map(batch, check)

    def transform(self, batch: Columns, check: Check | None = None) -> MappedBatch:
        """Map canonical records to target payloads, keys sorted at every level.

        At the top level `values` and `rest` are each sorted, not the two together.
        """
        return self._transformer.map(batch, check)

    def broken_normalization(self, record: Record) -> list[tuple[int, Failure]]:
        """Return the failure and place of every normalization field that a raw record breaks."""
        return self._normalizer.broken(record)

    def broken_transformation(self, record: Record) -> list[tuple[int, Failure]]:
        """Return the same for the transformation's fields and a canonical record."""
        return self._transformer.broken(record)


def _schema_check(normalization: Normalization, fields: Sequence[Field]) -> SchemaCheck | None:
    if normalization.schema is None:
        return None
    return SchemaCheck(canonical_schema(normalization.schema), normalization, fields)


_SCALARS = frozenset(FieldType) - {FieldType.OBJECT, FieldType.ARRAY}


def _may_nest(mapping: Mapping, field: TransformationField) -> bool:
    """Return whether the field's value may be an object or array, whose keys need sorting."""
    scalars = {f.target for f in mapping.normalization.fields if f.type in _SCALARS}
    return field.source not in scalars


def compile_mapping(mapping: Mapping) -> CompiledMapping:
    """Compile a checked mapping."""
    return CompiledMapping(mapping)
