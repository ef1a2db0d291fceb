"""Values as a column takes them where JSON's way of writing them is not the column's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from syncline.connectors.postgresql.asking import SqlType

_encode = msgspec.json.Encoder(decimal_format="number").encode
_JSON = frozenset({"json", "jsonb"})


def as_columns(
    records: Sequence[dict[str, Any]], columns: Mapping[str, SqlType]
) -> Sequence[dict[str, Any]]:
    """Rewrite the values of JSON and array columns; most tables have none."""
    special = {
        name: makers
        for name in (records[0] if records else ())
        if (makers := _maker(columns[name])) is not None
    }
    if not special:
        return records
    rewritten = [dict(record) for record in records]
    for name, make in special.items():
        for record in rewritten:
            if record[name] is not None:
                record[name] = make(record[name])
    return rewritten


def _maker(kind: SqlType) -> Callable[[Any], str] | None:
    if kind.name in _JSON:
        return _json
    return _array if kind.name.endswith("[]") else None


def _json(value: Any) -> str:  # noqa: ANN401
    return _encode(value).decode()


def _array(value: Any) -> str:  # noqa: ANN401
    """Write a list as PostgreSQL's array literal; what is no list is left for it to judge."""
    if not isinstance(value, list):
        return value if isinstance(value, str) else _json(value)
    return "{" + ",".join(_element(v) for v in value) + "}"


def _element(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return "null"
    if isinstance(value, list):
        return _array(value)
    text = value if isinstance(value, str) else _json(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
