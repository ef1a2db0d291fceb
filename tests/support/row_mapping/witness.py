"""Naming the fields that a record breaks: the mapping once more, with a witness at each field.

It is the same shape and so visits exactly the values that the mapping visits; what a field raises
is noted, and the record goes on to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TypeAlias

import msgspec

from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.refusal import ValueRefusedError, printable
from syncline.domain.record import Record, Value
from tests.support.row_mapping.codegen import compile_output
from tests.support.row_mapping.fields import Field, FieldTransformer, RequiredFieldError
from tests.support.row_mapping.shape import Object

RAISED = (Exception, SystemExit)
"""What a pure function may raise: a plug-in that ends the program ends its record only."""
_Shaped: TypeAlias = Callable[[Sequence[Field]], Object]


class Witness:
    """Walks records that a mapping could not make anything of.

    Args:
        shaped: lays out such fields as the mapping does.
    """

    def __init__(self, fields: Sequence[Field], shaped: _Shaped) -> None:
        self._fields = fields
        self._shaped = shaped
        self._found: dict[int, Failure] = {}

    def broken(self, record: Record) -> list[tuple[int, Failure]]:
        """Return the places of all fields that the record breaks, each with its first failure."""
        self._found.clear()
        with suppress(*RAISED):  # of no field: what the fields raised is named all the same
            self._function(record)
        return sorted(self._found.items())

    @cached_property
    def _function(self) -> Callable[[Record], Record]:
        seen = [self._witnessed(place, field) for place, field in enumerate(self._fields)]
        return compile_output(self._shaped(seen))

    def _witnessed(self, place: int, field: Field) -> Field:
        def apply(value: Value, root: Record) -> Value:
            try:
                return field.apply(value, root)
            except RAISED as error:
                self._found.setdefault(place, failure_of(field.name, error))
                return None

        def when(root: Record) -> bool:
            try:
                return field.when is None or field.when(root)
            except RAISED as error:
                self._found.setdefault(place, failure_of(field.name, error))
                return False

        return msgspec.structs.replace(
            field,
            default=None,
            required=False,
            transformers=(FieldTransformer(apply, takes_null=True),),
            convert=None,
            when=None if field.when is None else when,
        )


def failure_of(field: str, error: BaseException) -> Failure:
    """Say why a field could not be mapped: for good, whatever it was, as fields are pure."""
    if isinstance(error, RequiredFieldError):
        code, words = "required_field_empty", f"{field} {error}"
    elif isinstance(error, ValueRefusedError):
        code, words = error.code, f"{field} {error}"
    else:
        code, words = "unexpected_error", f"{field}: {type(error).__name__}: {_told(error)}"
    return Failure(Category.PERMANENT, code, printable(words)[:500], field=field or None)


def _told(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a plug-in's own error may not even be told
        return "no words"
