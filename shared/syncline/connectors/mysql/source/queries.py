"""The queries of extractions: a table or a person's SQL, with bound values; calls of procedures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from syncline.connectors.errors import refusal
from syncline.connectors.mysql.kinds import moment
from syncline.connectors.mysql.session import Session
from syncline.connectors.mysql.text import TOKENS, identifier, table_name, text_literal
from syncline.connectors.sql.text import with_values
from syncline.connectors.sql.values import json_text
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode

_NUMBER = re.compile(r"-?\d{1,20}")
_ARGUMENTS = """
select parameter_name, parameter_mode from information_schema.parameters
where specific_schema = {0} and specific_name = {1} and ordinal_position > 0
order by ordinal_position
"""


def base_query(extraction: Extraction, after: str | None, ids: Sequence[str] | None) -> str:
    """Return what is read, its names bound: the cursor less the lookback, IDs, parameters."""
    if extraction.mode is ExtractionMode.CONFIG:
        return f"select * from {table_name(extraction.table or '')}"
    cursor = None if after is None else _cursor_value(after, extraction)
    given: dict[str, object] = {"cursor": cursor, "ids": ids} | extraction.parameters
    return with_values(extraction.sql or "", given, lambda _, value: bound(value), TOKENS)


def bound(value: object) -> str:
    """Return a value as SQL; a list as what stands within `in (…)`."""
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return ", ".join(map(bound, value)) or "null"
    if isinstance(value, bool | int):
        return str(int(value))
    return text_literal(value if isinstance(value, str) else json_text(value))


def _cursor_value(after: str, extraction: Extraction) -> object:
    if extraction.cursor_type is CursorType.ID:
        return int(after) if _NUMBER.fullmatch(after) else after
    found = moment(after)
    if found is None:
        return after
    return earlier(found, extraction.lookback) if extraction.lookback else found


def earlier(found: str, seconds: float) -> str:
    """Return a time that is some seconds earlier; a day stays a day."""
    try:
        value = datetime.fromisoformat(found) - timedelta(seconds=seconds)
    except (ValueError, OverflowError):  # 0000-00-00, or before the year 1: from the beginning
        return "0000-00-00"
    if len(found) == len("2026-01-31"):
        return value.date().isoformat()
    return value.isoformat(sep=" ")


async def call_of(session: Session, extraction: Extraction) -> str:
    """Return the call of a procedure, its parameters by their names.

    Raises ConnectorError where it takes others, or gives values by them.
    """
    name = extraction.procedure or ""
    schema, _, own = name.rpartition(".")
    asked = _ARGUMENTS.format(text_literal(schema) if schema else "database()", text_literal(own))
    rows = [(str(row[0]), str(row[1])) for row in await session.rows(asked)]
    names = [each for each, _ in rows]
    if wrong := sorted({*extraction.parameters} - {*names}):
        takes = ", ".join(names) or "none"
        message = f"{name} has no parameter {wrong[0]!r}; it takes: {takes}"
        raise refusal("unknown_parameter", message)
    for each, direction in rows:
        if direction != "IN" or each not in extraction.parameters:
            why = "gives a value" if direction != "IN" else "has no value in `parameters`"
            raise refusal("unknown_parameter", f"the parameter {each!r} of {name} {why}")
    arguments = ", ".join(bound(extraction.parameters[each]) for each in names)
    return f"call {table_name(name)}({arguments})"


def column_of(name: str) -> str:
    """Return a column of the query that is read."""
    return f"q.{identifier(name)}"
