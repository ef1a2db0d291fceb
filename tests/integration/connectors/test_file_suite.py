"""The file connector does what the port promises: CSV, JSON and Excel in, CSV and XML out."""

from __future__ import annotations

import csv
import gzip
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.file import FileConnector
from syncline.connectors.port import Connector, Surroundings
from syncline.contracts.messages import encode
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.connectors.connections import ConnectorSuite, said
from syncline.testing.connectors.reads import Source, dated, pages_of
from syncline.testing.connectors.source_faults import DriftSuite, HostileSuite
from syncline.testing.connectors.sources import SourceSuite
from syncline.testing.connectors.targets import TargetSuite
from tests.support.excel_files import write_sheet
from tests.support.one_world import OneWorld

HOSTILE = {
    "csv": {
        "a row with too many cells": (b"0004,", b"0004,x,y,z,"),
        "a row with too few": (b"Item 4,4.50,4,", b"Item 4,"),
        "a quote that is never closed": (b"Item 4", b'"Item 4'),
        "bytes that are no text": (b"Item 4", b"\xff\xfe\x80"),
        "a NUL": (b"Item 4", b"It\0em 4"),
    },
    "jsonl": {
        "half a line": (b'"id":"0004"', b'"id":"0004'),
        "a line that is no record": (b"\n{", b"\n[1, 2]\n{"),
        "bytes that are no text": (b"Item 4", b"\xff\xfe\x80"),
    },
}
"""What is changed in a file: old bytes and new ones."""
FIELDS = ["id", "name", "amount", "count", "changed"]


class FileWorld:
    """A folder of files."""

    ending = "csv"
    secret = None
    extraction = Extraction(id_column="id", table="items.csv", cursor_column="changed")
    texts: frozenset[str] = frozenset({"bell"})
    options = {"path": "items-{correlationId}.csv"}
    elsewhere = {"path": "nothing_there/../../{correlationId}.csv"}
    refused = {"name": "a\0b"}
    keeps_one = False
    deletes = False
    cannot_hold = frozenset({"nul"})

    def __init__(self, root: Path) -> None:
        self.root = root
        self.connector = self.connector_to(root / "files", root)
        self.unanswerable: Any = [
            (Extraction(id_column="id", table="nothing_there.csv"), "nothing_there"),
            (Extraction(table=self.extraction.table, id_column="no_id"), "no_id"),
            (
                Extraction(id_column="id", table=self.extraction.table, cursor_column="no_cursor"),
                "no_cursor",
            ),
            (
                Extraction(id_column="id", table=self.extraction.table, columns=("no_column",)),
                "no_column",
            ),
        ]
        (root / "files").mkdir()

    @staticmethod
    def connector_to(folder: Path, *allowed: Path) -> FileConnector:
        surroundings = Surroundings(folders=tuple(map(str, allowed)))
        return FileConnector({"folder": str(folder)}, {}, surroundings)

    def broken(self) -> Sequence[tuple[Connector, str]]:
        return [
            (self.connector_to(self.root / "files"), "permission"),
            (self.connector_to(self.root / "files", self.root / "others"), "permission"),
            (self.connector_to(self.root / "nowhere", self.root), "data"),
        ]

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        with self._items.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(FIELDS)
            for r in records:
                changed = r["changed"].isoformat() if r["changed"] else None
                amount = None if r["amount"] is None else f"{r['amount']:f}"
                rows.writerow([r["id"], r["name"], amount, r["count"], changed])

    @property
    def hostilities(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {name: self._beginning(*change) for name, change in HOSTILE[self.ending].items()}

    def _beginning(self, old: bytes, new: bytes) -> Callable[[], Awaitable[None]]:
        async def begin() -> None:
            content = self._items.read_bytes()
            assert old in content
            self._items.write_bytes(content.replace(old, new, 1))

        return begin

    @property
    def _items(self) -> Path:
        return self.root / "files" / f"items.{self.ending}"

    def _rewrite(self, change: Callable[[dict[str, Any]], object]) -> None:
        with self._items.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            change(row)
        with self._items.open("w", encoding="utf-8", newline="") as file:
            lines = csv.DictWriter(file, list(rows[0]))
            lines.writeheader()
            lines.writerows(rows)

    async def drop(self, column: str) -> None:
        self._rewrite(lambda row: row.pop(column))

    async def add(self, column: str) -> None:
        self._rewrite(lambda row: row.update({column: "new"}))

    def written(self) -> list[Path]:
        return list((self.root / "files").glob("items-*"))

    async def rows(self) -> list[dict[str, Any]]:
        text = "".join(p.read_bytes().decode() for p in self.written())
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


class JsonAndXml(FileWorld):
    """The same with the other formats."""

    ending = "jsonl"
    extraction = Extraction(id_column="id", table="items.jsonl", cursor_column="changed")
    texts = frozenset({"bell", "nul"})
    options = {"path": "items-{correlationId}.xml"}
    refused = {"name": "a\x07b"}
    cannot_hold = frozenset({"nul", "bell"})

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.unanswerable = self.unanswerable[:1]  # a JSON object may lack anything

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        lines = [encode(record) + b"\n" for record in records]
        self._items.write_bytes(b"".join(lines))

    def _rewrite(self, change: Callable[[dict[str, Any]], object]) -> None:
        rows = [json.loads(line) for line in self._items.read_bytes().splitlines()]
        for row in rows:
            change(row)
        self._items.write_bytes(b"".join(encode(row) + b"\n" for row in rows))

    async def rows(self) -> list[dict[str, Any]]:
        if not self.written():
            return []
        items = ET.parse(self.written()[0]).getroot()
        assert items.tag == "items"
        return [{e.tag: e.text or "" for e in item} for item in items]


class PackedArray(FileWorld):
    """One array of objects, packed by gzip."""

    extraction = Extraction(id_column="id", table="items.json.gz", cursor_column="changed")
    texts = frozenset({"bell", "nul"})

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.unanswerable = self.unanswerable[:1]

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        data = b"[" + b",\n".join(encode(record) for record in records) + b"]"
        (self.root / "files" / "items.json.gz").write_bytes(gzip.compress(data))


class Excel(FileWorld):
    """A sheet. Numbers are cells of text: Excel keeps 15 of their digits."""

    extraction = Extraction(id_column="id", table="items.xlsx", cursor_column="changed")

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        rows = [
            [
                *[None if r[n] is None else said(r[n]) for n in FIELDS[:4]],
                r["changed"] and r["changed"].replace(tzinfo=None),
            ]
            for r in records
        ]
        write_sheet(self.root / "files" / "items.xlsx", [FIELDS, *rows])


def _mode(mode: ExtractionMode) -> Extraction:
    return Extraction(id_column="id", mode=mode, table="x.csv", sql="select 1")


def _with(table: str = "x.csv", **options: Any) -> Extraction:
    return Extraction(id_column="id", table=table, options=options)


class TestCsv(
    OneWorld[FileWorld], ConnectorSuite, SourceSuite, DriftSuite, HostileSuite, TargetSuite
):
    system = "file"
    kind = FileConnector
    good_config = {"folder": "/srv/files"}
    wrong_configs = [
        ({"folder": ...}, {}, "$.config.folder"),
        ({"folder": "files"}, {}, "$.config.folder"),
        ({"folder": 3}, {}, "$.config.folder"),
        ({"fodler": "x"}, {}, "$.config.fodler"),
        ({}, {"password": "x"}, "$.secrets.password"),
    ]
    wrong_mappings = [
        (_mode(ExtractionMode.SQL), None, "$.extraction.mode"),
        (_with(delimiter=";;"), None, "$.extraction.options.delimiter"),
        (_with(quote=1), None, "$.extraction.options.quote"),
        (_with(encoding="utf-16"), None, "$.extraction.options.encoding"),
        (_with(encoding="klingon"), None, "$.extraction.options.encoding"),
        (_with(header="no"), None, "$.extraction.options.header"),
        (_with(header=False), None, "$.extraction.columns"),
        (_with(format="word"), None, "$.extraction.options.format"),
        (_with(fromat="csv"), None, "$.extraction.options.fromat"),
        (_with("items.xml"), None, "$.extraction.table"),
        (_with("items.xml.gz"), None, "$.extraction.table"),
        (_with(sheet="Items"), None, "$.extraction.options.sheet"),
        (_with("items.xlsx", sheet=0), None, "$.extraction.options.sheet"),
        (_with("items.xlsx", sheet=""), None, "$.extraction.options.sheet"),
        (_with("items.xlsx", headerRow=0), None, "$.extraction.options.headerRow"),
        (_with("items.xlsx", delimiter=";"), None, "$.extraction.options.delimiter"),
        (None, {}, "$.transformation.target.path"),
        (None, {"path": "items.csv"}, "$.transformation.target.path"),
        (None, {"path": "../{correlationId}.csv"}, "$.transformation.target.path"),
        (None, {"path": "/tmp/{correlationId}.csv"}, "$.transformation.target.path"),
        (None, {"path": "{correlationId}-{date}.csv"}, "$.transformation.target.path"),
        (None, {"path": "{correlationId}.jsonl"}, "$.transformation.target.path"),
        (None, {"path": "{correlationId}.xlsx"}, "$.transformation.target.path"),
        (None, {"path": "{correlationId}.csv.gz"}, "$.transformation.target.path"),
        (None, {"path": "{correlationId}.csv", "header": 1}, "$.transformation.target.header"),
        (None, {"path": "{correlationId}.csv", "x": 1}, "$.transformation.target.x"),
    ]  # fmt: skip

    @pytest.fixture
    def world(self, tmp_path: Path) -> FileWorld:
        return FileWorld(tmp_path)


class TestPackedArray(ConnectorSuite, SourceSuite):
    kind = FileConnector
    good_config = TestCsv.good_config
    wrong_configs = ()
    wrong_mappings = ()

    @pytest.fixture
    def world(self, tmp_path: Path) -> FileWorld:
        return PackedArray(tmp_path)

    @pytest.fixture
    def source(self, world: FileWorld) -> FileWorld:
        return world


class TestExcel(TestPackedArray):
    @pytest.fixture
    def world(self, tmp_path: Path) -> FileWorld:
        return Excel(tmp_path)

    async def test_empty_text_and_null_are_read(self, source: Source) -> None:
        await source.fill([dated(1, 1, name=""), dated(2, 2, amount=None)])

        (page,) = await pages_of(source)

        assert page.records.column("name") == [None, "Item 2"]  # an empty cell has no value
        assert page.records.column("amount") == ["1.50", None]


class TestJsonAndXml(TestCsv):
    @pytest.fixture
    def world(self, tmp_path: Path) -> FileWorld:
        return JsonAndXml(tmp_path)
