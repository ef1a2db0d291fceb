"""What a profile and a mapping may say about PostgreSQL, and the address that a profile makes."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from syncline.connectors.port import ConnectorError
from syncline.connectors.postgresql.source.queries import known_names
from syncline.connectors.sql_text import sql_problems, table_name
from syncline.connectors.text_dates import cursor_problems
from syncline.domain.errors import Category, Failure, Problem
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.domain.naming import unknown

CONNECT_LIMIT = 10
_KINDS: dict[str, type] = {
    "host": str, "port": int, "database": str, "user": str, "schema": str, "sslmode": str,
    "sslrootcert": str, "statementTimeout": int,
}  # fmt: skip
_SSL_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")
_RANGES = {"port": (1, 65_535), "statementTimeout": (1, 86_400)}
_WORDS = {str: "must be text", int: "must be a whole number"}


def config_problems(config: Mapping[str, Any], secrets: Mapping[str, str]) -> list[Problem]:
    """Name every mistake."""
    problems = [
        Problem(f"$.config.{name}", unknown("setting", name, _KINDS))
        for name in sorted(config.keys() - _KINDS.keys())
    ]
    for name in _KINDS:
        problem = _problem(name, config.get(name))
        if problem:
            problems.append(Problem(f"$.config.{name}", problem))
    problems += [
        Problem(f"$.secrets.{name}", unknown("secret", name, ("password",)))
        for name in sorted(secrets.keys() - {"password"})
    ]
    return problems


def _problem(name: str, value: Any) -> str | None:  # noqa: ANN401
    if value is None or value == "":
        return "is required" if name in ("host", "database", "user") else None
    kind = _KINDS[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        return _WORDS[kind]
    if name == "sslmode" and value not in _SSL_MODES:
        return unknown(f"mode {value!r}", value, _SSL_MODES)
    low, high = _RANGES.get(name, (0, 0))
    if isinstance(value, int) and not low <= value <= high:
        return f"must be from {low} to {high}"
    return None


def address(
    config: Mapping[str, Any], secrets: Mapping[str, str], name: str = "syncline"
) -> dict[str, Any]:
    """Return the arguments of a connection; `name` is what the server shows of it.

    Raises:
        ConnectorError: the root certificate cannot be read.
    """
    timeout = config.get("statementTimeout") or 300
    settings = {
        "application_name": name,
        "timezone": "UTC",
        "statement_timeout": str(timeout * 1000),
    }
    if config.get("schema"):
        settings["search_path"] = table_name(config["schema"])
    return {
        "host": config["host"],
        "port": config.get("port") or 5432,
        "database": config["database"],
        "user": config["user"],
        "password": secrets.get("password"),
        "ssl": _ssl(config),
        "server_settings": settings,
        "timeout": CONNECT_LIMIT,
        "command_timeout": timeout + 10,
    }


def _ssl(config: Mapping[str, Any]) -> ssl.SSLContext | str:
    mode, authority = config.get("sslmode") or "prefer", config.get("sslrootcert") or None
    if mode not in ("verify-ca", "verify-full"):
        return str(mode)
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        message = f"sslrootcert: {authority!r} cannot be used as a certificate: {error.strerror}"
        raise ConnectorError(Failure(Category.PERMANENT, "invalid_certificate", message)) from error
    context.check_hostname = mode == "verify-full"
    return context


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
