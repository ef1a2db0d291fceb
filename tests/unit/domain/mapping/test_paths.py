"""Paths into records."""

from __future__ import annotations

import pytest

from syncline.domain.mapping.paths import parse_path, reader, to_text

RECORD = {
    "name": "n", "a": {"b": {"c": 1}}, "lines": [{"sku": "x", "tax": [{"r": 1}]}, {"tax": []}],
    "dotted.key": "whole", "text": "abc",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "n"),
        ("a.b.c", 1),
        ("a.x.c", None),
        ("lines[].sku", ["x", None]),
        ("lines[0].sku", "x"),
        ("lines[7].sku", None),
        ("lines[].tax[].r", [[1], []]),
        ("lines", RECORD["lines"]),
        ("name[].x", None),
        ("text[0]", None),
        ("dotted.key", "whole"),
    ],
)
def test_it_reads(path: str, value: object) -> None:
    assert reader(parse_path(path))(RECORD) == value


@pytest.mark.parametrize("path", ["a", "a.b", "a[].b", "a[0][1].b", "Ä ö.x-y"])
def test_it_is_written_as_it_was_read(path: str) -> None:
    assert to_text(parse_path(path)) == path


@pytest.mark.parametrize(
    "path", ["", ".", "a.", ".a", "a..b", "[0]", "a[x]", "a[", "a ", " a.b", "a[-1]"]
)
def test_it_says_how_a_path_looks(path: str) -> None:
    with pytest.raises(ValueError, match="is no path"):
        parse_path(path)


def test_an_index_makes_no_huge_array() -> None:
    with pytest.raises(ValueError, match=r"index 1001 in .* is above 1000"):
        parse_path("a[1001]")
