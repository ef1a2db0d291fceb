"""The queries of extractions: a table, a procedure or a person's SQL, with bound values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

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

_SPECIAL = re.compile(r"[^0-9A-Za-z\x80-\ud7ff\ue000-\U0010ffff]")
_COMPARE = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
TEXT = "text"


class Typed(Protocol):
    """What is known of a type here: how SQL says it."""

    @property
    def sql(self) -> str: ...


def bound(value: object, cast: str) -> str:
    """Return a value as SQL: as a text, which the server casts. COPY takes no placeholders."""
    is_list = isinstance(value, list) or (value is None and cast.endswith("[]"))
    return f"({_literal(value)}::{'text[]' if is_list else TEXT})::{cast}"


def _literal(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"array[{', '.join(map(_literal, value))}]"
    # So nothing in a value means anything to SQL, wherever it is put and however texts are read.
    text = _SPECIAL.sub(lambda found: f"\\u{ord(found[0]):04x}", str(value))
    return f"E'{text}'"


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
) -> str:
    """Return what is read, its names bound: the cursor (widened), the IDs, and the parameters."""
    known = known_names(extraction)
    given = {"cursor": after, "ids": ids} | extraction.parameters

    def replace(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in known:
            return found[0]
        if is_tested_for_null(found):
            return bound(_text(given[name]), TEXT)
        cast = names[name].sql
        value = bound(_text(given[name]), cast)
        is_cursor = name == "cursor" and name not in extraction.parameters
        return (
            f"({value}{lookback_sql(extraction, cast)})"
            if is_cursor and after is not None
            else value
        )

    return TOKENS.sub(replace, base_query(extraction))


def lookback_sql(extraction: Extraction, cast: str) -> str:
    """Return the SQL that subtracts the lookback from a value of a type; "" where there is none."""
    if not extraction.lookback or extraction.cursor_type is CursorType.ID:
        return ""
    if cast.endswith('"date"'):
        return f" - {int(-(-extraction.lookback // 86_400))}"
    return f" - {bound(f'{extraction.lookback} s', 'interval')}"


def condition_sql(test: Condition, columns: Mapping[str, Typed]) -> str:
    """Return a filter as SQL."""
    for word, parts in (("and", test.all), ("or", test.any)):
        if parts is not None:
            return "(" + f" {word} ".join(condition_sql(p, columns) for p in parts) + ")"
    if test.not_ is not None:
        return f"not coalesce({condition_sql(test.not_, columns)}, false)"
    return _comparison(test, columns)


def _comparison(test: Condition, columns: Mapping[str, Typed]) -> str:
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
            found = f"{column} = any({bound([_text(v) for v in value], cast + '[]')})"
            return f"not coalesce({found}, false)" if test.op == "notIn" else found
    if value is None:
        return f"{column} is {'not ' if test.op == 'ne' else ''}null"
    if test.op == "ne":
        return f"{column} is distinct from {bound(_text(value), cast)}"
    return f"{column} {_COMPARE[test.op or 'eq']} {bound(_text(value), cast)}"


def _text(value: object) -> object:
    if isinstance(value, list):
        return [_text(v) for v in value]
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
