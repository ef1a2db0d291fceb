"""The mistakes in the parts of a mapping that this connector reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncline.connectors.postgresql.queries import known_names
from syncline.connectors.sql_text import names_in, second_statement
from syncline.domain.errors import Problem
from syncline.domain.mapping.document import Extraction, ExtractionMode


def extraction_problems(extraction: Extraction) -> list[Problem]:
    """Name every mistake of an extraction."""
    if extraction.mode is ExtractionMode.API:
        message = "PostgreSQL reads `config`, `sql` or `procedure`"
        return [Problem("$.extraction.mode", message)]
    problems = [
        Problem(f"$.extraction.options.{name}", "PostgreSQL has no such option; it has none")
        for name in sorted(extraction.options)
    ]
    if extraction.paging:
        problems.append(Problem("$.extraction.paging", "PostgreSQL needs no paging"))
    if extraction.mode is ExtractionMode.SQL:
        problems += _sql_problems(extraction)
    return problems


def _sql_problems(extraction: Extraction) -> list[Problem]:
    sql = extraction.sql or ""
    if second_statement(sql):
        message = "must be one statement that reads; there is a second one behind `;`"
        return [Problem("$.extraction.sql", message)]
    known = known_names(extraction)
    return [
        Problem("$.extraction.sql", f"`:{name}` is not bound; known: {', '.join(known)}")
        for name in names_in(sql)
        if name not in known and "[" not in sql  # a[1:n] is no name
    ]


def target_problems(target: Mapping[str, Any]) -> list[Problem]:
    """Name every mistake of a target block."""
    problems = [
        Problem(f"$.transformation.target.{name}", "unknown setting; known: key, table")
        for name in sorted(target.keys() - {"table", "key"})
    ]
    table = target.get("table")
    if not isinstance(table, str) or not table:
        problems.append(Problem("$.transformation.target.table", "is required: the table to write"))
    return problems
