"""Compiling a mapping version: two functions that take a batch and never ask the document again.

Each becomes one Python function built from a closed set of templates; the document's texts are
bound as values and never become source. A record that breaks it is walked again field by field,
to name the field at fault; the others are not touched by that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.conditions import Test, compile_condition
from syncline.domain.mapping.document import FieldType, Mapping, TransformationField
from syncline.domain.mapping.fields import Field, RequiredFieldError, compile_field
from syncline.domain.mapping.paths import EACH, parse_path, reader
from syncline.domain.mapping.refusal import ValueRefusedError, printable
from syncline.domain.mapping.shape import build_function


class Result(msgspec.Struct):
    """What mapping a batch gave.

    Attributes:
        outputs: parallel to the batch; None where a record failed or was excluded.
        failures: index -> why.
        excluded: indexes of records the mapping leaves out.
    """

    outputs: list[dict[str, Any] | None]
    failures: dict[int, Failure] = {}
    excluded: list[int] = []


class Mapper:
    """One half of a mapping: a function of a record, and how to name what breaks it."""

    def __init__(
        self, fields: Sequence[Field], static: Sequence[tuple[str, Any]], exclude: Test | None
    ) -> None:
        self._fields = fields
        fixed = [(parse_path(target), value) for target, value in static]
        self._function: Callable[[dict[str, Any]], dict[str, Any]] = build_function(fields, fixed)
        self._exclude = exclude

    def map(self, records: Sequence[dict[str, Any]]) -> Result:
        """Map a batch; one record that fails does not affect the others."""
        function = self._function
        if self._exclude is None:
            try:
                return Result([function(record) for record in records])
            except Exception:  # noqa: BLE001, S110 - whatever it was, the slow way names it
                pass
        return self._one_by_one(records)

    def _one_by_one(self, records: Sequence[dict[str, Any]]) -> Result:
        result = Result([None] * len(records), {}, [])
        for place, record in enumerate(records):
            try:
                if self._exclude is not None and self._exclude(record):
                    result.excluded.append(place)
                else:
                    result.outputs[place] = self._function(record)
            except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
                result.failures[place] = self._explain(record, error)
        return result

    def _explain(self, record: dict[str, Any], error: Exception) -> Failure:
        return next((failure for _, failure in self.broken(record)), failure_of("", error))

    def broken(self, record: dict[str, Any]) -> Iterator[tuple[int, Failure]]:
        """Name every field that a record breaks, by its place in the mapping."""
        for place, field in enumerate(self._fields):
            try:
                if field.when is None or field.when(record):
                    for value in _values_of(field, record):
                        field.apply(value, record)
            except Exception as found:  # noqa: BLE001
                yield place, failure_of(field.name, found)


def _values_of(field: Field, record: dict[str, Any]) -> list[Any]:
    value = reader(field.source)(record)
    return _flat(value) if EACH in field.source else [value]


def _flat(value: Any) -> list[Any]:  # noqa: ANN401
    if not isinstance(value, list):
        return [value]
    return [leaf for element in value for leaf in _flat(element)]


def failure_of(field: str, error: Exception) -> Failure:
    """Say why a field could not be mapped."""
    if isinstance(error, RequiredFieldError):
        code = "required_field_empty"
    elif isinstance(error, ValueRefusedError):
        code = error.code
    else:
        words = printable(f"{field}: {type(error).__name__}: {error}")
        return Failure(Category.UNKNOWN, "unexpected_error", words[:500], field=field or None)
    return Failure(Category.PERMANENT, code, f"{field} {error}", field=field or None)


class CompiledMapping:
    """A mapping version ready for batches."""

    def __init__(self, mapping: Mapping) -> None:
        transformation = mapping.transformation
        self._normalizer = Mapper(
            [compile_field(field) for field in mapping.normalization.fields], [], None
        )
        self._transformer = Mapper(
            [compile_field(f, may_nest=_may_nest(mapping, f)) for f in transformation.fields],
            [(fixed.target, fixed.value) for fixed in transformation.static],
            compile_condition(transformation.exclude) if transformation.exclude else None,
        )

    def normalize(self, records: Sequence[dict[str, Any]]) -> Result:
        """Map raw records to canonical ones."""
        return self._normalizer.map(records)

    def transform(self, records: Sequence[dict[str, Any]]) -> Result:
        """Map canonical records to target payloads, keys sorted at every level."""
        return self._transformer.map(records)

    def broken_normalization(self, record: dict[str, Any]) -> list[tuple[int, Failure]]:
        """Name every normalization field that a raw record breaks, by its place."""
        return list(self._normalizer.broken(record))

    def broken_transformation(self, record: dict[str, Any]) -> list[tuple[int, Failure]]:
        """Name every transformation field that a canonical record breaks, by its place."""
        return list(self._transformer.broken(record))


_SCALARS = frozenset(FieldType) - {FieldType.OBJECT, FieldType.ARRAY}


def _may_nest(mapping: Mapping, field: TransformationField) -> bool:
    """Tell whether a canonical value may be an object or array, so that its keys need sorting."""
    scalars = {f.target for f in mapping.normalization.fields if f.type in _SCALARS}
    return field.source not in scalars


def compile_mapping(mapping: Mapping) -> CompiledMapping:
    """Compile a checked mapping."""
    return CompiledMapping(mapping)
