"""One field, compiled: read, default, required check, transformers, type, in that order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from syncline.domain.mapping.document import FieldType, NormalizationField, TransformationField
from syncline.domain.mapping.paths import Segment, parse_path
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.transformers.registry import TAKES_NULL, registry
from syncline.domain.mapping.transformers.transformer import Transformer
from syncline.domain.mapping.values.converters import (
    checked,
    to_array,
    to_bool,
    to_object,
    to_string,
)
from syncline.domain.mapping.values.dates import compile_reader, to_date, to_datetime
from syncline.domain.mapping.values.numbers import to_decimal, to_int
from syncline.domain.record import Record, Value
from tests.support.row_mapping.conditions import Test, compile_condition


class RequiredFieldError(ValueError):
    """A required field is null or empty."""

    def __init__(self) -> None:
        super().__init__("is required and empty")


class FieldTransformer(msgspec.Struct, frozen=True):
    """A transformer made for a field; `takes_null` ones are asked about null too."""

    transform: Transformer
    takes_null: bool


class Field(msgspec.Struct, frozen=True):
    """A compiled field.

    Attributes:
        name: its source path, for messages.
        convert: the canonical type's converter, None in a transformation.
        when: tells from the root record whether the field is there at all.
        may_nest: whether its value may be an object or array taken whole from the source.
        omit_null: null is left out.
        fills: something is made of null, or said of it: a default, or that it is required.
    """

    name: str
    source: tuple[Segment, ...]
    target: tuple[Segment, ...]
    default: Any = None
    required: bool = False
    transformers: tuple[FieldTransformer, ...] = ()
    convert: Callable[[Any], Any] | None = None
    when: Test | None = None
    may_nest: bool = True
    omit_null: bool = False
    fills: bool = False

    def apply(self, value: Value, root: Record) -> Value:
        """Bring one value through the field: the slow way, which names the field at fault."""
        is_empty = value is None or value == ""
        if is_empty and self.default is not None:
            value, is_empty = self.default, False
        if is_empty and self.required:
            raise RequiredFieldError
        for made in self.transformers:
            if value is not None or made.takes_null:
                value = made.transform(value, root)
        if value is None or self.convert is None:
            return value
        return None if value == "" and self.convert is not to_string else self.convert(value)


def compile_field(
    field: NormalizationField | TransformationField,
    *,
    may_nest: bool = True,
    omit_null: bool = False,
) -> Field:
    """Compile a (checked) field.

    Args:
        may_nest: its value may be an object or array.
        omit_null: what holds where the field does not say it.
    """
    when, convert = None, None
    if isinstance(field, TransformationField):
        when = None if field.when is None else compile_condition(field.when)
        omit_null = omit_null if field.omit_null is None else field.omit_null
    else:
        convert = _converter(field.type, field.format)
    return Field(
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


def _made(name: str, options: Mapping[str, Any]) -> FieldTransformer:
    lower = name.lower()
    _, factory, known = registry()[lower]
    made = factory(options)
    return FieldTransformer(made if known is not None else _held(name, made), lower in TAKES_NULL)


def _held(name: str, made: Transformer) -> Transformer:
    """Hold a plug-in to values that can travel: its batch could not be sent with any other."""

    def transform(value: Value, root: Record) -> Value:
        given = made(value, root)
        try:
            return checked(given)
        except ValueRefusedError:
            kind = type(given).__name__
            words = f"cannot be used: `{name}` returned what JSON cannot hold ({kind})"
            raise ValueRefusedError(words) from None

    return transform


_CONVERTERS: dict[FieldType, Callable[[Any], Any]] = {
    FieldType.STRING: to_string,
    FieldType.INT: to_int,
    FieldType.DECIMAL: to_decimal,
    FieldType.BOOL: to_bool,
    FieldType.DATE: to_date,
    FieldType.DATETIME: to_datetime,
    FieldType.OBJECT: to_object,
    FieldType.ARRAY: to_array,
}


def _converter(type_: FieldType, form: str | None) -> Callable[[Any], Any]:
    """Return what makes a value one of a type; `form`: in which the source writes dates."""
    if form is None:
        return _CONVERTERS[type_]
    read = compile_reader(form)
    if type_ is FieldType.DATE:
        return lambda value: read(value).date().isoformat()
    return lambda value: read(value).isoformat()
