"""Files out: what a format can say, once each, whatever a crash leaves behind."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.file import FileConnector
from syncline.connectors.port import ConnectorError, Surroundings, WriteBatch, WriteResult
from syncline.contracts.messages import encode

CSV = {"path": "items-{correlationId}.csv"}
XML = {"path": "items-{correlationId}.xml"}


def connector(root: Path) -> FileConnector:
    return FileConnector({"folder": str(root)}, {}, Surroundings(folders=(str(root),)))


def batch(
    records: Sequence[dict[str, Any]], options: dict[str, Any], run: str = "r1"
) -> WriteBatch:
    fields = tuple(dict.fromkeys(name for record in records for name in record))
    payloads = [encode(record) for record in records]
    keys = [f"{abs(hash(payload)):032x}" for payload in payloads]
    ids = [str(n) for n in range(len(records))]
    nothing: list[str | None] = [None] * len(ids)
    return WriteBatch("t", "item", run, ids, payloads, nothing, keys, ("id",), options, fields)


async def write(
    root: Path, records: Sequence[dict[str, Any]], options: dict[str, Any], **more: Any
) -> WriteResult:
    return await connector(root).write(batch(records, options, **more))


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def one(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def test_records_of_the_suite_have_different_keys() -> None:
    assert len(set(batch([{"id": n} for n in range(50)], CSV).keys)) == 50


async def test_the_header_is_the_mappings_target_paths_in_their_order(tmp_path: Path) -> None:
    bulk = batch([{"a": {"z": 1, "b": None}, "lines": [{"sku": "x"}], "on": True}], CSV)
    bulk.fields = ("on", "a.z", "a.b", "lines[].sku", "lines[].count")

    await connector(tmp_path).write(bulk)

    text = (tmp_path / "items-r1.csv").read_text()
    assert text == 'on,a.z,a.b,lines\ntrue,1,,"[{""sku"":""x""}]"\n'


async def test_a_heading_is_the_key_and_not_its_quoted_path(tmp_path: Path) -> None:
    bulk = batch([{"Qty [pcs]": 1, "tags": ["x"]}], CSV)
    bulk.fields = ('["Qty [pcs]"]', "tags[0]")
    await connector(tmp_path).write(bulk)
    assert (tmp_path / "items-r1.csv").read_text() == 'Qty [pcs],tags\n1,"[""x""]"\n'


async def test_each_run_has_a_file_of_its_own_also_in_folders_of_its_own(tmp_path: Path) -> None:
    for run in ("r1", "r2"):
        options = {"path": "{entityType}/{correlationId}/out.csv"}
        await write(tmp_path, [{"id": run}], options, run=run)

    assert (tmp_path / "item" / "r1" / "out.csv").read_text() == "id\nr1\n"
    assert (tmp_path / "item" / "r2" / "out.csv").read_text() == "id\nr2\n"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, b"id,name\n1,\xc3\xa9;x\n"),
        ({"delimiter": ";"}, b'id;name\n1;"\xc3\xa9;x"\n'),
        ({"encoding": "cp1252"}, b"id,name\n1,\xe9;x\n"),
        ({"encoding": "utf-8-sig"}, b"\xef\xbb\xbfid,name\n1,\xc3\xa9;x\n"),
        ({"header": False}, b"1,\xc3\xa9;x\n"),
    ],
)
async def test_csv_is_written_as_the_mapping_says(
    tmp_path: Path, said: dict[str, Any], expected: bytes
) -> None:
    await write(tmp_path, [{"id": 1, "name": "é;x"}], CSV | said)

    assert (tmp_path / "items-r1.csv").read_bytes() == expected


async def test_a_character_the_encoding_lacks_fails_its_record_alone(tmp_path: Path) -> None:
    records = [{"id": 1, "name": "日"}, {"id": 2, "name": "é"}]

    result = await write(tmp_path, records, CSV | {"encoding": "latin-1"})

    assert {n: f.code for n, f in result.failures.items()} == {0: "invalid_encoding"}
    assert (tmp_path / "items-r1.csv").read_bytes() == b"id,name\n2,\xe9\n"


async def test_formulas_are_escaped_where_that_is_asked_and_numbers_never(tmp_path: Path) -> None:
    record = {"a": "=SUM(A1)", "b": "+49", "c": "-x", "d": "@x", "e": -5, "f": Decimal("-1.5")}

    await write(tmp_path, [record], CSV | {"escapeFormulas": True, "header": False})

    assert (tmp_path / "items-r1.csv").read_text() == "'=SUM(A1),'+49,'-x,'@x,-5,-1.5\n"


async def test_xml_nests_and_escapes(tmp_path: Path) -> None:
    record = {"a": {"b": "<&>\r\n", "c": None, "d": ""}, "l": [{"x": 1}, "y", []], "on": False}

    await write(tmp_path, [record], XML)

    assert (tmp_path / "items-r1.xml").read_bytes().decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<items>\n'
        "  <item><a><b>&lt;&amp;&gt;&#13;\n</b><c/><d></d></a>"
        "<l><item><x>1</x></item><item>y</item><item></item></l><on>false</on></item>\n"
        "</items>\n"
    )


@pytest.mark.parametrize("name", ["1a", "a b", "a:b", "<x", "", "²"])
async def test_a_name_that_xml_has_not_fails_its_record_alone(tmp_path: Path, name: str) -> None:
    result = await write(tmp_path, [{"id": 1, name: 2}, {"id": 3}], XML)

    assert {n: f.code for n, f in result.failures.items()} == {0: "invalid_name"}
    assert len(ET.parse(tmp_path / "items-r1.xml").getroot()) == 1


@pytest.mark.parametrize("options", [CSV, XML], ids=["csv", "xml"])
@pytest.mark.parametrize("torn", [b"", b"3,thr", b"<item><id>3", b"\0" * 5000])
@pytest.mark.parametrize("noted", [b"", b'{"goodTo":99', b"\0" * 100])
async def test_what_a_crash_left_is_cut_off_and_written_once(
    tmp_path: Path, options: dict[str, Any], torn: bytes, noted: bytes
) -> None:
    records = [{"id": n} for n in range(5)]
    await write(tmp_path, records[:3], options)
    path = one(tmp_path, "items-*")
    journal = one(tmp_path, ".*")
    with path.open("ab") as file, journal.open("ab") as lines:
        file.write(torn)
        lines.write(noted)

    await write(tmp_path, records, options)
    (tmp_path / "again").mkdir()
    await write(tmp_path / "again", records, options)

    assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


async def test_a_file_that_is_there_already_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "items-r1.csv").write_text("precious")

    for _ in range(2):
        with pytest.raises(ConnectorError, match="is there already"):
            await write(tmp_path, [{"id": 1}], CSV)

    assert names(tmp_path) == ["items-r1.csv"]
    assert (tmp_path / "items-r1.csv").read_text() == "precious"


@pytest.mark.parametrize("harm", [Path.unlink, lambda p: p.write_text("i")])
async def test_a_file_that_was_taken_away_or_cut_is_named(tmp_path: Path, harm: Any) -> None:
    same = connector(tmp_path)
    await same.write(batch([{"id": 1}], CSV))
    harm(tmp_path / "items-r1.csv")

    for writer in (same, connector(tmp_path)):
        with pytest.raises(ConnectorError, match="taken away or cut"):
            await writer.write(batch([{"id": 2}], CSV))


async def test_a_journal_that_was_taken_away_never_costs_the_file(tmp_path: Path) -> None:
    same = connector(tmp_path)
    await same.write(batch([{"id": 1}], CSV))
    one(tmp_path, ".*").unlink()

    with pytest.raises(ConnectorError, match="is there already"):
        await same.write(batch([{"id": 2}], CSV))

    assert (tmp_path / "items-r1.csv").read_text() == "id\n1\n"


async def test_a_journal_that_is_broken_in_its_middle_never_costs_the_file(tmp_path: Path) -> None:
    for number in range(3):
        await write(tmp_path, [{"id": number}], CSV)
    journal = one(tmp_path, ".*")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([lines[0], lines[1], b"\0" * 20 + b"\n", *lines[3:]]))

    with pytest.raises(ConnectorError, match=r"journal .* is damaged"):
        await write(tmp_path, [{"id": 4}], CSV)

    assert (tmp_path / "items-r1.csv").read_text() == "id\n0\n1\n2\n"


async def test_a_link_out_of_the_folder_is_not_written_through(tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir()
    (root / "out").symlink_to(tmp_path)
    (root / "items-r1.csv").symlink_to(tmp_path / "victim.csv")

    for options in (CSV, {"path": "out/{correlationId}.csv"}):
        with pytest.raises(ConnectorError, match="leads out"):
            await write(root, [{"id": 1}], options)
    assert names(tmp_path) == ["files"]
