"""What the fields of all documents share: how a text, a switch or a part is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, Strict, StringConstraints

from syncline.domain.errors import Problem
from syncline.domain.record import JsonObject, Value
from syncline.domain.validation_errors import PartError, document_name

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
CONFIG = ConfigDict(extra="forbid", alias_generator=document_name, use_attribute_docstrings=True)
"""Settings of each dataclass that describes a part of a document: camelCase, no unknown fields."""


def drop_nulls(value: object) -> object:
    """Return an object without the fields that are null."""
    return {n: v for n, v in value.items() if v is not None} if isinstance(value, dict) else value


Part = Annotated[T, BeforeValidator(drop_nulls)]
"""A part of a document; a null in it means the same as a missing field."""
Text = Annotated[str, Field(min_length=1)]
OptionalText = Annotated[str | None, BeforeValidator(lambda text: None if text == "" else text)]
EntityType = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1)]
Switch = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Settings = Annotated[JsonObject, Field(json_schema_extra={"default": {}})]
"""An object that a connector or a transformer checks itself."""


def checked_by(problems: Callable[[T], Iterable[Problem]]) -> AfterValidator:
    """Return a validator of a part from a function that names mistakes, with paths from `$`.

    It is called only when every field of the part is valid by itself.
    """

    def check(part: T) -> T:
        found = list(problems(part))
        if found:
            raise PartError(found)
        return part

    return AfterValidator(check)


def plain(part: DataclassInstance) -> JsonObject:
    """Return a part as it is in a document; decimals stay decimals."""
    return {document_name(f.name): plain_value(getattr(part, f.name)) for f in fields(part)}


def plain_value(value: object) -> Value:
    return msgspec.to_builtins(value, builtin_types=(Decimal,))


def values_of(part: DataclassInstance, kind: type[DataclassInstance]) -> JsonObject:
    """Return the fields of a part that another class has, too; the part must have all of them."""
    return {field.name: getattr(part, field.name) for field in fields(kind)}
