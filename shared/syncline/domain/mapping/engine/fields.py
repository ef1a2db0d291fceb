"""One field, compiled: read, default, required check, transformers, type, in that order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from syncline.domain.mapping.document import FieldType, NormalizationField, TransformationField
from syncline.domain.mapping.engine.conditions import Test, compile_condition
from syncline.domain.mapping.paths import Segment, parse_path
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.transformers.registry import MAY_GROW, TAKES_NULL, registry
from syncline.domain.mapping.transformers.transformer import Transformer, within_limit
from syncline.domain.mapping.values.converters import (
    checked,
    sorted_keys,
    to_array,
    to_bool,
    to_object,
    to_string,
    without_nulls,
)
from syncline.domain.mapping.values.dates import compile_reader, to_date, to_datetime
from syncline.domain.mapping.values.numbers import to_decimal, to_int
from syncline.domain.mapping.values.weight import weight_of
from syncline.domain.record import Record, Value


class Absent:
    """The type of ABSENT, which stands where there is no value at all; null is a value."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()


def has_absent(column: list[Value]) -> bool:
    """Return whether ABSENT is in a column. By type: `in` compares each value, which is slow."""
    return Absent in set(map(type, column))


class RequiredFieldError(ValueError):
    """A required field is null or empty."""

    def __init__(self) -> None:
        super().__init__("is required and empty")


class FieldTransformer(msgspec.Struct, frozen=True):
    """A transformer with a field's options.

    Attributes:
        takes_null: null goes through it, too.
        may_grow: it may make more text than it is given.
    """

    transform: Transformer
    takes_null: bool
    may_grow: bool


class Field(msgspec.Struct, frozen=True):
    """A compiled field.

    Attributes:
        place: its index in its part of the mapping.
        name: its source path, for messages.
        convert: makes the value one of the canonical type; None in a transformation.
        when: the condition under which the field is written.
        may_nest: whether its value may be an object or array taken whole from the source.
        omit_null: null is left out.
        fills: null does not stay null: the field has a default, or is required and so refuses it.
    """

    place: int
    name: str
    source: tuple[Segment, ...]
    target: tuple[Segment, ...]
    default: Value = None
    required: bool = False
    transformers: tuple[FieldTransformer, ...] = ()
    convert: Callable[[Value], Value] | None = None
    when: Test | None = None
    may_nest: bool = True
    omit_null: bool = False
    fills: bool = False

    def apply(self, value: Value, root: Record) -> Value:
        """Apply the field to one value. Used for columns in which some value breaks the field."""
        is_empty = value is None or value == ""
        if is_empty and self.default is not None:
            value, is_empty = self.default, False
        if is_empty and self.required:
            raise RequiredFieldError
        for made in self.transformers:
            if value is not None or made.takes_null:
                value = made.transform(value, root)
        if self.convert is not None and value is not None:
            is_unset = value == "" and self.convert is not to_string
            value = None if is_unset else self.convert(value)
        elif self.convert is None and self.may_nest:
            value = sorted_keys(value)
        return without_nulls(value, ABSENT) if self.omit_null else value


def compile_field(
    place: int,
    field: NormalizationField | TransformationField,
    *,
    may_nest: bool = True,
    omit_null: bool = False,
) -> Field:
    """Compile a (checked) field.

    Args:
        may_nest: whether its value may be an object or array.
        omit_null: the default of a transformation field's own `omitNull`.
    """
    when, convert = None, None
    if isinstance(field, TransformationField):
        when = None if field.when is None else compile_condition(field.when)
        omit_null = omit_null if field.omit_null is None else field.omit_null
    else:
        convert = _converter(field.type, field.format)
    return Field(
        place=place,
        name=field.source,
        source=parse_path(field.source),
        target=parse_path(field.target),
        default=field.default,
        required=field.required,
        transformers=tuple(_made(name, options) for name, options in field.chain),
        convert=convert,
        when=when,
        may_nest=may_nest or bool(field.transform),
        omit_null=omit_null,
        fills=field.required or field.default is not None,
    )


def _made(name: str, options: Mapping[str, Value]) -> FieldTransformer:
    lower = name.lower()
    _, factory, known = registry()[lower]
    made = factory(options)
    if known is None:
        return FieldTransformer(_held(name, made), lower in TAKES_NULL, may_grow=True)
    return FieldTransformer(made, lower in TAKES_NULL, lower in MAY_GROW)


def _held(name: str, made: Transformer) -> Transformer:
    """Return a plug-in's transformer that refuses results JSON cannot hold.

    A batch with such a value could not be sent.
    """

    def transform(value: Value, root: Record) -> Value:
        given = made(value, root)
        try:
            checked(given)
        except ValueRefusedError:
            kind = type(given).__name__
            words = f"cannot be used: `{name}` returned what JSON cannot hold ({kind})"
            raise ValueRefusedError(words) from None
        within_limit(weight_of(given), name)
        return given

    return transform


_CONVERTERS: dict[FieldType, Callable[[Value], Value]] = {
    FieldType.STRING: to_string,
    FieldType.INT: to_int,
    FieldType.DECIMAL: to_decimal,
    FieldType.BOOL: to_bool,
    FieldType.DATE: to_date,
    FieldType.DATETIME: to_datetime,
    FieldType.OBJECT: to_object,
    FieldType.ARRAY: to_array,
}


def _converter(type_: FieldType, form: str | None) -> Callable[[Value], Value]:
    """Return the function that converts a value to a type; `form` is the source's date format."""
    if form is None:
        return _CONVERTERS[type_]
    read = compile_reader(form)
    if type_ is FieldType.DATE:
        return lambda value: read(value).date().isoformat()
    return lambda value: read(value).isoformat()
