"""Compiling a mapping version: two functions of a batch that never ask the document again.

A field is a function of a column. What breaks on one record fails that record alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.domain.columns import Columns
from syncline.domain.errors import Failure
from syncline.domain.mapping.document import FieldType, Mapping, TransformationField
from syncline.domain.mapping.engine.conditions import Test, answers, compile_condition
from syncline.domain.mapping.engine.evaluation import Evaluation, failure_of
from syncline.domain.mapping.engine.fields import ABSENT, Field, compile_field, has_absent
from syncline.domain.mapping.engine.output_columns import Output
from syncline.domain.mapping.engine.shape import Shaper
from syncline.domain.mapping.paths import parse_path
from syncline.domain.record import Record, Value


class MappedBatch(msgspec.Struct):
    """What mapping a batch gave.

    Attributes:
        outputs: of the records that came through, in their order. A list of values may be the
            very list of the batch, or stand for two keys: nobody changes it.
        places: where in the batch these records stand, parallel to `outputs`.
        failures: place -> why.
        excluded: places of records that the mapping leaves out.
    """

    outputs: Columns
    places: Sequence[int]
    failures: dict[int, Failure] = {}
    excluded: list[int] = []


class Mapper:
    """One half of a mapping.

    Args:
        close: whether indexes that nothing writes close up (the transformation's `omitNull`).
    """

    def __init__(
        self,
        fields: Sequence[Field],
        static: Sequence[tuple[str, Value]] = (),
        exclude: Test | None = None,
        *,
        close: bool = False,
    ) -> None:
        fixed = [(parse_path(target), value) for target, value in static]
        self._output = Output(Shaper(close=close).shape(fields, fixed))
        self._exclude = exclude

    def map(self, batch: Columns) -> MappedBatch:
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
        evaluation = Evaluation(batch)
        columns = self._output.columns(evaluation)
        for row, broken in evaluation.failures.items():
            failures[places[row]] = broken[min(broken)]
        if failures:
            rows = [row for row, place in enumerate(places) if place not in failures]
            columns = {key: [column[r] for r in rows] for key, column in columns.items()}
            places = [places[row] for row in rows]
        outputs = _laid_out(len(places), columns, self._output.optional)
        return MappedBatch(outputs, places, dict(sorted(failures.items())), excluded)

    def broken(self, record: Record) -> list[tuple[int, Failure]]:
        """Name every field that a record breaks, by its place in the mapping."""
        evaluation = Evaluation(Columns.of([record]))
        self._output.columns(evaluation)
        return sorted(evaluation.failures.get(0, {}).items())


def _laid_out(size: int, columns: dict[str, list[Value]], optional: Sequence[str]) -> Columns:
    """Return outputs; a key that some of them do not have stands with the others' rest."""
    sparse = [key for key in optional if has_absent(columns[key])]
    if not sparse:
        return Columns(size, columns)
    rows = zip(*[columns.pop(key) for key in sparse], strict=True)
    rest = [{k: v for k, v in zip(sparse, row, strict=True) if v is not ABSENT} for row in rows]
    return Columns(size, columns, rest if any(rest) else [])


class CompiledMapping:
    """A mapping version ready for batches."""

    def __init__(self, mapping: Mapping) -> None:
        transformation = mapping.transformation
        self._normalizer = Mapper(
            [compile_field(n, f) for n, f in enumerate(mapping.normalization.fields)]
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
