"""One field, compiled: read, default, required check, transformers, type, in that order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from syncline.domain.mapping.conditions import Test, compile_condition
from syncline.domain.mapping.document import NormalizationField, TransformationField
from syncline.domain.mapping.paths import Segment, is_simple, parse_path
from syncline.domain.mapping.transformers import TAKES_NULL, Transformer, registry
from syncline.domain.mapping.values import CONVERTERS, to_string


class RequiredFieldError(ValueError):
    """A required field is null or empty."""

    def __init__(self) -> None:
        super().__init__("is required and empty")


class Made(msgspec.Struct, frozen=True):
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
    """

    name: str
    source: tuple[Segment, ...]
    target: tuple[Segment, ...]
    default: Any = None
    required: bool = False
    transformers: tuple[Made, ...] = ()
    convert: Callable[[Any], Any] | None = None
    when: Test | None = None
    may_nest: bool = True

    @property
    def key(self) -> str | None:
        """The plain source key, None for a path."""
        return self.source[0].key if is_simple(self.source) else None

    def apply(self, value: Any, root: dict[str, Any]) -> Any:  # noqa: ANN401
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
    field: NormalizationField | TransformationField, *, may_nest: bool = True
) -> Field:
    """Compile a (checked) field."""
    when, convert = None, None
    if isinstance(field, TransformationField):
        when = None if field.when is None else compile_condition(field.when)
    else:
        convert = CONVERTERS[field.type]
    return Field(
        name=field.source,
        source=parse_path(field.source),
        target=parse_path(field.target),
        default=field.default,
        required=field.required,
        transformers=tuple(_made(name, field.options, field.transform) for name in field.transform),
        convert=convert,
        when=when,
        may_nest=may_nest or bool(field.transform),
    )


def _made(name: str, options: Mapping[str, Any], chain: Sequence[str]) -> Made:
    lower = name.lower()
    factory = registry()[lower][1]
    return Made(factory(options_for(name, options, chain)), lower in TAKES_NULL)


def options_for(name: str, options: Mapping[str, Any], chain: Sequence[str]) -> Mapping[str, Any]:
    """Return one transformer's options: all of them, or those under its name in a chain."""
    if len(chain) == 1:
        return options
    by_name = {key.lower(): value for key, value in options.items()}
    found = by_name.get(name.lower(), {})
    return found if isinstance(found, Mapping) else {}
