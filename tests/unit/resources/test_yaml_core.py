"""YAML of people: what is text stays text, and every mistake has a line."""

from __future__ import annotations

import pytest

from syncline.resources.yaml_core import YamlError, read_all


def value(text: str) -> object:
    return read_all(text)[0].value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no", "no"),
        ("Y", "Y"),
        ("2024-01-01", "2024-01-01"),
        ("007", "007"),
        ("12:30", "12:30"),
        ("true", True),
        ("12", 12),
        ("-1.5e3", -1500.0),
        ("null", None),
        ("'1'", "1"),
        ("18446744073709551617", 18446744073709551617),
    ],
)
def test_scalars_are_what_they_look_like(text: str, expected: object) -> None:
    found = value(f"a: {text}")
    assert found == {"a": expected}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(expected)


def test_lines_are_known_by_path() -> None:
    (_, second) = read_all("a: 1\n---\nb:\n  - c: 1\n  - d: 2\n")
    assert second.lines["$.b[1].d"] == 5


def test_empty_documents_are_left_out() -> None:
    assert [d.value for d in read_all("---\n---\na: 1\n---\n")] == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\na: 2", 2, "stands twice"),
        ("a: 1\nb: [", 2, "expected"),
        ("a: !!python/object:os.system x", 1, "not allowed"),
        ("a: 1e999", 1, "too large"),
        ('a: "\\0"', 1, "NUL"),
        ("? [a]\n: b", 1, "must be text"),
    ],
)
def test_mistakes_have_a_line(text: str, line: int, message: str) -> None:
    with pytest.raises(YamlError, match=message) as caught:
        read_all(text)
    assert caught.value.line == line


def test_deep_and_multiplying_documents_are_refused() -> None:
    with pytest.raises(YamlError, match="too deeply"):
        read_all("[" * 5000)
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 8)
    )
    with pytest.raises(YamlError, match="more than 200,000 values"):
        read_all(bomb)
