"""Files that gzip has packed: read as they would be without it, within limits."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from syncline.connectors.file import packed
from syncline.connectors.port import ConnectorError, ExtractRequest
from syncline.domain.mapping.extraction import Extraction
from tests.support.csv_files import bad, connector, good, read

CSV = b"id,name\n1,one\n2,two\n3,three\n"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("items.csv.gz", gzip.compress(CSV)),
        ("items.tsv.gz", gzip.compress(CSV.replace(b",", b"\t"))),
        ("ITEMS.CSV.GZ", gzip.compress(CSV[:9]) + gzip.compress(CSV[9:])),
        ("items.csv", gzip.compress(CSV)),
        ("items.csv.gz", CSV),
        ("items.csv.gz", gzip.compress(CSV) + b"\0" * 512),
        ("items.jsonl.gz", gzip.compress(b'{"id":1}\n{"id":2}\n{"id":3}\n')),
        ("items.json.gz", gzip.compress(b'[{"id":1},{"id":2},{"id":3}]')),
    ],
)
async def test_what_is_packed_is_read(tmp_path: Path, name: str, data: bytes) -> None:
    pages = await read(tmp_path, data, table=name, size=2)

    assert (good(pages), bad(pages)) == (["1", "2", "3"], [])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (gzip.compress(os.urandom(100_000))[:-70_000], "file_incomplete"),
        (gzip.compress(CSV)[:-9], "file_incomplete"),
        (gzip.compress(CSV)[:-8] + b"\0" * 8, "invalid_gzip"),
        (gzip.compress(CSV) + b"more", "invalid_gzip"),
        (b"\x1f\x8b" + b"x" * 100, "invalid_gzip"),
        (b"\x1f\x8b", "file_incomplete"),
    ],
)
async def test_what_is_broken_fails_the_read(tmp_path: Path, data: bytes, code: str) -> None:
    with pytest.raises(ConnectorError) as caught:
        await read(tmp_path, data, table="items.csv.gz")
    assert caught.value.failure.code == code


async def test_a_bomb_is_not_unpacked_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "ALWAYS", 1_000_000)
    bomb = gzip.compress(b"id,name\n" + b"x" * 3_000_000)

    with pytest.raises(ConnectorError, match="more than 250 times its own bytes") as caught:
        await read(tmp_path, bomb, table="items.csv.gz")
    assert caught.value.failure.code == "file_too_large"


async def test_rows_behind_a_broken_one_are_read_again_from_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    begin = packed._Contents._begin

    def note(contents: packed._Contents) -> None:
        begun.append(contents)
        begin(contents)

    monkeypatch.setattr(packed._Contents, "_begin", note)
    rows = b"".join(b'%d,"a\n' % n + b"%d,b\n" % (1000 + n) for n in range(50))
    long = b"".join(b"x%d,%s\n" % (n, b"y" * 900_000) for n in range(20))
    pages = await read(tmp_path, gzip.compress(b"id,name\n" + long + rows), table="items.csv.gz")

    assert [i for i in good(pages) if i[0] != "x"] == [str(1000 + n) for n in range(50)]
    assert {code for code, _ in bad(pages)} == {"invalid_row"}
    assert len(begun) == 1


async def test_a_packed_file_goes_on_behind_any_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "KEPT", 1000)
    rows = b"".join(b'%d,"%s\n%s"\n' % (n, b"x" * (n % 97), b"y" * 300) for n in range(3000))
    pages = await read(tmp_path, gzip.compress(b"id,name\n" + rows), table="i.csv.gz", size=700)
    extraction = Extraction(id_column="id", table="i.csv.gz")

    for place, page in enumerate(pages, 1):
        request = ExtractRequest(extraction, position=page.position)
        rest = [p async for p in connector(tmp_path).extract(request)]
        assert (good(rest), bad(rest)) == ([str(n) for n in range(700 * place, 3000)], [])
