"""What is true of every connector to a SQL database."""

from __future__ import annotations

from typing import ClassVar

from syncline.connectors import port
from syncline.connectors.sql.settings import TableTarget, extraction_problems
from syncline.domain.errors import Problem
from syncline.domain.mapping.extraction import Extraction, ExtractionMode


class SqlConnector(port.Connector):
    """Reads by (cursor, ID), and writes by upserts on the match key.

    Attributes:
        modes: what an extraction may name.
        slices: its SQL may hold `a[1:n]`, in which `n` is a column.
    """

    modes: ClassVar[tuple[ExtractionMode, ...]] = ()
    slices: ClassVar[bool] = False
    target_settings = TableTarget
    capabilities = port.Capabilities(
        source=True,
        target=True,
        idempotent_upsert=True,
        bulk_size=5000,
        lookup=True,
        composite_key=True,
    )

    @classmethod
    def extraction_problems(cls, extraction: Extraction, /) -> list[Problem]:
        """Name every mistake of a mapping's extraction block."""
        return extraction_problems(cls.title, extraction, cls.modes, slices=cls.slices)

    def reads_in_order(self, extraction: Extraction) -> bool:
        """Tell whether records come by (cursor, ID): always, by the query's own `order by`."""
        return True
