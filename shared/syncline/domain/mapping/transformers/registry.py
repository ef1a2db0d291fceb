"""The transformers of spec section 6 and the registry that plug-ins add to.

A transformer is made once per mapping field from its options and is pure. null in gives null out
(the compiler sees to it), except for those in TAKES_NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from functools import cache
from importlib.metadata import entry_points

from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.transformers import texts
from syncline.domain.mapping.transformers.options import (
    OptionError,
    Options,
    field_reader,
    integer,
    words,
    zone,
)
from syncline.domain.mapping.transformers.transformer import (
    Factory,
    Transformer,
    ValueTransformer,
    of_text,
    pure,
)
from syncline.domain.mapping.values import converters, numbers
from syncline.domain.mapping.values.column_forms import each_distinct, fixed_form, rounded_form
from syncline.domain.mapping.values.converters import plain_text
from syncline.domain.mapping.values.dates import (
    compile_format,
    compile_parser,
    compile_reader,
    parse_time,
)
from syncline.domain.naming import shown
from syncline.domain.record import Record, Value

GROUP = "syncline.transformers"


def sap_yes_no(value: Value) -> bool:
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
    return _of_distinct(lambda value: labels[converters.to_bool(value)])


def _of_distinct(function: Callable[[Value], Value]) -> Transformer:
    return ValueTransformer(function, each_distinct(function))


def format_decimal(options: Options) -> Transformer:
    decimals = integer(options, "decimals", 2, 0, 10)
    return ValueTransformer(
        lambda value: f"{numbers.rounded(value, decimals):f}", fixed_form(decimals)
    )


def round_number(options: Options) -> Transformer:
    decimals = integer(options, "decimals", 0, 0, 10)
    return ValueTransformer(lambda value: numbers.rounded(value, decimals), rounded_form(decimals))


def parse_number(options: Options) -> Transformer:
    decimal = words(options, "decimal", ".")
    thousands = words(options, "thousands") if options.get("thousands") is not None else None
    try:
        read = numbers.compile_number(decimal, thousands)
    except ValueError as error:
        name = "decimal" if decimal not in (".", ",") else "thousands"
        raise OptionError(name, str(error)) from None

    def transform(value: Value) -> Value:
        if value == "":
            return None  # an empty cell
        return read(value) if type(value) is str else numbers.to_decimal(value)

    return _of_distinct(transform)


def date_format(options: Options) -> Transformer:
    write, own = compile_format(_form(options, "format", "yyyy-MM-dd")), zone(options)
    given = options.get("inputFormat")
    read = parse_time if given is None else compile_reader(_form(options, "inputFormat", ""))

    def transform(value: Value) -> str:
        moment = read(value)
        if own is None:
            return write(moment)
        try:
            return write(moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(own))
        except OverflowError:
            words = f"has no date in {own.key} that could be written: {shown(value)}"
            raise ValueRefusedError(words, code="invalid_date") from None

    return _of_distinct(transform)


def _form(options: Options, name: str, default: str) -> str:
    """Return a date format. Raises OptionError."""
    form = words(options, name, default)
    if not form:
        raise OptionError(name, "must not be empty")
    try:
        (compile_format if name == "format" else compile_parser)(form)
    except ValueError as error:
        raise OptionError(name, str(error)) from None
    return form


def date_time(options: Options) -> Transformer:
    """Join a date with the time of day of another column (SAP keeps them apart: 930, 93015)."""
    read = field_reader(options, "timeField")
    seconds = options.get("seconds", False)
    if not isinstance(seconds, bool):
        raise OptionError("seconds", "must be true or false")

    def transform(value: Value, record: Record) -> str:
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
    if len(keyed) < len(table):
        raise OptionError("map", "holds two keys that are one text, such as 1 and '1'")
    has_default, default = "default" in options, options.get("default")

    def transform(value: Value) -> Value:
        key = plain_text(value)
        if key in keyed:
            return keyed[key]
        if has_default:
            return default
        raise ValueRefusedError(f"{shown(value)} is not in the lookup map")

    return _of_distinct(transform)


def to_bool_loosely(value: Value) -> bool:
    return value not in (None, "", 0)


BUILT_IN: dict[str, tuple[Factory, frozenset[str]]] = {
    "sapYesNo": (pure(sap_yes_no, each_distinct(sap_yes_no)), frozenset()),
    "boolToStatus": (bool_to_status, frozenset({"trueValue", "falseValue"})),
    "formatDecimal": (format_decimal, frozenset({"decimals"})),
    "dateFormat": (date_format, frozenset({"format", "inputFormat", "timezone"})),
    "parseNumber": (parse_number, frozenset({"decimal", "thousands"})),
    "dateTime": (date_time, frozenset({"timeField", "seconds"})),
    "lookup": (lookup, frozenset({"map", "default"})),
    "toString": (pure(converters.to_string), frozenset()),
    "toInt": (pure(numbers.truncated), frozenset()),
    "toDecimal": (pure(numbers.to_decimal), frozenset()),
    "toBool": (pure(to_bool_loosely), frozenset()),
    "trim": (of_text(str.strip), frozenset()),
    "upper": (of_text(str.upper), frozenset()),
    "lower": (of_text(str.lower), frozenset()),
    "replace": (texts.replace, frozenset({"search", "replace"})),
    "split": (texts.split, frozenset({"separator"})),
    "join": (texts.join, frozenset({"separator"})),
    "concat": (texts.concat, frozenset({"fields", "separator"})),
    "coalesce": (texts.coalesce, frozenset({"fields"})),
    "round": (round_number, frozenset({"decimals"})),
    "hash": (texts.digest, frozenset({"algorithm"})),
    "substring": (texts.substring, frozenset({"start", "length"})),
    "regexExtract": (texts.regex_extract, frozenset({"pattern", "group", "default"})),
}
READS = {"concat": ("fields",), "coalesce": ("fields",), "datetime": ("timeField",)}
"""Options that hold paths of other fields, by transformer."""
MAY_GROW = frozenset({"replace", "join", "concat"})
"""Those that may make more text than they are given."""
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
