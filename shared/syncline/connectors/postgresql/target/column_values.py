"""Values in the form that a column takes, where JSON writes them in another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from syncline.connectors.postgresql.target.catalog import TargetColumn
from syncline.connectors.sql.values import bytes_of, json_text, rewrite
from syncline.domain.errors import Failure
from syncline.domain.record import Record, Value

_JSON = frozenset({"json", "jsonb"})
_Maker = Callable[[object], str]


def convert_values(
    records: list[Record], places: Sequence[int], columns: Mapping[str, TargetColumn]
) -> dict[int, Failure]:
    """Rewrite values of binary, JSON, array and composite columns in place; most tables have none.

    Returns:
        Why records cannot be written: place -> failure.
    """
    names = records[places[0]] if places else ()
    makers = {name: make for name in names if (make := _maker(columns[name])) is not None}
    return rewrite(records, places, makers)


def written_values(column: TargetColumn, values: list[Value]) -> list[Value]:
    """Return a column's values as it takes them. Raises ValueError where it takes one not."""
    make = _maker(column)
    return values if make is None else [None if v is None else make(v) for v in values]


def written_otherwise(column: TargetColumn) -> bool:
    """Tell whether a column takes values in another form than JSON writes them."""
    return _maker(column) is not None


def _maker(column: TargetColumn) -> _Maker | None:
    if column.composite:
        return json_text
    one = json_text if column.leaf in _JSON else _binary if column.leaf == "bytea" else None
    if not column.is_list:
        return one
    mark = ";" if column.leaf == "box" else ","
    return lambda value: _array(value, one, mark)


def _binary(value: object) -> str:
    """Return bytes as PostgreSQL writes them; they travel as base64."""
    return "\\x" + bytes_of(value).hex()


def _array(value: object, one: _Maker | None, mark: str) -> str:
    """Write a list as PostgreSQL's array literal; what is no list is left for it to judge."""
    if not isinstance(value, list):
        return value if isinstance(value, str) else json_text(value)
    return "{" + mark.join(_element(v, one, mark) for v in value) + "}"


def _element(value: object, one: _Maker | None, mark: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, list) and one is not json_text:
        return _array(value, one, mark)
    text = one(value) if one is not None else value if isinstance(value, str) else json_text(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
