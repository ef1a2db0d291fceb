"""The select list of a query: each column as an expression that keeps its values exact."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncline.connectors.postgresql.source.long_fields import new_mark, short_key, short_or_mark
from syncline.connectors.postgresql.source.shape import Shape, SqlType
from syncline.connectors.sql.text import identifier
from syncline.domain.mapping.extraction import Extraction

_WHOLE = frozenset({"int2", "int4", "int8"})
_TEXTS = frozenset({"text", "varchar"})
_DATES = frozenset({"date", "timestamp", "timestamptz", "time", "timetz"})
_AS_THEY_ARE = _WHOLE | _TEXTS | _DATES | {"bool", "bpchar", "name", "uuid", "bytea"}
_AS_THEY_ARE |= {"json", "jsonb", "float4", "float8", "numeric"}
_NAMED = _WHOLE | _TEXTS | _DATES | {"bool", "bpchar", "name", "uuid", "bytea", "numeric"}
_NAMED |= {"float4", "float8"}
"""Types whose text the page maker knows by itself."""
_IDENTICAL = _WHOLE | (_DATES - {"timetz"}) | {"oid", "uuid", "bool", "bytea", "name"}
"""Types in which what is equal is also written alike."""


class RowSelection(msgspec.Struct, frozen=True):
    """What a query selects.

    Attributes:
        columns: the chosen columns; their values come first, in this order.
        sql: the select list.
        width: how many columns it has.
        texts: place of an ID or cursor -> place of its text, where its value does not tell it.
        groups: places that are equal in rows that have the same cursor value and the same ID.
        is_ranked: the last place is a number of such a group, which is no value of the row.
        mark: stands, with its size, in place of a field that is longer than a record may be.
    """

    columns: Mapping[str, SqlType]
    sql: str
    width: int
    texts: dict[int, int]
    groups: tuple[int, ...]
    is_ranked: bool
    mark: bytes


def selection(extraction: Extraction, shape: Shape, order: str) -> RowSelection:
    """Return the select list: the chosen columns, and further ones for what their values lose."""
    columns = _columns(extraction, shape)
    names = list(columns)
    keys = [n for n in (extraction.cursor_column, extraction.id_column) if n is not None]
    mark = new_mark()
    said = [_short(name, columns[name], mark, is_key=name in keys) for name in names]
    unclear = [n for n in keys if columns[n].name not in _NAMED]
    texts = _added(said, {names.index(n): as_text(n) for n in unclear})
    groups = [names.index(name) for name in keys]
    identical = _IDENTICAL | (_TEXTS if shape.exact_texts else frozenset())
    is_ranked = not all(columns[name].name in identical for name in keys)
    if is_ranked:
        groups = [len(said)]
        said.append(f"dense_rank() over (order by {order})")
    sql = ", ".join(said)
    return RowSelection(columns, sql, len(said), texts, tuple(groups), is_ranked, mark.encode())


def as_text(name: str) -> str:
    """Return a column as PostgreSQL's own text, which it reads back as the same value."""
    column = f"q.{identifier(name)}"
    return f"case when {column} is not null then format('%s', {column}) end"


def _columns(extraction: Extraction, shape: Shape) -> dict[str, SqlType]:
    """Return the asked-for columns, and those that name and order a record."""
    if not extraction.columns:
        return shape.columns
    wanted = [*extraction.columns, extraction.id_column, extraction.cursor_column]
    return {name: shape.columns[name] for name in wanted if name is not None}


def _added(said: list[str], expressions: Mapping[int, str]) -> dict[int, int]:
    places = {place: len(said) + n for n, place in enumerate(expressions)}
    said.extend(expressions.values())
    return places


def _short(name: str, kind: SqlType, mark: str, *, is_key: bool) -> str:
    """Return a column as `_said`, without the bytes of what is longer than a record may be."""
    column, said = f"q.{identifier(name)}", _said(name, kind)
    if is_key:
        return short_key(column, said, kind)
    return short_or_mark(column, said, kind, mark)


def _said(name: str, kind: SqlType) -> str:
    """Return a column in a form of which COPY's text is read as JSON has it, see `values_of`."""
    column = f"q.{identifier(name)}"
    if kind.name in _AS_THEY_ARE:
        return column
    if kind.name.endswith("[]"):
        return f"to_json({column}{'::numeric[]' if kind.name == 'money[]' else ''})"
    if kind.kind == "composite":
        return f"to_json({column})"
    return f"{column}::numeric" if kind.name == "money" else as_text(name)
