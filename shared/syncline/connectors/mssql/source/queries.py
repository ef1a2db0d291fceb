"""The queries of extractions: a table or a person's SQL, with bound values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec

from syncline.connectors.mssql.kinds import moment, with_offset
from syncline.connectors.mssql.text import TOKENS
from syncline.connectors.sql.text import (
    identifier,
    names_in,
    table_name,
    with_values,
)
from syncline.connectors.sql.values import json_text
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode

_ZONED = re.compile(r".*\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)")


class Query(msgspec.Struct, frozen=True):
    """A statement that reads, and the texts that are bound in it, by their names."""

    sql: str
    given: dict[str, str]


def base_query(extraction: Extraction, after: str | None, ids: Sequence[str] | None) -> Query:
    """Return what is read, its names bound: the cursor less the lookback, IDs, parameters."""
    if extraction.mode is ExtractionMode.CONFIG:
        return Query(f"select * from {table_name(extraction.table or '')}", {})
    cursor = None if after is None else _cursor_value(after, extraction)
    values: dict[str, object] = {"cursor": cursor, "ids": ids}
    values |= extraction.parameters
    given: dict[str, str] = {}
    own = partial(bound, given=given)
    return Query(with_values(extraction.sql or "", values, own, TOKENS), given)


def bound(name: str, value: object, given: dict[str, str]) -> str:
    """Return a value as SQL; a list as what stands within `in (…)`. Texts are added to `given`."""
    if value is None:
        return "null"
    if isinstance(value, bool | int):
        return str(int(value))
    own = f"b_{name}"
    if isinstance(value, list | tuple):
        given[own] = json_text(list(value))
        return f"select value from openjson(@{own})"
    given[own] = value if isinstance(value, str) else json_text(value)
    return f"@{own}"


def is_bound(extraction: Extraction, name: str) -> bool:
    """Tell whether a person's SQL uses a name."""
    return extraction.sql is not None and name in names_in(extraction.sql, TOKENS)


def _cursor_value(after: str, extraction: Extraction) -> str:
    """Return the cursor as any column of times takes it: in thousandths of a second, no later."""
    if extraction.cursor_type is CursorType.ID:
        return after
    found = with_offset(after) if _ZONED.fullmatch(after) else moment(after)
    if found is None:
        return after
    return earlier(found, extraction.lookback)


def earlier(found: str, seconds: float) -> str:
    """Return a time that is some seconds earlier; a day stays a day."""
    try:
        value = datetime.fromisoformat(found.replace(" +", "+").replace(" -", "-"))
        value -= timedelta(seconds=seconds)
    except (ValueError, OverflowError):  # no day of the calendar, or before the year 1
        return found
    if len(found) == len("2026-01-31"):
        return value.date().isoformat()
    return value.isoformat(timespec="milliseconds")


def column_of(name: str) -> str:
    """Return a column of the query that is read."""
    return f"q.{identifier(name)}"
