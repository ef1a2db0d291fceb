"""Bodies as servers dress them: packings and charsets."""

from __future__ import annotations

import gzip
import zlib

import pytest

from syncline.connectors.http.answers.charsets import as_utf8
from syncline.connectors.http.client.compression import (
    CutError,
    LargeError,
    PackedError,
    decompress,
)

BODY = b'{"data": [{"id": "1", "name": "' + b"x" * 3000 + b'"}]}'
LIMIT = 100_000


def raw_deflate(body: bytes) -> bytes:
    return zlib.compress(body)[2:-4]


def gzipped(data: bytes) -> bytes:
    """Pack without the time of day: it would be part of a test's name."""
    return gzip.compress(data, mtime=0)


@pytest.mark.parametrize(
    ("label", "packed"),
    [
        ("", BODY),
        ("identity", BODY),
        ("UTF-8", BODY),
        ("none", BODY),
        ("gzip", gzipped(BODY)),
        ("x-gzip", gzipped(BODY)),
        ("GZIP ", gzipped(BODY)),
        ("gzip", gzipped(BODY[:100]) + gzipped(BODY[100:])),
        ("gzip", gzipped(BODY) + b"\0" * 20),
        ("gzip", BODY),
        ("", gzipped(BODY)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", raw_deflate(BODY)),
        ("deflate", BODY),
        ("deflate", gzipped(BODY)),
        ("deflate, gzip", gzipped(zlib.compress(BODY))),
        ("gzip, gzip", gzipped(gzipped(BODY))),
    ],
)
def test_what_was_packed_is_unpacked_whatever_it_is_called(label: str, packed: bytes) -> None:
    assert decompress(packed, label, LIMIT) == BODY


def test_nothing_is_nothing_however_it_is_labelled() -> None:
    for label in ("gzip", "deflate", "", "UTF-8"):
        assert decompress(b"", label, LIMIT) == b""


def test_a_body_that_is_cut_anywhere_is_noticed() -> None:
    whole = gzipped(BODY[:60]) + gzipped(BODY[60:])
    one = len(gzipped(BODY[:60]))
    for end in range(2, len(whole)):
        if end == one:
            continue  # the first member is whole: the JSON tells
        with pytest.raises(CutError):
            decompress(whole[:end], "gzip", LIMIT)
    for end in range(1, len(raw_deflate(BODY))):
        with pytest.raises(CutError):
            decompress(raw_deflate(BODY)[:end], "deflate", LIMIT)


def test_a_body_that_was_damaged_is_noticed() -> None:
    packed = bytearray(gzipped(BODY))
    packed[len(packed) // 2] ^= 255
    with pytest.raises(CutError):
        decompress(bytes(packed), "gzip", LIMIT)


@pytest.mark.parametrize("name", ["br", "zstd", "gzip, br", "compress"])
def test_a_packing_that_nobody_asked_for_is_named(name: str) -> None:
    with pytest.raises(PackedError, match=name.rsplit(", ", maxsplit=1)[-1]):
        decompress(b"\x1b\x00", name, LIMIT)


def test_a_bomb_is_not_unpacked() -> None:
    for packed, label in (
        (gzipped(b"0" * 10_000_000), "gzip"),
        (raw_deflate(b"0" * 10_000_000), "deflate"),
        (gzipped(b"0" * 60_000) * 2, "gzip"),
    ):
        with pytest.raises(LargeError):
            decompress(packed, label, LIMIT)


TEXT = '{"name": "Müller"}'


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (TEXT.encode(), "application/json"),
        (TEXT.encode(), ""),
        (TEXT.encode(), "application/json; charset=utf-8"),
        (TEXT.encode(), "application/json; charset=nobody-knows"),
        (TEXT.encode(), "application/json; charset=base64"),
        (TEXT.encode(), "application/json; charset=ISO-8859-1"),
        (TEXT.encode("utf-8-sig"), "application/json; charset=ISO-8859-1"),
        (TEXT.encode("latin-1"), "application/json; charset=ISO-8859-1"),
        (TEXT.encode("latin-1"), 'application/json;profile=x;CHARSET="iso-8859-1"'),
        (TEXT.encode("cp1252"), "application/json; charset=windows-1252"),
        (TEXT.encode("cp850"), "text/plain; charset=cp850"),
        (TEXT.encode("utf-16"), "application/json"),
        (TEXT.encode("utf-16-le"), "application/json; charset=utf-16"),
        (TEXT.encode("utf-16-be"), "application/json; charset=utf-16be"),
        (TEXT.encode("utf-16-be"), "application/json"),
        (TEXT.encode("utf-32"), "application/json"),
        (TEXT.encode("utf-32-be"), "application/json"),
        (TEXT.encode("utf-7"), "application/json; charset=utf-7"),
    ],
)
def test_letters_are_read_by_what_the_bytes_are_and_else_by_their_label(
    body: bytes, content_type: str
) -> None:
    assert as_utf8(body, content_type).decode() == TEXT


def test_windows_letters_under_the_name_of_latin_1_are_read_as_browsers_do() -> None:
    assert as_utf8(b'"5 \x80"', "application/json; charset=iso-8859-1").decode() == '"5 €"'
    assert as_utf8(b'"\xfc\x81"', "a/b; charset=iso-8859-1").decode() == '"ü\x81"'


def test_what_cannot_be_told_is_left_for_the_reader_to_refuse() -> None:
    assert as_utf8(b'"\xfc"', "application/json") == b'"\xfc"'
    assert as_utf8(b'"\xfc"', "application/json; charset=utf-8") == b'"\xfc"'
