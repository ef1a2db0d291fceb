"""Values that a person wrote into a mapping: whether each can travel to a target at all."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from syncline.domain.errors import Problem
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.values.converters import clean_text
from syncline.domain.mapping.values.numbers import to_decimal

MAX_DEPTH = 100


def unusable(value: object, path: str = "$", depth: int = 0) -> Iterator[Problem]:
    """Name the values that JSON, a database or a target cannot hold, by JSON path."""
    if depth > MAX_DEPTH:
        yield Problem(path, f"is nested deeper than {MAX_DEPTH} levels")
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _scalar(key, path)
            yield from unusable(inner, f"{path}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from unusable(inner, f"{path}[{number}]", depth + 1)
    else:
        yield from _scalar(value, path)


def _scalar(value: object, path: str) -> Iterator[Problem]:
    try:
        if isinstance(value, str):
            clean_text(value)
        elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            to_decimal(value)
    except ValueRefusedError as error:
        yield Problem(path, str(error))
