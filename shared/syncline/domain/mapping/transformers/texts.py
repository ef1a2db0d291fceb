"""Transformers of texts and lists of them, and those that look at other fields."""

from __future__ import annotations

from hashlib import new as new_hash

import re2

from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.transformers.options import (
    OptionError,
    Options,
    field_readers,
    integer,
    words,
)
from syncline.domain.mapping.transformers.transformer import (
    Transformer,
    ValueTransformer,
    within_limit,
)
from syncline.domain.mapping.values import converters
from syncline.domain.mapping.values.converters import plain_text
from syncline.domain.naming import shown
from syncline.domain.record import MAX_RECORD, Record, Value

_FEW = 10
"""So many texts may be joined before their length is looked at."""


def replace(options: Options) -> Transformer:
    search, by = words(options, "search"), words(options, "replace", "")
    if not search:
        raise OptionError("search", "must not be empty")
    more = len(by) - len(search)
    if more <= 0:
        return ValueTransformer(lambda value: plain_text(value).replace(search, by))

    def transform(value: Value) -> str:
        text = plain_text(value)
        if len(text) * more > MAX_RECORD:  # it may be: count
            within_limit(len(text) + text.count(search) * more, "replace")
        return text.replace(search, by)

    return ValueTransformer(transform)


def split(options: Options) -> Transformer:
    separator = words(options, "separator", ",")
    if not separator:
        raise OptionError("separator", "must not be empty")

    def transform(value: Value) -> list[str]:
        if isinstance(value, dict | list):
            raise ValueRefusedError(f"must be a text, not {shown(value)}")
        return [part.strip() for part in plain_text(value).split(separator)]

    return ValueTransformer(transform)


def join(options: Options) -> Transformer:
    separator = words(options, "separator", ",")

    def transform(value: Value) -> str:
        parts = converters.to_array(value)
        if len(parts) * len(separator) > MAX_RECORD:
            within_limit(len(parts) * len(separator), "join")
        return separator.join(plain_text(part) for part in parts if part is not None)

    return ValueTransformer(transform)


def concat(options: Options) -> Transformer:
    readers, separator = field_readers(options), words(options, "separator", "")
    between = len(separator)
    is_short = len(readers) <= _FEW and between * len(readers) <= MAX_RECORD

    def transform(value: Value, record: Record) -> str:
        parts = [value, *(read(record) for read in readers)]
        if not is_short:
            parts = [part if part is None else plain_text(part) for part in parts]
            within_limit(sum(len(part) + between for part in parts if part is not None), "concat")
        made = separator.join(plain_text(part) for part in parts if part is not None)
        if len(made) > MAX_RECORD:
            within_limit(len(made), "concat")
        return made

    return transform


def coalesce(options: Options) -> Transformer:
    readers = field_readers(options)

    def transform(value: Value, record: Record) -> Value:
        if value not in (None, ""):
            return value
        found = (read(record) for read in readers)
        return next((other for other in found if other not in (None, "")), None)

    return transform


def digest(options: Options) -> Transformer:
    algorithm = options.get("algorithm", "sha256")
    if algorithm not in ("sha256", "sha1", "md5"):
        raise OptionError("algorithm", "must be sha256, sha1 or md5")
    return ValueTransformer(
        lambda value: new_hash(
            algorithm, plain_text(value).encode(), usedforsecurity=False
        ).hexdigest()
    )


def substring(options: Options) -> Transformer:
    start = integer(options, "start", 0, 0, 10**6)
    length = integer(options, "length", 10**6, 0, 10**6)
    return ValueTransformer(lambda value: plain_text(value)[start : start + length])


def regex_extract(options: Options) -> Transformer:
    try:
        pattern = re2.compile(words(options, "pattern"))
    except re2.error as error:
        raise OptionError("pattern", f"is no regular expression: {error}") from None
    group = integer(options, "group", 1 if pattern.groups else 0, 0, pattern.groups)
    has_default, default = "default" in options, options.get("default")

    def transform(value: Value) -> Value:
        found = pattern.search(plain_text(value))
        if found:
            return found.group(group)
        if has_default:
            return default
        raise ValueRefusedError(f"{shown(value)} does not match the pattern")

    return ValueTransformer(transform)
