"""What the fields of every document have in common: how a text, a switch or a part is read."""

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
"""Of each dataclass that describes a part of a document: camelCase, and nothing unknown."""


def drop_nulls(value: object) -> object:
    """Return an object without the fields that are null."""
    return {n: v for n, v in value.items() if v is not None} if isinstance(value, dict) else value


Part = Annotated[T, BeforeValidator(drop_nulls)]
"""A part of a document; a null in it says no more than a field that is left out."""
Text = Annotated[str, Field(min_length=1)]
OptionalText = Annotated[str | None, BeforeValidator(lambda text: None if text == "" else text)]
EntityType = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1)]
Switch = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Settings = Annotated[JsonObject, Field(json_schema_extra={"default": {}})]
"""What a connector or a transformer reads itself."""


def checked_by(problems: Callable[[T], Iterable[Problem]]) -> AfterValidator:
    """Return the validator of a part whose mistakes a function names, by paths that begin at `$`.

    It is asked where every field of the part is right by itself.
    """

    def check(part: T) -> T:
        found = list(problems(part))
        if found:
            raise PartError(found)
        return part

    return AfterValidator(check)


def plain(part: DataclassInstance) -> JsonObject:
    """Return a part as a document has it; decimals stay what they are."""
    return {document_name(f.name): plain_value(getattr(part, f.name)) for f in fields(part)}


def plain_value(value: object) -> Value:
    return msgspec.to_builtins(value, builtin_types=(Decimal,))


def values_of(part: DataclassInstance, kind: type[DataclassInstance]) -> JsonObject:
    """Return those fields of a part that another, of which it has all, has too."""
    return {field.name: getattr(part, field.name) for field in fields(kind)}
