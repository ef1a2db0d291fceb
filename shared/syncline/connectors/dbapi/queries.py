"""The queries of extractions: a table or a person's SQL, with bound values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from syncline.connectors.dbapi.kinds import Kind, moment
from syncline.connectors.dbapi.shape import Dialect
from syncline.connectors.errors import refusal
from syncline.connectors.sql.text import with_values
from syncline.connectors.sql.values import finite, json_text
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode


class Query(msgspec.Struct, frozen=True):
    """A statement, and the values that are bound in it, by their names."""

    sql: str
    given: dict[str, object]


def bind(value: object, given: dict[str, object]) -> str:
    """Add a value to those that are bound; return its name, which no word of SQL is."""
    given[name := f"b{len(given)}"] = value
    return name


def base_query(
    dialect: Dialect,
    extraction: Extraction,
    table: str,
    after: str | None = None,
    ids: Sequence[object] | None = None,
) -> Query:
    """Return what is read, its names bound: the cursor less the lookback, IDs, parameters.

    Args:
        table: of an extraction that names one, quoted.

    Raises ConnectorError where more values are bound in a list than the database takes.
    """
    if extraction.mode is ExtractionMode.CONFIG:
        return Query(f"select * from {table}", {})
    cursor = None if after is None else _cursor_value(after, extraction)
    values: dict[str, object] = {"cursor": cursor, "ids": ids}
    values |= extraction.parameters
    given: dict[str, object] = {}

    def bound(name: str, value: object) -> str:
        return _bound(dialect, name, value, given)

    return Query(with_values(extraction.sql or "", values, bound, dialect.tokens), given)


def _bound(dialect: Dialect, name: str, value: object, given: dict[str, object]) -> str:
    """Return a value as SQL; a list as what stands within `in (…)`."""
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        if len(value) > dialect.most_listed:
            message = (
                f"`:{name}` has {len(value):,} values, and {dialect.system} takes at most "
                f"{dialect.most_listed:,} in a list"
            )
            raise refusal("too_many_values", message)
        return ", ".join(_bound(dialect, name, each, given) for each in value) or "null"
    if isinstance(value, bool | int):
        return str(int(value))
    simple = isinstance(value, str | float | datetime) or finite(str(value)) is not None
    return f":{bind(value if simple else json_text(value), given)}"


def _cursor_value(after: str, extraction: Extraction) -> object:
    """Return the cursor as it is compared: a time as such, no later than it is; else its text."""
    if extraction.cursor_type is CursorType.ID:
        number = finite(after)
        return after if number is None else number
    found = moment(Kind.MOMENT, after)
    try:
        value = datetime.fromisoformat(found or "")
        return value - timedelta(seconds=extraction.lookback)
    except (ValueError, OverflowError):  # no day of the calendar, or before the year 1
        return after
