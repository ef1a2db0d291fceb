"""The queries of extractions: a table, a procedure or a person's SQL, with bound values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from syncline.connectors.sql.text import (
    TOKENS,
    identifier,
    is_tested_for_null,
    names_in,
    one_statement,
    table_name,
)
from syncline.domain.mapping.condition import Condition
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode
from syncline.domain.mapping.paths import column_name

_COMPARE = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
TEXT = "text"


class Typed(Protocol):
    """What is known of a type here: how SQL says it."""

    @property
    def sql(self) -> str: ...


class Query(msgspec.Struct):
    """SQL text with its values; every value is sent as text and cast by the server."""

    sql: str
    values: list[Any]

    def bind(self, value: object, cast: str) -> str:
        """Add a value and return its placeholder."""
        self.values.append(value)
        is_list = isinstance(value, list) or (value is None and cast.endswith("[]"))
        first = "text[]" if is_list else TEXT
        return f"(${len(self.values)}::{first})::{cast}"


def base_query(extraction: Extraction) -> str:
    """Return what is read, without columns, filters, order or window; names are not bound yet."""
    if extraction.mode is ExtractionMode.CONFIG:
        return f"select * from {table_name(extraction.table or '')}"
    if extraction.mode is ExtractionMode.PROCEDURE:
        arguments = ", ".join(f"{identifier(n)} => :{n}" for n in extraction.parameters)
        return f"select * from {table_name(extraction.procedure or '')}({arguments})"
    return one_statement(extraction.sql or "")


def known_names(extraction: Extraction) -> list[str]:
    """Return the names that an extraction can bind."""
    bookmarks = ["cursor", "ids"] if extraction.mode is ExtractionMode.SQL else []
    return [*bookmarks, *extraction.parameters]


def unbound_names(sql: str, extraction: Extraction) -> tuple[str, list[str]]:
    """Put a bare placeholder for each name, so that the server says of what type it is."""
    known = known_names(extraction)
    typed = {m["name"] for m in TOKENS.finditer(sql) if not is_tested_for_null(m)}
    used = [name for name in names_in(sql) if name in known and name in typed]

    def replace(found: re.Match[str]) -> str:
        if found["name"] in known and is_tested_for_null(found):
            return "null"
        return f"${used.index(found['name']) + 1}" if found["name"] in used else found[0]

    return TOKENS.sub(replace, sql), used


def bound_query(
    extraction: Extraction, names: Mapping[str, Typed], after: str | None, ids: list[str] | None
) -> Query:
    """Return what is read, its names bound: the cursor (widened), the IDs, and the parameters."""
    query = Query("", [])
    known = known_names(extraction)
    given = {"cursor": after, "ids": ids} | extraction.parameters

    def replace(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in known:
            return found[0]
        if is_tested_for_null(found):
            return query.bind(_text(given[name]), TEXT)
        cast = names[name].sql
        if name in extraction.parameters:
            return query.bind(_text(extraction.parameters[name]), cast)
        if name == "ids":
            return query.bind(ids, cast)
        bound = query.bind(after, cast)
        return bound if after is None else f"({bound}{lookback_sql(query, extraction, cast)})"

    query.sql = TOKENS.sub(replace, base_query(extraction))
    return query


def lookback_sql(query: Query, extraction: Extraction, cast: str) -> str:
    """Return the SQL that subtracts the lookback from a value of a type; "" where there is none."""
    if not extraction.lookback or extraction.cursor_type is CursorType.ID:
        return ""
    if cast.endswith('"date"'):
        return f" - {int(-(-extraction.lookback // 86_400))}"
    return f" - {query.bind(f'{extraction.lookback} s', 'interval')}"


def condition_sql(query: Query, test: Condition, columns: Mapping[str, Typed]) -> str:
    """Return a filter as SQL."""
    for word, parts in (("and", test.all), ("or", test.any)):
        if parts is not None:
            return "(" + f" {word} ".join(condition_sql(query, p, columns) for p in parts) + ")"
    if test.not_ is not None:
        return f"not coalesce({condition_sql(query, test.not_, columns)}, false)"
    return _comparison(query, test, columns)


def _comparison(query: Query, test: Condition, columns: Mapping[str, Typed]) -> str:
    name, value = column_name(test.field or ""), test.value
    column = f"q.{identifier(name)}"
    cast = columns[name].sql if name in columns else TEXT
    match test.op:
        case "exists":
            return f"{column} is {'null' if value is False else 'not null'}"
        case "empty":
            empty = f"coalesce({column}::text, '') = ''"
            return f"not {empty}" if value is False else empty
        case "in" | "notIn":
            found = f"{column} = any({query.bind([_text(v) for v in value], cast + '[]')})"
            return f"not coalesce({found}, false)" if test.op == "notIn" else found
    if value is None:
        return f"{column} is {'not ' if test.op == 'ne' else ''}null"
    if test.op == "ne":
        return f"{column} is distinct from {query.bind(_text(value), cast)}"
    return f"{column} {_COMPARE[test.op or 'eq']} {query.bind(_text(value), cast)}"


def _text(value: object) -> object:
    if isinstance(value, list):
        return [_text(v) for v in value]
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
