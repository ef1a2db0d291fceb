"""Bodies that are not quite JSON, and answers that came dressed oddly or torn."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from syncline.connectors.http import HttpConnector
from syncline.connectors.port import ConnectorError
from syncline.domain.errors import Category, FailureError, RetriableError
from tests.support.http_world import LOOPBACK
from tests.support.scripted_api import Call, Said, ids_of, item, read, reading, scripted

GOOD = b'{"id": "1", "ts": "2026-05-01T08:00:01Z"}'
LAST = b'{"id": "3", "ts": "2026-05-01T08:00:03Z", "name": "\\ud83d\\ude00 \\u0000"}'
BAD: dict[str, tuple[bytes, str, str]] = {
    "half a character": (b'"name": "cut \\ud83d"', "name", "half a character, \\ud83d"),
    "the other half": (b'"name": "\\ude00 cut"', "name", "half a character, \\ude00"),
    "two first halves": (b'"name": "\\ud83d\\ud83d\\ude00"', "name", "half a character"),
    "NaN": (b'"price": NaN', "price", "'NaN', which is no number"),
    "Infinity": (b'"price": -Infinity', "price", "'-Infinity', which is no number"),
    "a raw control character": (b'"name": "a\x01b"', "name", "control character 0x01"),
    "a raw line end": (b'"name": "a\nb"', "name", "control character 0x0a"),
    "no UTF-8": (b'"name": "M\xfcller"', "name", "0xfc, which is no UTF-8"),
    "surrogates as bytes": (b'"name": "\xed\xa0\xbd"', "name", "0xed, which is no UTF-8"),
    "an escape that is none": (b'"name": "a\\x"', "name", "backslash"),
    "a zero in front": (b'"price": 007', "price", "no number"),
    "a plus in front": (b'"price": +7', "price", "no number"),
    "undefined": (b'"price": undefined', "price", "no value"),
    "too many digits": (b'"price": ' + b"9" * 5000, "price", "no number"),
    "a vast exponent": (b'"price": 1e1000000000000000000000', "price", "no number"),
    "deep inside": (b'"a": {"b": [1, {"c": "\\ud83d"}]}', "a.b[1].c", "half a character"),
    "too deep": (b'"a": ' + b"[" * 3000 + b"]" * 3000, "a", "nested"),
    "no comma": (b'"a": 1 "b": 2', "", "no JSON"),
    "a comma at the end": (b'"a": 1,', "", "no JSON"),
    "a name without quotes": (b'a: 1', "", "no JSON"),
    "brackets in a broken text": (b'"name": "]}\\ud83d[{"', "name", "half a character"),
    "quotes in a broken text": (b'"name": "\\"]\\ud83d\\\\"', "name", "half a character"),
}  # fmt: skip


WRAPPED = (b'{"data" : [%s], "text": "]}"}', b"%s", "data", "")
BARE = (b"[%s]", b"%s", "", "")
GRAPHQL = (
    b'{"data": {"items": {"n": [1], "edges": [%s]}}}', b'{"cursor": "x", "node": %s}',
    "data.items.edges[].node", "node.",
)  # fmt: skip


@pytest.mark.parametrize(("bad", "field", "words"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("form", [WRAPPED, BARE, GRAPHQL], ids=["wrapped", "bare", "graphql"])
async def test_one_bad_record_does_not_stop_the_others(
    bad: bytes, field: str, words: str, form: tuple[bytes, bytes, str, str]
) -> None:
    whole, each, path, inside = form
    second = b'{"id": "2", "ts": "2026-05-01T08:00:02Z", ' + bad + b"}"
    body = whole % b" , ".join(each % record for record in (GOOD, second, LAST))
    async with scripted(lambda _: body) as (_, connector):
        (page,) = await read(connector, reading(options={"records": path}))

    assert page.ids == ["1", "2" if field else "", "3"]
    assert page.records.records()[2]["name"] == "😀 \0"
    assert list(page.bad) == [1]
    failure = page.bad[1]
    assert (failure.category, failure.code) == (Category.PERMANENT, "invalid_record")
    assert words in failure.message
    if field:
        assert failure.field == inside + field
        assert page.cursors[1] == "2026-05-01T08:00:02Z"


async def test_a_page_with_a_bad_record_still_tells_where_the_next_one_is() -> None:
    bad = b'{"id": "2", "ts": "2026-05-01T08:00:02Z", "price": NaN}'
    body = b'{"data": [' + GOOD + b"," + bad + b'], "next": "\\u0061"}'

    def script(call: Call) -> Any:
        return {"data": [item(3)]} if call.query.get("c") == "a" else body

    paging = {"type": "cursor", "parameter": "c", "next": "next"}
    async with scripted(script) as (_, connector):
        assert ids_of(await read(connector, reading(paging))) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"data": [' + GOOD + b'], "next": NaN}', "NaN"),
        (b'{"data": [' + GOOD + b'], next: "x"}', "next"),
        (b'{"data": [' + GOOD + b'}, "x": 1]', "}"),
        (b'{"data": [{"id": "1", "name": "5" pipe"}]}', "pipe"),
        (b'{"data": {"id": "1", "n": NaN}}', "NaN"),
        (GOOD + b"\n" + GOOD, "{"),
        (b"Service unavailable, try later", "Service unavailable"),
        (b')]}\',\n{"data": []}', ")]}"),
    ],
)
async def test_a_page_whose_structure_cannot_be_told_fails_and_names_the_place(
    body: bytes, place: str
) -> None:
    async with scripted(lambda _: Said(body)) as (_, connector):
        with pytest.raises(RetriableError) as caught:
            await read(connector, reading())
    failure = caught.value.failure
    assert failure.code == "unexpected_answer"
    assert place in failure.message
    assert "login page" not in failure.message


@pytest.mark.parametrize("end", range(1, 120, 7))
async def test_a_body_that_is_cut_anywhere_is_a_passing_fault(end: int) -> None:
    body = b'{"data": [' + GOOD + b"," + LAST + b'], "next": null}'
    async with scripted(lambda _: Said(body[:end])) as (_, connector):
        with pytest.raises(RetriableError) as caught:
            await read(connector, reading())
    assert caught.value.failure.code == "unexpected_answer"


async def test_one_bad_record_is_fetched_beside_good_ones_and_is_bad_there_too() -> None:
    bad = b'{"id": "2", "name": "\\ud83d"}'
    body = b'{"data": [' + GOOD + b"," + bad + b"]}"
    fetch = {"endpoint": "/items", "parameters": {"ids": "{ids}"}, "records": "data"}
    async with scripted(lambda _: body) as (_, connector):
        page = await connector.fetch(reading(options={"fetch": fetch}), ["1", "2"])
    assert page.ids == ["1", "2"]
    assert {place: f.field for place, f in page.bad.items()} == {1: "name"}


def _always(said: Said, _: Call) -> Said:
    return said


DATA = b'{"data": [{"id": "1", "ts": "2026-05-01T08:00:01Z", "name": "M\xc3\xbcller"}]}'
LATIN = DATA.decode().encode("latin-1")
IN_PARTS = gzip.compress(DATA[:30], mtime=0) + gzip.compress(DATA[30:], mtime=0)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (DATA, [("Content-Encoding", "UTF-8")]),
        (LATIN, [("Content-Type", "application/json; charset=ISO-8859-1")]),
        (IN_PARTS, [("Content-Encoding", "gzip")]),
        (zlib.compress(DATA)[2:-4], [("Content-Encoding", "deflate")]),
        (gzip.compress(DATA, mtime=0), []),
        (gzip.compress(zlib.compress(DATA), mtime=0), [("Content-Encoding", "deflate, gzip")]),
        (b"\xef\xbb\xbf" + DATA, []),
        (DATA.decode().encode("utf-16"), [("Content-Type", "application/json; charset=utf-16")]),
    ],
)  # fmt: skip
async def test_oddly_dressed_answers_are_read(
    body: bytes, headers: Sequence[tuple[str, str]]
) -> None:
    for length in (None, -1):
        said = Said(body, headers=headers, length=length)
        async with scripted(partial(_always, said)) as (_, connector):
            (page,) = await read(connector, reading())
        assert page.records.records()[0]["name"] == "Müller"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (Said(gzip.compress(DATA)[:-9], headers=[("Content-Encoding", "gzip")]), "answer_cut"),
        (Said(zlib.compress(DATA)[2:20], headers=[("Content-Encoding", "deflate")]), "answer_cut"),
        (Said(DATA, length=500), "connection_lost"),
        (Said(DATA, cut=20), "connection_lost"),
        (Said(DATA, length=-1, cut=20), "connection_lost"),
    ],
)
async def test_a_torn_answer_is_a_passing_fault(said: Said, code: str) -> None:
    async with scripted(lambda _: said) as (_, connector):
        with pytest.raises(RetriableError) as caught:
            await read(connector, reading())
    assert caught.value.failure.code == code


@pytest.mark.parametrize("name", ["br", "zstd"])
async def test_a_packing_that_nobody_asked_for_is_named(name: str) -> None:
    said = Said(b"\x1b\x00", headers=[("Content-Encoding", name)])
    async with scripted(lambda _: said) as (_, connector):
        with pytest.raises(ConnectorError, match=f"{name}.*gzip was asked for"):
            await read(connector, reading())


async def test_secrets_in_an_answer_that_is_no_json_are_not_told() -> None:
    async with scripted(lambda _: b"bad key sesame-123") as (api, connector):
        await connector.close()
        keyed = HttpConnector(
            {"baseUrl": api.url, "auth": {"type": "bearer"}}, {"token": "sesame-123"}, LOOPBACK
        )
        with pytest.raises(FailureError) as caught:
            await read(keyed, reading())
        await keyed.close()
    assert "sesame-123" not in repr(caught.value.failure)
    assert "bad key" in caught.value.failure.message
