"""Building the queries that extract records: by table or by a person's SQL, always bound."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from syncline.domain.mapping.document import Condition, CursorType, Extraction, ExtractionMode

_NAMED = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|::|:([A-Za-z_][A-Za-z0-9_]*)", re.DOTALL
)
_COMPARE = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Query(msgspec.Struct):
    """SQL text with its values; every value is sent as text and cast by the server."""

    sql: str
    values: list[Any]

    def bind(self, value: Any, cast: str) -> str:  # noqa: ANN401
        """Add a value and return what stands for it in the text."""
        self.values.append(value)
        first = "text[]" if isinstance(value, list) else "text"
        return f"(${len(self.values)}::{first})::{cast}"


def quoted(name: str) -> str:
    """Quote an identifier; `schema.table` is two of them."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def base_query(extraction: Extraction, types: Mapping[str, str]) -> Query:
    """Return what is read, without order or window.

    Args:
        types: column name -> SQL type, empty while they are being found out.
    """
    query = Query("", [])
    if extraction.mode is ExtractionMode.CONFIG:
        columns = ", ".join(quoted(c) for c in _columns(extraction)) or "*"
        query.sql = f"select {columns} from {quoted(extraction.table or '')}"
        conditions = [_condition(query, c, types) for c in extraction.filters] if types else []
        if conditions:
            query.sql += " where " + " and ".join(conditions)
    elif extraction.mode is ExtractionMode.PROCEDURE:
        arguments = ", ".join(
            f"{quoted(name)} => {_parameter(query, value)}"
            for name, value in extraction.parameters.items()
        )
        query.sql = f"select * from {quoted(extraction.procedure or '')}({arguments})"
    else:
        query.sql = (extraction.sql or "").strip().rstrip(";")
    return query


def _columns(extraction: Extraction) -> list[str]:
    """The asked-for columns, and those that name and order a record, once each."""
    if not extraction.columns:
        return []
    needed = [extraction.id_column, extraction.cursor_column]
    return list(dict.fromkeys([*extraction.columns, *(c for c in needed if c)]))


def bind_names(
    query: Query,
    extraction: Extraction,
    cursor: str | None,
    cursor_cast: str,
    ids: list[str] | None,
) -> None:
    """Replace `:cursor`, `:ids` and the parameters in a person's SQL by bound values."""
    if extraction.mode is not ExtractionMode.SQL:
        return

    def replace(found: re.Match[str]) -> str:
        name = found[1]
        if name == "cursor":
            return query.bind(cursor, cursor_cast)
        if name == "ids":
            return query.bind(ids, "text[]")
        if name in extraction.parameters:
            return _parameter(query, extraction.parameters[name])
        return found[0]

    query.sql = _NAMED.sub(replace, query.sql)


def window(
    query: Query,
    extraction: Extraction,
    types: Mapping[str, str],
    *,
    after: str | None,
    position: tuple[str | None, str] | None,
) -> Query:
    """Order a query by (cursor, ID) and cut it to what lies behind a bookmark or a position."""
    id_ = quoted(extraction.id_column)
    id_type = types[extraction.id_column]
    column = extraction.cursor_column
    if column is None:
        where = f"where {id_} > {query.bind(position[1], id_type)}" if position else ""
        query.sql = f"select * from ({query.sql}) q {where} order by {id_}"
        return query
    cursor, cursor_type = quoted(column), types[column]
    conditions = []
    if after is not None:
        start = query.bind(after, cursor_type) + _lookback(query, extraction, cursor_type)
        conditions.append(f"({cursor} >= {start} or {cursor} is null)")
    if position is not None:
        conditions.append(_behind(query, position, (cursor, cursor_type), (id_, id_type)))
    where = "where " + " and ".join(conditions) if conditions else ""
    query.sql = f"select * from ({query.sql}) q {where} order by {cursor} nulls first, {id_}"
    return query


def _behind(
    query: Query, position: tuple[str | None, str], cursor: tuple[str, str], id_: tuple[str, str]
) -> str:
    """Say what lies behind a position; records without a cursor value come first."""
    last_id = query.bind(position[1], id_[1])
    if position[0] is None:
        return f"({cursor[0]} is not null or {id_[0]} > {last_id})"
    value = query.bind(position[0], cursor[1])
    return f"({cursor[0]} > {value} or ({cursor[0]} = {value} and {id_[0]} > {last_id}))"


def _lookback(query: Query, extraction: Extraction, cursor_type: str) -> str:
    if not extraction.lookback or extraction.cursor_type is CursorType.ID:
        return ""
    if cursor_type == "date":
        return f" - {int(-(-extraction.lookback // 86_400))}"
    return f" - {query.bind(f'{extraction.lookback} s', 'interval')}"


def by_ids(query: Query, extraction: Extraction, ids: list[str], id_type: str | None) -> Query:
    """Cut a query to some IDs; compared in the column's own type where they all are of it."""
    column = quoted(extraction.id_column)
    compared = f"{column}::text" if id_type is None else column
    wanted = query.bind(ids, f"{id_type or 'text'}[]")
    query.sql = f"select * from ({query.sql}) q where {compared} = any({wanted})"
    return query


def _parameter(query: Query, value: Any) -> str:  # noqa: ANN401
    casts = {bool: "boolean", int: "bigint"}
    text = None if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return query.bind(text, casts.get(type(value), "text"))


def _condition(query: Query, condition: Condition, types: Mapping[str, str]) -> str:
    for word, parts in (("and", condition.all), ("or", condition.any)):
        if parts is not None:
            return "(" + f" {word} ".join(_condition(query, part, types) for part in parts) + ")"
    if condition.not_ is not None:
        return f"not {_condition(query, condition.not_, types)}"
    return _comparison(query, condition, types)


def _comparison(query: Query, condition: Condition, types: Mapping[str, str]) -> str:
    name, value = condition.field or "", condition.value
    column, cast = quoted(name), types.get(name, "text")
    match condition.op:
        case "exists":
            return f"{column} is {'null' if value is False else 'not null'}"
        case "empty":
            empty = f"coalesce({column}::text, '') = ''"
            return f"not {empty}" if value is False else empty
        case "in" | "notIn":
            test = f"{column} = any({query.bind([_text(v) for v in value], cast + '[]')})"
            return f"not coalesce({test}, false)" if condition.op == "notIn" else test
    if value is None:
        return f"{column} is {'not ' if condition.op == 'ne' else ''}null"
    compare = _COMPARE[condition.op or "eq"]
    if condition.op == "ne":
        return f"{column} is distinct from {query.bind(_text(value), cast)}"
    return f"{column} {compare} {query.bind(_text(value), cast)}"


def _text(value: Any) -> str:  # noqa: ANN401
    return str(value).lower() if isinstance(value, bool) else str(value)
