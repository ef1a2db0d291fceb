"""The transformers of spec section 6 and the registry that plug-ins add to.

A transformer is made once per mapping field from its options and is pure. null in gives null out
(the compiler sees to it), except for those in TAKES_NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from functools import cache
from hashlib import new as new_hash
from importlib.metadata import entry_points
from typing import Any, TypeAlias

import re2

from syncline.domain.mapping import numbers, values
from syncline.domain.mapping.dates import compile_format, parse_time
from syncline.domain.mapping.options import (
    OptionError,
    Options,
    field_reader,
    field_readers,
    integer,
    words,
    zone,
)
from syncline.domain.mapping.refusal import ValueRefusedError, shown
from syncline.domain.mapping.values import plain_text

GROUP = "syncline.transformers"
Transformer: TypeAlias = Callable[[Any, dict[str, Any]], Any]
"""Takes the value and the whole record."""
Factory: TypeAlias = Callable[[Options], Transformer]


class _OfValue:
    """A transformer that needs the value alone; the compiler calls its function directly."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def __call__(self, value: Any, _record: dict[str, Any]) -> Any:  # noqa: ANN401
        return self.function(value)


def value_only(transformer: Transformer) -> Callable[[Any], Any] | None:
    """Return the function of a transformer that does not look at the record, else None."""
    return transformer.function if isinstance(transformer, _OfValue) else None


def _pure(function: Callable[[Any], Any]) -> Factory:
    made = _OfValue(function)
    return lambda _options: made


def _text(function: Callable[[str], Any]) -> Factory:
    return _pure(lambda value: function(value if type(value) is str else plain_text(value)))


def sap_yes_no(value: Any) -> bool:  # noqa: ANN401
    word = value.strip().upper() if isinstance(value, str) else value
    if word == "Y":
        return True
    if word == "N":
        return False
    raise ValueRefusedError(f"must be Y or N, not {shown(value)}")


def bool_to_status(options: Options) -> Transformer:
    labels = {True: options.get("trueValue"), False: options.get("falseValue")}
    for name, label in (("trueValue", labels[True]), ("falseValue", labels[False])):
        if label is None:
            raise OptionError(name, "is required: the label for that value")
    return _OfValue(lambda value: labels[values.to_bool(value)])


def format_decimal(options: Options) -> Transformer:
    decimals = integer(options, "decimals", 2, 0, 10)
    return _OfValue(lambda value: f"{numbers.rounded(value, decimals):f}")


def round_number(options: Options) -> Transformer:
    decimals = integer(options, "decimals", 0, 0, 10)
    return _OfValue(lambda value: numbers.rounded(value, decimals))


def date_format(options: Options) -> Transformer:
    try:
        write = compile_format(words(options, "format", "yyyy-MM-dd"))
    except ValueError as error:
        raise OptionError("format", str(error)) from None
    own = zone(options)

    def transform(value: Any, _record: dict[str, Any]) -> str:  # noqa: ANN401
        moment = parse_time(value)
        if own is not None:
            moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(own)
        return write(moment)

    return transform


def date_time(options: Options) -> Transformer:
    """Join a date with the time of day of another column (SAP keeps them apart: 930, 93015)."""
    read = field_reader(options, "timeField")
    seconds = options.get("seconds", False)

    def transform(value: Any, record: dict[str, Any]) -> str:  # noqa: ANN401
        clock = read(record)
        digits = f"{numbers.to_int(clock or 0):0{6 if seconds else 4}d}"
        try:
            moment = time(int(digits[:-4] if seconds else digits[:-2]),
                          int(digits[-4:-2] if seconds else digits[-2:]),
                          int(digits[-2:]) if seconds else 0)  # fmt: skip
        except ValueError:
            raise ValueRefusedError(f"{shown(clock)} is no time of day") from None
        return datetime.combine(parse_time(value).date(), moment).isoformat()

    return transform


def lookup(options: Options) -> Transformer:
    table = options.get("map")
    if not isinstance(table, Mapping):
        raise OptionError("map", "is required: an object of key and value")
    keyed = {plain_text(key): value for key, value in table.items()}
    has_default, default = "default" in options, options.get("default")

    def transform(value: Any, _record: dict[str, Any]) -> Any:  # noqa: ANN401
        key = plain_text(value)
        if key in keyed:
            return keyed[key]
        if has_default:
            return default
        raise ValueRefusedError(f"{shown(value)} is not in the lookup map")

    return transform


def to_bool_loosely(value: Any) -> bool:  # noqa: ANN401
    return value not in (None, "", 0)


def replace(options: Options) -> Transformer:
    search, by = words(options, "search"), words(options, "replace", "")
    if not search:
        raise OptionError("search", "must not be empty")
    return _OfValue(lambda value: plain_text(value).replace(search, by))


def split(options: Options) -> Transformer:
    separator = words(options, "separator", ",")
    if not separator:
        raise OptionError("separator", "must not be empty")
    return _OfValue(lambda value: [part.strip() for part in plain_text(value).split(separator)])


def join(options: Options) -> Transformer:
    separator = words(options, "separator", ",")

    def transform(value: Any, _record: dict[str, Any]) -> str:  # noqa: ANN401
        parts = values.to_array(value)
        return separator.join(plain_text(part) for part in parts if part is not None)

    return transform


def concat(options: Options) -> Transformer:
    readers, separator = field_readers(options), words(options, "separator", "")

    def transform(value: Any, record: dict[str, Any]) -> str:  # noqa: ANN401
        parts = [value, *(read(record) for read in readers)]
        return separator.join(plain_text(part) for part in parts if part is not None)

    return transform


def coalesce(options: Options) -> Transformer:
    readers = field_readers(options)

    def transform(value: Any, record: dict[str, Any]) -> Any:  # noqa: ANN401
        if value not in (None, ""):
            return value
        found = (read(record) for read in readers)
        return next((other for other in found if other not in (None, "")), None)

    return transform


def digest(options: Options) -> Transformer:
    algorithm = options.get("algorithm", "sha256")
    if algorithm not in ("sha256", "sha1", "md5"):
        raise OptionError("algorithm", "must be sha256, sha1 or md5")
    return lambda value, _record: new_hash(
        algorithm, plain_text(value).encode(), usedforsecurity=False
    ).hexdigest()


def substring(options: Options) -> Transformer:
    start = integer(options, "start", 0, 0, 10**6)
    length = integer(options, "length", 10**6, 0, 10**6)
    return _OfValue(lambda value: plain_text(value)[start : start + length])


def regex_extract(options: Options) -> Transformer:
    try:
        pattern = re2.compile(words(options, "pattern"))
    except re2.error as error:
        raise OptionError("pattern", f"is no regular expression: {error}") from None
    group = integer(options, "group", 1 if pattern.groups else 0, 0, pattern.groups)
    has_default, default = "default" in options, options.get("default")

    def transform(value: Any, _record: dict[str, Any]) -> Any:  # noqa: ANN401
        found = pattern.search(plain_text(value))
        if found:
            return found.group(group)
        if has_default:
            return default
        raise ValueRefusedError(f"{shown(value)} does not match the pattern")

    return transform


BUILT_IN: dict[str, tuple[Factory, frozenset[str]]] = {
    "sapYesNo": (_pure(sap_yes_no), frozenset()),
    "boolToStatus": (bool_to_status, frozenset({"trueValue", "falseValue"})),
    "formatDecimal": (format_decimal, frozenset({"decimals"})),
    "dateFormat": (date_format, frozenset({"format", "timezone"})),
    "dateTime": (date_time, frozenset({"timeField", "seconds"})),
    "lookup": (lookup, frozenset({"map", "default"})),
    "toString": (_pure(values.to_string), frozenset()),
    "toInt": (_pure(numbers.truncated), frozenset()),
    "toDecimal": (_pure(numbers.to_decimal), frozenset()),
    "toBool": (_pure(to_bool_loosely), frozenset()),
    "trim": (_text(str.strip), frozenset()),
    "upper": (_text(str.upper), frozenset()),
    "lower": (_text(str.lower), frozenset()),
    "replace": (replace, frozenset({"search", "replace"})),
    "split": (split, frozenset({"separator"})),
    "join": (join, frozenset({"separator"})),
    "concat": (concat, frozenset({"fields", "separator"})),
    "coalesce": (coalesce, frozenset({"fields"})),
    "round": (round_number, frozenset({"decimals"})),
    "hash": (digest, frozenset({"algorithm"})),
    "substring": (substring, frozenset({"start", "length"})),
    "regexExtract": (regex_extract, frozenset({"pattern", "group", "default"})),
}
TAKES_NULL = frozenset({"tobool", "coalesce"})


@cache
def registry() -> dict[str, tuple[str, Factory, frozenset[str] | None]]:
    """Return all transformers by lower-case name: proper name, factory, known options.

    Plug-ins come from the entry point group `syncline.transformers`; their options are their own
    affair (None). A plug-in cannot replace a built-in one.
    """
    found: dict[str, tuple[str, Factory, frozenset[str] | None]] = {
        point.name.lower(): (point.name, point.load(), None) for point in entry_points(group=GROUP)
    }
    built_in = {name.lower(): (name, *made) for name, made in BUILT_IN.items()}
    return found | built_in
