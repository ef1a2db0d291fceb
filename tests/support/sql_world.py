"""What the suites of connectors to SQL databases share: their items, and what cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from syncline.connectors.port import Connector, ExtractRequest, Page
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from tests.support.ports import free_port

SECRET = "sesame-9f2"
ITEMS = Extraction(table="items", id_column="id", cursor_column="changed")


def by_sql(text: str) -> Extraction:
    """Return an extraction of a person's SQL."""
    return Extraction(id_column="id", mode=ExtractionMode.SQL, sql=text)


def unanswerable(syntax_error: str) -> list[tuple[Extraction, str]]:
    """Return extractions that the database refuses, each with a word of its error.

    Args:
        syntax_error: the database's words for SQL that is none.
    """
    return [
        (Extraction(id_column="id", table="nothing_there"), "nothing_there"),
        (Extraction(table="items", id_column="no_id"), "no_id"),
        (Extraction(id_column="id", table="items", cursor_column="no_cursor"), "no_cursor"),
        (Extraction(id_column="id", table="items", columns=("no_column",)), "no_column"),
        (by_sql("selec 1"), syntax_error),
    ]


def broken(
    connector_to: Callable[..., Connector], url: str, *, sslmode: str
) -> Sequence[tuple[Connector, str]]:
    """Return connectors that cannot reach a database server's data, each with the part that fails.

    Args:
        connector_to: makes a connector of a URL and settings that differ from it.
        sslmode: one that the server does not meet.
    """
    return [
        (connector_to(url, port=free_port()), "host"),
        (connector_to(url, password=SECRET), "login"),
        (connector_to(url, user="nobody", password=SECRET), "login"),
        (connector_to(url, database="t_no_such_database"), "data"),
        (connector_to(url, sslmode=sslmode), "tls"),
    ]


class ReadDatabase:
    """Reads of one database, as tests compare them."""

    connector: Connector

    async def pages(self, extraction: Extraction, **said: Any) -> list[Page]:
        return [p async for p in self.connector.extract(ExtractRequest(extraction, **said))]

    async def ids(self, extraction: Extraction, **said: Any) -> list[str]:
        return [i for page in await self.pages(extraction, **said) for i in page.ids]

    async def records(self, extraction: Extraction) -> list[Any]:
        """Return records as they travel."""
        pages = await self.pages(extraction)
        made = [record for page in pages for record in page.records.records()]
        return [decoder_of(object).decode(encode(record)) for record in made]
