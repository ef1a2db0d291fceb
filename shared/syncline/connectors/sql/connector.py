"""What is true of every connector to a SQL database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import aclosing
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from syncline.connectors import port
from syncline.connectors.settings import TARGET, ConnectorSettings, read
from syncline.connectors.sql.text import TOKENS, one_statement, sql_problems, table_name
from syncline.connectors.sql.text_dates import cursor_problems
from syncline.domain.errors import Problem
from syncline.domain.mapping.extraction import Extraction, ExtractionMode

StatementTimeout = Annotated[int, Field(ge=1, le=86_400)]
"""Seconds."""


def _column_names(given: object) -> tuple[object, ...]:
    names = given if isinstance(given, list) else [given]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError("must be the name of a column or a list of names")
    return tuple(names)


class TableTarget(ConnectorSettings):
    """A mapping's target block; rows are deleted by `key`, the name of a column or several."""

    table: str = Field(min_length=1)
    key: Annotated[tuple[str, ...], BeforeValidator(_column_names)] = ("id",)


class SqlConnector(port.Connector):
    """Reads by (cursor, ID), and writes by upserts on the match key.

    Attributes:
        modes: what an extraction may name.
        slices: its SQL may hold `a[1:n]`, in which `n` is a column and no unknown name.
        tokens: what may hide a name or a semicolon in its SQL.
        tables_sql: gives the names of tables and views as `name`.
        quoted: makes SQL of a table's name.
    """

    modes: ClassVar[tuple[ExtractionMode, ...]] = ()
    slices: ClassVar[bool] = False
    tokens: ClassVar[re.Pattern[str]] = TOKENS
    quoted = staticmethod(table_name)
    tables_sql: ClassVar[str] = (
        "select concat(table_schema, '.', table_name) as name from information_schema.tables "
        "where table_schema not in ('pg_catalog', 'information_schema', 'sys')"
    )
    target_settings = TableTarget
    capabilities = port.Capabilities(
        source=True,
        target=True,
        idempotent_upsert=True,
        bulk_size=5000,
        reads_keys=False,
        reads_columns=True,
        lookup=True,
        composite_key=True,
    )

    @classmethod
    def extraction_problems(cls, extraction: Extraction, /) -> list[Problem]:
        """Name every mistake of a mapping's extraction block."""
        if extraction.mode not in cls.modes:
            *others, last = [f"`{mode}`" for mode in cls.modes]
            message = f"{cls.title} reads {', '.join(others)} or {last}"
            return [Problem("$.extraction.mode", message)]
        problems = [
            Problem(f"$.extraction.options.{name}", f"{cls.title} has no such option; it has none")
            for name in sorted(extraction.options)
        ]
        if extraction.paging:
            problems.append(Problem("$.extraction.paging", f"{cls.title} needs no paging"))
        problems += cursor_problems(extraction)
        if extraction.mode is ExtractionMode.SQL:
            sql, known = extraction.sql or "", ["cursor", "ids", *extraction.parameters]
            names = not (cls.slices and "[" in sql)
            problems += sql_problems(sql, known, names=names, tokens=cls.tokens)
        return problems

    def reads_in_order(self, extraction: Extraction) -> bool:
        """Tell whether records come by (cursor, ID): always, by the query's own `order by`."""
        return True

    async def tables(self) -> list[str]:
        """Return the tables and views that the profile's user may see, by name."""
        named = Extraction(mode=ExtractionMode.SQL, sql=self.tables_sql, id_column="name")
        asked = port.ExtractRequest(named, limit=port.MOST_TABLES, page_size=port.MOST_TABLES)
        async with aclosing(self.extract(asked)) as pages:  # type: ignore[type-var] # a generator
            return [name async for page in pages for name in page.ids]

    async def count(self, extraction: Extraction) -> int | None:
        """Have the rows of a table or query counted; what a procedure gives is not known."""
        if extraction.mode is ExtractionMode.PROCEDURE:
            return None
        what = (
            type(self).quoted(extraction.table or "")
            if extraction.mode is ExtractionMode.CONFIG
            else f"({one_statement(extraction.sql or '')}\n) c"
        )
        counted = Extraction(
            mode=ExtractionMode.SQL,
            sql=f'select count(*) as "n" from {what}',
            id_column="n",
            parameters=extraction.parameters,
        )
        async with aclosing(self.extract(port.ExtractRequest(counted))) as pages:  # type: ignore[type-var] # a generator
            async for page in pages:
                return int(page.ids[0])
        return None

    async def describe_target(
        self, target: Mapping[str, object], /
    ) -> list[port.SourceColumn] | None:
        """Return the columns of the target table, with their types."""
        table = read(TableTarget, target, TARGET).table
        return await self.describe(Extraction(table=table, id_column="id"))
