"""Whatever bytes come, what is raised has a name, and what is read is what was sent."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline.connectors.http.answers.answer import Answer, retry_after
from syncline.connectors.http.answers.charsets import as_utf8
from syncline.connectors.http.answers.link_header import LinkError, next_link
from syncline.connectors.http.client.compression import (
    CutError,
    LargeError,
    PackedError,
    decompress,
)
from syncline.connectors.http.settings.fields import RecordsPath
from syncline.connectors.http.source.content import content_of, records_of
from syncline.connectors.http.source.salvage import BadRecord, salvage_records
from syncline.domain.errors import FailureError
from syncline.domain.mapping.paths import parse_path

SIGNS = st.lists(
    st.sampled_from(
        [b"{", b"}", b"[", b"]", b":", b",", b'"', b"\\", b'"data"', b'"id"', b"1", b"NaN", b" ",
         b"null", b"\xfc", b"\\ud83d", b"\0", b"-", b"\x1f\x8b", b"x"]
    ),
    max_size=30,
).map(b"".join)  # fmt: skip
BYTES = st.binary(max_size=40) | SIGNS
DATA = RecordsPath(parse_path("data"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
BROKEN = st.sampled_from(
    [b"NaN", b'"\\ud83d"', b'"\x01"', b'"\xff"', b"01", b"tru", b'"\\q"', b'["a", Infinity]',
     b"{a: 1}"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(BYTES, st.text(max_size=20), st.sampled_from(["", "gzip", "deflate", "br", "x, gzip"]))
def test_a_body_of_any_bytes_is_read_or_refused_by_name(
    body: bytes, content_type: str, label: str
) -> None:
    with suppress(CutError, LargeError, PackedError):
        decompress(body, label, 1000)
    as_utf8(body, f"a/b; charset={content_type}")
    for path in ("data", "data[0].id", "data[].id", ""):
        records = RecordsPath(parse_path(path)) if path else RecordsPath()
        answer = Answer(200, {"content-type": content_type}, body, "GET x")
        with suppress(FailureError):
            content = content_of(answer, records, str, begun=True)
            records_of(content, records, frozenset(), "x", begun=True)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="<>;,=\"' \\relnxt/?a*", max_size=40))
def test_a_link_header_of_any_text_is_read_or_refused(text: str) -> None:
    with suppress(LinkError):
        next_link(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30) | st.sampled_from(["Mon, 01 Jan 0001 00:00:00 -0000", "1e999", "-1"]))
def test_a_retry_after_of_any_text_is_seconds_or_nothing(text: str) -> None:
    seconds = retry_after({"retry-after": text})
    assert seconds is None or 0 <= seconds < float("inf")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.dictionaries(st.text(), VALUES, max_size=3), min_size=1, max_size=4),
    st.data(),
)
def test_good_records_beside_a_broken_one_are_what_was_sent(
    records: list[dict[str, Any]], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(records) - 1))
    name = data.draw(st.text())
    texts = [json.dumps(record).encode() for record in records]
    member = json.dumps(name).encode() + b": " + data.draw(BROKEN)
    texts[place] = texts[place][:-1] + (b", " if records[place] else b"") + member + b"}"
    body = b'{"more": [1], "data": [' + b", ".join(texts) + b'], "next": "x"}'

    found = salvage_records(body, DATA.path)

    assert found is not None
    document, given_ = found
    assert document == {"more": [1], "data": [], "next": "x"}
    assert len(given_) == len(records)
    for number, (sent, got) in enumerate(zip(records, given_, strict=True)):
        if number == place:
            assert isinstance(got, BadRecord)
            assert {n: v for n, v in got.record.items() if n != name} == {
                n: v for n, v in sent.items() if n != name
            }
        else:
            assert got == msgspec.json.decode(json.dumps(sent), type=dict[str, Any])
