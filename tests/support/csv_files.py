"""Files for the file connector: written into a folder, read as pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from syncline.connectors.file import FileConnector
from syncline.connectors.port import ExtractRequest, Page, Surroundings
from syncline.domain.mapping.extraction import Extraction


def connector(root: Path) -> FileConnector:
    """Return a connector whose folder is `root`."""
    return FileConnector({"folder": str(root)}, {}, Surroundings(folders=(str(root),)))


async def read(root: Path, data: bytes, *, size: int = 100, **said: Any) -> list[Page]:
    """Write a file and read all its pages; `said` is the extraction. Raises ConnectorError."""
    extraction = Extraction(**({"table": "items.csv", "id_column": "id"} | said))
    (root / (extraction.table or "")).write_bytes(data)
    request = ExtractRequest(extraction, page_size=size)
    return [page async for page in connector(root).extract(request)]


def good(pages: list[Page]) -> list[str]:
    """Return the IDs of the records that could be read."""
    return [i for p in pages for n, i in enumerate(p.ids) if n not in p.bad]


def bad(pages: list[Page]) -> list[tuple[str, str]]:
    """Return code and message of every row that is no record."""
    return [(f.code, f.message) for page in pages for _, f in sorted(page.bad.items())]
