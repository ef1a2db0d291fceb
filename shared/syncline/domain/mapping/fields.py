"""One field as a function: read, default, required check, transformers, type, in that order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from syncline.domain.mapping.conditions import Test, compile_condition
from syncline.domain.mapping.document import NormalizationField, TransformationField
from syncline.domain.mapping.paths import Segment, is_simple, parse_path, reader
from syncline.domain.mapping.transformers import TAKES_NULL, Transformer, registry
from syncline.domain.mapping.values import CONVERTERS

Step: TypeAlias = Callable[[Any, dict[str, Any]], Any]
"""Takes a value and the root record."""


class RequiredFieldError(ValueError):
    """A required field is null or empty."""


class Field(msgspec.Struct, frozen=True):
    """A compiled field.

    Attributes:
        name: its source path, for messages.
        step: what becomes of a value that was read; None passes it on as it is.
        when: tells from the root record whether the field is there at all.
    """

    name: str
    source: tuple[Segment, ...]
    target: tuple[Segment, ...]
    step: Step | None
    when: Test | None = None

    @property
    def key(self) -> str | None:
        """The plain source key, None for a path."""
        return self.source[0].key if is_simple(self.source) else None

    def value(self, record: Any, root: dict[str, Any]) -> Any:  # noqa: ANN401
        """Read and step; the slow way that names the field at fault."""
        found = reader(self.source)(record)
        return found if self.step is None else self.step(found, root)


def compile_field(field: NormalizationField | TransformationField) -> Field:
    """Compile a (checked) field."""
    when = None
    if isinstance(field, TransformationField) and field.when is not None:
        when = compile_condition(field.when)
    return Field(
        field.source, parse_path(field.source), parse_path(field.target), _step(field), when
    )


def _step(field: NormalizationField | TransformationField) -> Step | None:
    convert = None
    if isinstance(field, NormalizationField):
        convert = CONVERTERS[field.type]
    transformers = [_made(name, field.options, field.transform) for name in field.transform]
    if convert is None and not transformers and not field.required and field.default is None:
        return None
    if not transformers and not field.required and field.default is None and convert is not None:
        return _only_convert(convert)
    return _full(field.default, transformers, convert, required=field.required)


def _only_convert(convert: Callable[[Any], Any]) -> Step:
    def step(value: Any, _root: dict[str, Any]) -> Any:  # noqa: ANN401
        return None if value is None else convert(value)

    return step


def _full(
    default: Any,  # noqa: ANN401
    transformers: Sequence[tuple[Transformer, bool]],
    convert: Callable[[Any], Any] | None,
    *,
    required: bool,
) -> Step:
    def step(value: Any, root: dict[str, Any]) -> Any:  # noqa: ANN401
        if (value is None or value == "") and default is not None:
            value = default
        if required and (value is None or value == ""):
            raise RequiredFieldError("is required and empty")
        for transform, takes_null in transformers:
            if value is not None or takes_null:
                value = transform(value, root)
        return value if convert is None or value is None else convert(value)

    return step


def _made(name: str, options: Mapping[str, Any], chain: Sequence[str]) -> tuple[Transformer, bool]:
    lower = name.lower()
    return registry()[lower][1](options_for(name, options, chain)), lower in TAKES_NULL


def options_for(name: str, options: Mapping[str, Any], chain: Sequence[str]) -> Mapping[str, Any]:
    """Return one transformer's options: all of them, or those under its name in a chain."""
    if len(chain) == 1:
        return options
    by_name = {key.lower(): value for key, value in options.items()}
    found = by_name.get(name.lower(), {})
    return found if isinstance(found, Mapping) else {}
