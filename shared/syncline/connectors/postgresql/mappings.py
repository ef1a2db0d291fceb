"""The mistakes in a mapping's extraction block."""

from __future__ import annotations

from syncline.connectors.postgresql.queries import known_names
from syncline.connectors.sql_text import sql_problems
from syncline.connectors.text_dates import cursor_problems
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
    problems += cursor_problems(extraction)
    if extraction.mode is ExtractionMode.SQL:
        sql = extraction.sql or ""
        slices = "[" in sql  # in a[1:n] the n is a column
        problems += sql_problems(sql, known_names(extraction), names=not slices)
    return problems
