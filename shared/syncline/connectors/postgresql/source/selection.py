"""The select list of a query: each column as an expression that keeps its values exact."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncline.connectors.postgresql.source.shape import Shape, SqlType
from syncline.connectors.sql.text import identifier
from syncline.domain.mapping.extraction import Extraction

_WHOLE = frozenset({"int2", "int4", "int8"})
_TEXTS = frozenset({"text", "varchar"})
_DATES = {
    "date": "between '0001-01-01' and '9999-12-31'",
    "timestamp": "between '0001-01-01' and '9999-12-31 23:59:59.999999'",
    "timestamptz": "between '0001-01-01 00:00+00' and '9999-12-31 23:59:59.999999+00'",
    "time": "< '24:00'",
    "timetz": "::time < '24:00'",
}
"""Types of dates, with what is true of the values that the driver can give as dates."""
_AS_THEY_ARE = _WHOLE | _TEXTS | {"bool", "bpchar", "name", "uuid", "bytea", "json", "jsonb"}
_AS_THEY_ARE |= {"float8", "numeric"}
_ELEMENTS = _WHOLE | _TEXTS | {"bool", "bpchar", "uuid", "bytea"}
_CASTS = {"float4": "::text::float8", "money": "::numeric"}
"""`real` by its shortest text, else the tail of its binary form shows; money without its sign."""
_NAMED = _WHOLE | _TEXTS | _DATES.keys() | {"bool", "bpchar", "name", "uuid", "bytea", "numeric"}
_NAMED |= {"float4", "float8"}
"""Types whose text the page maker knows by itself."""
_IDENTICAL = _WHOLE | (_DATES.keys() - {"timetz"}) | {"oid", "uuid", "bool", "bytea", "name"}
"""Types in which what is equal is also written alike."""


class Selection(msgspec.Struct, frozen=True):
    """What a query selects.

    Attributes:
        columns: the chosen columns; their values come first, in this order.
        sql: the select list.
        odd: place of a date -> place of its text where it is none that Python has.
        texts: place of an ID or cursor -> place of its text, where its value does not tell it.
        groups: places that are equal in rows that have the same cursor value and the same ID.
    """

    columns: Mapping[str, SqlType]
    sql: str
    odd: dict[int, int]
    texts: dict[int, int]
    groups: tuple[int, ...]


def selection(extraction: Extraction, shape: Shape, order: str) -> Selection:
    """Return the select list: the chosen columns, and further ones for what their values lose."""
    columns = _columns(extraction, shape)
    names = list(columns)
    said = [_said(name, columns[name]) for name in names]
    odd = _added(said, _odd_dates(columns))
    keys = [n for n in (extraction.cursor_column, extraction.id_column) if n is not None]
    unclear = [n for n in keys if columns[n].name not in _NAMED]
    texts = _added(said, {names.index(n): as_text(n) for n in unclear})
    groups = [names.index(name) for name in keys]
    identical = _IDENTICAL | (_TEXTS if shape.exact_texts else frozenset())
    if all(columns[name].name in identical for name in keys):
        groups += [odd[place] for place in groups if place in odd]
    else:
        groups = [len(said)]
        said.append(f"dense_rank() over (order by {order})")
    return Selection(columns, ", ".join(said), odd, texts, tuple(groups))


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


def _said(name: str, kind: SqlType) -> str:
    """Return a column in a form that JSON has: plain, an object or list, or PostgreSQL's text."""
    column, alias = f"q.{identifier(name)}", f" as {identifier(name)}"
    if kind.name in _DATES:
        return f"case when {column} {_DATES[kind.name]} then {column} end{alias}"
    if kind.name in _AS_THEY_ARE:
        return column
    if kind.name in _CASTS:
        return f"{column}{_CASTS[kind.name]}{alias}"
    element = kind.name.removesuffix("[]")
    if element == kind.name:
        return f"to_json({column}){alias}" if kind.kind == "composite" else as_text(name) + alias
    if element in _ELEMENTS:
        return column
    return f"to_json({column}{'::numeric[]' if element == 'money' else ''}){alias}"


def _odd_dates(columns: Mapping[str, SqlType]) -> dict[int, str]:
    """Return expressions for dates that Python has not: infinity, 44 BC, the year 12000, 24:00."""
    said = {}
    for place, (name, kind) in enumerate(columns.items()):
        if kind.name in _DATES:
            column = f"q.{identifier(name)}"
            usual = f"{column} {_DATES[kind.name]}"
            said[place] = f"case when not ({usual}) then {column}::text end"
    return said
