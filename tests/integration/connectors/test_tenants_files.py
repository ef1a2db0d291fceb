"""Files of one tenant are out of reach for the profiles of another."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from syncline.bootstrap.settings import Settings
from syncline.connectors.file import FileConnector
from syncline.connectors.port import Connector, ConnectorError, ExtractRequest, Surroundings
from syncline.connectors.sqlite import SqliteConnector
from syncline.domain.mapping.extraction import Extraction

FILE = Extraction(table="items.csv", id_column="id")
TABLE = Extraction(table="items", id_column="id")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An operator's folder with files of three tenants; `default` has its own beside the others."""
    for folder in ("own", "tenants/acme", "tenants/acme-2", "tenants/default"):
        (tmp_path / "files" / folder).mkdir(parents=True)
        (tmp_path / "files" / folder / "items.csv").write_text(f"id\n{folder}\n")
    return tmp_path / "files"


def around(root: Path, tenant: str) -> Surroundings:
    return Settings(files_roots=str(root)).surroundings(tenant)


async def ids(connector: Connector, extraction: Extraction) -> list[str]:
    pages = [page async for page in connector.extract(ExtractRequest(extraction))]
    return [i for page in pages for i in page.ids]


async def in_files(root: Path, tenant: str, folder: str, table: str = "items.csv") -> list[str]:
    connector = FileConnector({"folder": str(root / folder)}, {}, around(root, tenant))
    return await ids(connector, Extraction(table=table, id_column="id"))


async def test_each_tenant_has_its_folder(root: Path) -> None:
    assert await in_files(root, "acme", "tenants/acme") == ["tenants/acme"]
    assert await in_files(root, "acme-2", "tenants/acme-2") == ["tenants/acme-2"]
    for folder in (".", "own", "tenants", "tenants/acme-2", "tenants/acme/../acme-2"):
        with pytest.raises(ConnectorError, match="is not allowed"):
            await in_files(root, "acme", folder)


async def test_the_tenant_default_keeps_all_that_no_other_has(root: Path) -> None:
    (root / "items.csv").write_text("id\nabove\n")
    assert await in_files(root, "default", ".") == ["above"]
    assert await in_files(root, "default", "own") == ["own"]
    assert await in_files(root, "default", ".", "own/items.csv") == ["own"]
    for folder in ("tenants", "tenants/acme", "own/../tenants/acme"):
        with pytest.raises(ConnectorError, match="is not allowed"):
            await in_files(root, "default", folder)
    with pytest.raises(ConnectorError, match="other tenants"):
        await in_files(root, "default", ".", "tenants/acme/items.csv")


async def test_a_link_leads_nowhere_else(root: Path, tmp_path: Path) -> None:
    (root / "own" / "link").symlink_to(root / "tenants" / "acme")
    (root / "own" / "items2.csv").symlink_to(root / "tenants" / "acme" / "items.csv")
    (root / "tenants" / "acme" / "link").symlink_to(root / "tenants" / "acme-2")
    for tenant, folder in (("default", "own/link"), ("acme", "tenants/acme/link")):
        with pytest.raises(ConnectorError, match="is not allowed"):
            await in_files(root, tenant, folder)
    with pytest.raises(ConnectorError, match="other tenants"):
        await in_files(root, "default", ".", "own/items2.csv")


async def test_a_tenants_folder_may_be_a_link_to_another_disk(root: Path) -> None:
    (root / "disk").mkdir()
    (root / "disk" / "items.csv").write_text("id\ndisk\n")
    (root / "tenants" / "far").symlink_to(root / "disk")
    assert await in_files(root, "far", "tenants/far") == ["disk"]
    with pytest.raises(ConnectorError, match="is not allowed"):
        await in_files(root, "default", "disk")


async def test_sqlite_files_are_as_any_other(root: Path) -> None:
    file = root / "tenants" / "acme" / "erp.db"
    with closing(sqlite3.connect(file)) as made:
        made.execute("create table items (id)")
        made.execute("insert into items values ('one')")
        made.commit()
    assert await ids(SqliteConnector({"file": str(file)}, {}, around(root, "acme")), TABLE) == [
        "one"
    ]
    for tenant in ("default", "acme-2"):
        with pytest.raises(ConnectorError, match="is not allowed"):
            await ids(SqliteConnector({"file": str(file)}, {}, around(root, tenant)), TABLE)
