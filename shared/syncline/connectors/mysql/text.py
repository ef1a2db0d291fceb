"""MySQL's SQL: names, literals, and what may hide a name in a person's statement."""

from __future__ import annotations

import re

TOKENS = re.compile(
    r"'(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\"\"|\\.)*\"|`(?:[^`]|``)*`|--(?=\s)[^\n]*|#[^\n]*"
    r"|/\*.*?\*/|:=|:(?P<name>[A-Za-z_]\w*)|(?P<end>;)",
    re.DOTALL,
)
"""What may hide a name or a semicolon, and these two."""


def identifier(name: str) -> str:
    """Quote a name."""
    return "`" + name.replace("`", "``") + "`"


def table_name(name: str) -> str:
    """Quote a table's or procedure's name; `database.table` is two of them."""
    return ".".join(map(identifier, name.split(".")))


def text_literal(text: str) -> str:
    """Return a text as SQL that no `sql_mode` reads in another way."""
    return f"_utf8mb4 x'{text.encode().hex()}'"
