"""What a person's SQL says: its bound names, and whether it is one statement."""

from __future__ import annotations

import re

TOKENS = re.compile(
    r"[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/"
    r"|\$([A-Za-z_]?\w*)\$.*?\$\1\$|::|:(?P<name>[A-Za-z_]\w*)|(?P<end>;)",
    re.DOTALL,
)
"""What may hide a name or a semicolon, and these two."""
_END = "; \t\r\n"
_NULL_TEST = re.compile(r"\s+is\s+(not\s+)?null\b", re.IGNORECASE)


def one_statement(sql: str) -> str:
    """Return a text without what ends it."""
    return sql.strip().rstrip(_END)


def second_statement(sql: str) -> bool:
    """Tell whether a text holds more than one statement."""
    ends = [m.start() for m in TOKENS.finditer(one_statement(sql)) if m["end"]]
    return bool(ends)


def names_in(sql: str) -> list[str]:
    """Return the names that a text wants bound, once each."""
    return list(dict.fromkeys(m["name"] for m in TOKENS.finditer(sql) if m["name"]))


def is_tested_for_null(found: re.Match[str]) -> bool:
    """Tell whether a name stands before `is null`, where a database cannot tell its type."""
    return _NULL_TEST.match(found.string, found.end()) is not None
