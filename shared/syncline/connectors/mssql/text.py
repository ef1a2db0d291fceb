"""SQL Server's SQL: names, and what may hide one in a person's statement."""

from __future__ import annotations

import re

TOKENS = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\[(?:[^\]]|\]\])*\]|--[^\n]*|/\*.*?\*/"
    r"|::|:(?P<name>[A-Za-z_]\w*)|(?P<end>;)",
    re.DOTALL,
)
"""What may hide a name or a semicolon, and these two."""


def catalog_name(name: str) -> str:
    """Return a table's or procedure's name as `object_id` reads it: `[schema].[name]`."""
    return ".".join(f"[{part.replace(']', ']]')}]" for part in name.split("."))
