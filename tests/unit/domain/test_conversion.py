"""Plain values as structs: every mistake at once, in words that say what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest

from syncline.domain.conversion import converted
from syncline.domain.errors import InvalidInputError
from syncline.domain.naming import meant, near, shown, unknown

PYTHON = re.compile(
    r"Input|instance of|Error|`(str|int|float|array|object|bool)`|dict|_type\b|None|True|False"
    r"|Expected|Invalid"
)


class Part(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    page_size: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class Whole(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=5, pattern="^[^\\x00]*$")]
    kind: Literal["a", "b"] = "a"
    count: int | None = None
    price: Decimal | None = None
    active: bool = True
    ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=2)] | None = None
    part: Part | None = None
    edits: dict[str, list[dict[str, Any]]] = {}


def said(value: object) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        converted(value, Whole)
    return [f"{p.path}: {p.message}" for p in caught.value.problems]


WRONG: list[Any] = [
    1,
    1.5,
    "text",
    "",
    True,
    None,
    [],
    {},
    [1],
    {"a": 1},
    "\0",
    "x" * 10_000,
    2**70,
]


@pytest.mark.parametrize("value", WRONG, ids=range(len(WRONG)))
@pytest.mark.parametrize(
    "name", ["name", "kind", "count", "price", "active", "ids", "part", "edits"]
)
def test_no_wrong_value_is_answered_in_words_of_the_language(name: str, value: object) -> None:
    try:
        converted({"name": "a", name: value}, Whole)
    except InvalidInputError as error:
        for problem in error.problems:
            assert not PYTHON.search(problem.message), problem
            assert problem.path.startswith(f"$.{name}")
            assert len(problem.message) < 300


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], ["$: must be an object, not []"]),
        ({}, ["$.name: is required"]),
        ({"name": 5}, ["$.name: must be text, not 5"]),
        ({"name": ""}, ["$.name: must not be empty"]),
        ({"name": "abcdef"}, ["$.name: may have at most 5 characters, not 'abcdef'"]),
        ({"name": "a", "kind": "c"}, ["$.kind: must be one of a, b, not 'c'"]),
        ({"name": "a", "count": "1"}, ["$.count: must be a whole number, not '1'"]),
        ({"name": "a", "active": "no"}, ["$.active: must be true or false, not 'no'"]),
        ({"name": "a", "nme": 1}, ["$.nme: unknown field; did you mean `name`?"]),
        ({"name": "a", "ids": ["7"]}, ["$.ids[0]: must be a UUID such as "
                                       "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d, not '7'"]),
        ({"name": "a", "ids": []}, ["$.ids: must not be empty"]),
        ({"name": "a", "part": {"pageSize": 0}}, ["$.part.pageSize: must be at least 1, not 0"]),
        ({"name": "a", "part": {"pageSize": 999}},
         ["$.part.pageSize: must be at most 100, not 999"]),
        ({"name": "a", "part": {"at": "now"}}, ["$.part.at: must be a time such as "
                                                "`2026-01-31T08:15:00Z`, not 'now'"]),
        ({"name": "a", "edits": {"x": {}}}, ["$.edits.x: must be a list, not {}"]),
    ],
)  # fmt: skip
def test_words(value: object, words: list[str]) -> None:
    assert said(value) == words


def test_all_mistakes_come_at_once() -> None:
    paths = [line.partition(":")[0] for line in said(
        {"kind": 1, "count": "x", "part": {"pagesize": 1, "at": 5}, "more": 1}
    )]  # fmt: skip
    assert sorted(paths) == [
        "$.count",
        "$.kind",
        "$.more",
        "$.name",
        "$.part.at",
        "$.part.pagesize",
    ]


def test_what_is_right_is_taken() -> None:
    assert converted({"name": "a", "part": {"pageSize": 5}}, Whole).part == Part(5)


def _names() -> Iterator[str]:
    yield from ("erp-shop", "erp-shop-2", "warehouse", "Shop")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("erp-shp", ["erp-shop", "erp-shop-2"]),
        ("SHOP", ["Shop", "erp-shop"]),
        ("nothing like it", []),
        ("x" * 100_000, []),
        ("", []),
        (None, []),
    ],
)
def test_near(name: object, expected: list[str]) -> None:
    assert near(name, _names(), 3) == expected


def test_words_of_names() -> None:
    assert meant("shpo", ["shop"]) == "; did you mean `shop`?"
    assert meant("x", ["shop"]) == ""
    assert unknown("field", "x", ["b", "a"]) == "unknown field; known: a, b"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"), (True, "true"), ("a'b", '"a\'b"'), ([1], "[1]"), (1.5, "1.5"),
        ({"a": None}, '{"a": null}'), (Decimal("1.10"), "1.10"),
        ("Müller", "'Müller'"), ("\x00\ud800", "'\\x00\\ud800'"),
    ],
)  # fmt: skip
def test_shown(value: object, text: str) -> None:
    assert shown(value) == text
    assert len(shown("x" * 100_000)) <= 80
