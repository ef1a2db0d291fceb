"""What a profile and a mapping may say about SQLite, and every mistake in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncline.connectors.sql_text import sql_problems
from syncline.connectors.text_dates import cursor_problems
from syncline.domain.errors import Problem
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.domain.naming import unknown

_KNOWN = ("file", "statementTimeout")
MAX_TIMEOUT = 86_400


def config_problems(config: Mapping[str, Any], secrets: Mapping[str, str]) -> list[Problem]:
    """Name every mistake of a profile."""
    problems = [
        Problem(f"$.config.{name}", unknown("setting", name, _KNOWN))
        for name in sorted(config.keys() - set(_KNOWN))
    ]
    file, timeout = config.get("file"), config.get("statementTimeout", 1)
    if not isinstance(file, str) or not file.startswith("/"):
        problems.append(Problem("$.config.file", "is required: the absolute path of the database"))
    if not isinstance(timeout, int) or isinstance(timeout, bool) or not 1 <= timeout <= MAX_TIMEOUT:
        message = f"must be a whole number of seconds from 1 to {MAX_TIMEOUT}"
        problems.append(Problem("$.config.statementTimeout", message))
    return problems + [Problem(f"$.secrets.{n}", "SQLite needs no secret") for n in sorted(secrets)]


def extraction_problems(extraction: Extraction) -> list[Problem]:
    """Name every mistake of an extraction."""
    if extraction.mode not in (ExtractionMode.CONFIG, ExtractionMode.SQL):
        return [Problem("$.extraction.mode", "SQLite reads `config` or `sql`")]
    problems = [
        Problem(f"$.extraction.options.{name}", "SQLite has no such option; it has none")
        for name in sorted(extraction.options)
    ]
    problems += cursor_problems(extraction)
    if extraction.mode is ExtractionMode.SQL:
        problems += sql_problems(extraction.sql or "", ["cursor", "ids", *extraction.parameters])
    return problems
