"""What a person's SQL says: its bound names, and whether it is one statement; its mistakes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from syncline.domain.errors import Problem
from syncline.domain.naming import hint

TOKENS = re.compile(
    r"[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/"
    r"|\$([A-Za-z_]?\w*)\$.*?\$\1\$|::|:(?P<name>[A-Za-z_]\w*)|(?P<end>;)",
    re.DOTALL,
)
"""What may hide a name or a semicolon, and these two."""
_END = "; \t\r\n"
_NULL_TEST = re.compile(r"\s+is\s+(not\s+)?null\b", re.IGNORECASE)


def identifier(name: str) -> str:
    """Quote a name."""
    return '"' + name.replace('"', '""') + '"'


def table_name(name: str) -> str:
    """Quote a table's or procedure's name; `schema.table` is two of them."""
    return ".".join(map(identifier, name.split(".")))


def one_statement(sql: str) -> str:
    """Return a statement without its semicolon and the blanks around it."""
    return sql.strip().rstrip(_END)


def names_in(sql: str, tokens: re.Pattern[str] = TOKENS) -> list[str]:
    """Return the names that a text wants bound, once each; `tokens` as TOKENS."""
    return list(dict.fromkeys(m["name"] for m in tokens.finditer(sql) if m["name"]))


def is_tested_for_null(found: re.Match[str]) -> bool:
    """Tell whether a name stands before `is null`, where a database cannot tell its type."""
    return _NULL_TEST.match(found.string, found.end()) is not None


def with_values(
    sql: str,
    values: Mapping[str, object],
    bound: Callable[[str, object], str],
    tokens: re.Pattern[str] = TOKENS,
) -> str:
    """Return a person's statement with values for its names; what is no name in `values` stays.

    Args:
        bound: gives a name's value as SQL.
    """

    def replace(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in values:
            return found[0]
        if is_tested_for_null(found):
            return "null" if values[name] is None else "1"
        return bound(name, values[name])

    return tokens.sub(replace, one_statement(sql))


def sql_problems(
    sql: str, known: Sequence[str], *, names: bool = True, tokens: re.Pattern[str] = TOKENS
) -> list[Problem]:
    """Name every mistake of an extraction's SQL; with `names`, also each `:name` not in `known`."""
    if any(token["end"] for token in tokens.finditer(one_statement(sql))):
        message = "must be one statement that reads; there is a second one behind `;`"
        return [Problem("$.extraction.sql", message)]
    return [
        Problem("$.extraction.sql", f"`:{name}` is not bound{hint(name, known)}")
        for name in names_in(sql, tokens)
        if names and name not in known
    ]
