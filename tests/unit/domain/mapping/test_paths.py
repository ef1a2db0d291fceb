"""Paths into records."""

from __future__ import annotations

import pytest

from syncline.domain.mapping.paths import column_name, column_reader, parse_path, reader, to_text

RECORD = {
    "name": "n", "a": {"b": {"c": 1}}, "lines": [{"sku": "x", "tax": [{"r": 1}]}, {"tax": []}],
    "dotted.key": "whole", "text": "abc",
    "Qty [pcs]": 5, " name": "n", 'a"b\\c.d': 7, "x": {"y.z": [{" k ": 1}]}, "tags": ["t", "u"],
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
        ('["Qty [pcs]"]', 5),
        ('[" name"]', "n"),
        ('["a\\"b\\\\c.d"]', 7),
        ('x["y.z"][0][" k "]', 1),
        ('x["y.z"][][" k "]', [1]),
        ('["x"]["y.z"]', [{" k ": 1}]),
        ("tags[1]", "u"),
        ("tags[]", ["t", "u"]),
        ("tags[0][0]", None),
    ],
)
def test_it_reads(path: str, value: object) -> None:
    assert reader(parse_path(path))(RECORD) == value


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "a.b",
        "a[].b",
        "a[0][1].b",
        "Ä ö.x-y",
        '["Qty [pcs]"]',
        'a[0][" b"][].c',
        '["a\\"b.\\\\"]',
    ],
)
def test_it_is_written_as_it_was_read(path: str) -> None:
    assert to_text(parse_path(path)) == path


@pytest.mark.parametrize(
    "path", ["", ".", "a.", ".a", "a..b", "[0]", "a[x]", "a[", "a ", " a.b", "a[-1]", 'a.["b"]',
     '["a"', '["a]', "['a']", '[""]', 'a["b"]c', '["a"b]', "a[0]b", "a[٣]", '["a\\n"]']
)  # fmt: skip
def test_it_says_how_a_path_looks(path: str) -> None:
    with pytest.raises(ValueError, match="is not a path"):
        parse_path(path)


def test_an_index_makes_no_huge_array() -> None:
    with pytest.raises(ValueError, match=r"index 1001 in .* is above 1000"):
        parse_path("a[1001]")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (f"a[{'9' * 5000}]", "is above 1000"),
        (".".join("a" * 65), "more than 64 segments"),
        ('["a\0"]', "a NUL"),
        ("a\ud800", "a NUL or half of a surrogate pair"),
    ],
)
def test_what_no_record_can_hold_is_no_path(path: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_path(path)


def test_a_name_that_is_no_path_is_told_how_it_is_written() -> None:
    with pytest.raises(ValueError, match=r'is quoted: `\["Qty \[pcs\]"\]`'):
        parse_path("Qty [pcs]")


@pytest.mark.parametrize(
    ("text", "value"),
    [("name", "n"), ("Qty [pcs]", 5), ('["Qty [pcs]"]', 5), (" name", "n"), ("dotted.key", "whole"),
     ("a.b.c", 1), ("nowhere [", None)],
)  # fmt: skip
def test_a_column_is_read_by_its_name(text: str, value: object) -> None:
    assert column_reader(column_name(text))(RECORD) == value
