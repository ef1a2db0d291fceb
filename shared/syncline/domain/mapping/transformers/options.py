"""A transformer's options, read from a mapping: a mistake is named by its option."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias
from zoneinfo import ZoneInfo

from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.record import Value

Options: TypeAlias = Mapping[str, Value]


class OptionError(ValueError):
    """An option is missing or wrong; `option` names it."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


def integer(options: Options, name: str, default: int, low: int, high: int) -> int:
    value = options.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise OptionError(name, f"must be a whole number from {low} to {high}")
    return value


def words(options: Options, name: str, default: str | None = None) -> str:
    value = options.get(name, default)
    if not isinstance(value, str):
        raise OptionError(name, "is required and must be text")
    return value


def zone(options: Options) -> ZoneInfo | None:
    name = options.get("timezone")
    if name is None:
        return None
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        raise OptionError("timezone", f"{name!r} is no IANA time zone") from None


def field_reader(options: Options, name: str) -> Callable[[Value], Value]:
    try:
        return reader(parse_path(words(options, name)))
    except OptionError:
        raise
    except ValueError as error:
        raise OptionError(name, str(error)) from None


def field_readers(options: Options) -> list[Callable[[Value], Value]]:
    fields = options.get("fields")
    if not isinstance(fields, list) or not fields or not all(isinstance(f, str) for f in fields):
        raise OptionError("fields", "is required: a list of other fields")
    try:
        return [reader(parse_path(field)) for field in fields]
    except ValueError as error:
        raise OptionError("fields", str(error)) from None
