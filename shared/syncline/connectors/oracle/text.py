"""Oracle's SQL: names, and what may hide one in a person's statement."""

from __future__ import annotations

import re

from syncline.connectors.sql.text import identifier

TOKENS = re.compile(
    r"[nN]?[qQ]'(?:\[.*?\]'|\{.*?\}'|\(.*?\)'|<.*?>'|(?P<sign>[^\s\[{(<]).*?(?P=sign)')"
    r"|'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|:=|:(?P<name>[A-Za-z_]\w*)|(?P<end>;)",
    re.DOTALL,
)
"""What may hide a name or a semicolon, and these two."""
_PART = re.compile(r'"([^"]*)"|([^.]+)')


def names_of(name: str) -> tuple[str, ...]:
    """Return the parts of `schema.name` as the catalog has them.

    As in Oracle's SQL, `items` is ITEMS, and `"items"` is items.
    """
    return tuple(found[1] or found[2].upper() for found in _PART.finditer(name))


def table_name(name: str) -> str:
    """Quote a table's or procedure's name."""
    return ".".join(map(identifier, names_of(name)))
