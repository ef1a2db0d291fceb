"""A JSON array as a file: read an element after the other, a bad one fails alone."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.file import json_rows
from syncline.connectors.port import ConnectorError, ExtractRequest
from syncline.domain.mapping.extraction import Extraction
from tests.support.csv_files import bad, connector, good, read

NAME = "items.json"


@pytest.mark.parametrize(
    "data",
    [
        b'[{"id":"1"},{"id":"2"}]',
        b'\xef\xbb\xbf\n [ {"id":"1"}\r\n,\t{"id":"2"} ] \n\n',
        b'[\n  {\n    "id": "1",\n    "tags": [["a"], {"b": "]}"}]\n  },\n  {"id": "2"}\n]\n',
        b'[{"id":"1","t":"a\\"],[\\\\"},{"id":"2","t":"{["}]',
    ],
)
@pytest.mark.parametrize("block", [1, 2, 7, 10_000])
@pytest.mark.parametrize("size", [1, 100])
async def test_an_array_is_read_wherever_its_blocks_end(
    tmp_path: Path, data: bytes, block: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rows, "BLOCK", block)
    pages = await read(tmp_path, data, table=NAME, size=size)

    assert (good(pages), bad(pages)) == (["1", "2"], [])


@pytest.mark.parametrize(
    "element",
    [b"17", b"null", b'"text, ]"', b"[1,[2]]", b"{]", b"{'id':3}", b'{"id":"\xff"}', b"", b"NaN",
     b'{"id":"\\ud800"}', b'{"id":' + b"[" * 5000 + b"]" * 5000 + b"}"],
)  # fmt: skip
async def test_an_element_that_is_no_object_fails_alone(tmp_path: Path, element: bytes) -> None:
    data = b'[{"id":"1"},' + element + b',{"id":3}]'
    pages = await read(tmp_path, data, table=NAME)

    assert good(pages) == ["1", "3"]
    ((code, message),) = bad(pages)
    assert code == "invalid_json"
    assert message.startswith("element 2 is no JSON object")


@pytest.mark.parametrize("data", [b"[]", b" [\n]\n", b"\xef\xbb\xbf[ ]"])
async def test_an_empty_array_has_no_records(tmp_path: Path, data: bytes) -> None:
    assert await read(tmp_path, data, table=NAME) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[", "file_incomplete"),
        (b'[{"id":1}', "file_incomplete"),
        (b'[{"id":1},', "file_incomplete"),
        (b'[{"id":1},{"id":', "file_incomplete"),
        (b'[{"id":1},{"id":"2}]', "file_incomplete"),
        (b'[{"id":1}]{"id":2}', "invalid_json"),
        (b'[{"id":1}]\n[{"id":2}]', "invalid_json"),
        (b'[{"id":1}}]', "invalid_json"),
        (b'[{"id":"' + b"x" * 5_000_000 + b'"}]', "record_too_large"),
    ],
)
async def test_an_array_that_cannot_be_taken_apart_is_refused(
    tmp_path: Path, data: bytes, code: str
) -> None:
    with pytest.raises(ConnectorError) as caught:
        await read(tmp_path, data, table=NAME)
    assert caught.value.failure.code == code


@pytest.mark.parametrize("block", [1000, 10_000_000])
async def test_an_array_goes_on_behind_any_page(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rows, "BLOCK", block)
    elements = [b'{"id":%d,"name":"%s"}' % (n, b"]x[" * (n % 37)) for n in range(500)]
    pages = await read(tmp_path, b"[" + b",\n".join(elements) + b"]", table=NAME, size=60)
    extraction = Extraction(id_column="id", table=NAME)

    for place, page in enumerate(pages, 1):
        request = ExtractRequest(extraction, position=page.position)
        rest = [p async for p in connector(tmp_path).extract(request)]
        assert good(rest) == [str(n) for n in range(60 * place, 500)]


async def test_a_long_array_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(
        b"[" + b",".join(b'{"id":%d,"n":"%s"}' % (n, b"x" * 1000) for n in range(10_000)) + b"]"
    )
    request: Any = ExtractRequest(Extraction(id_column="id", table=NAME), page_size=100)
    tracemalloc.start()
    try:
        count = 0
        async for page in connector(tmp_path).extract(request):
            count += len(page.ids)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == 10_000
    assert most < 5_000_000
