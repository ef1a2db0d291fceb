"""Which source IDs a delivery names, and what is said where it names none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from syncline.domain.hook.source_ids import MOST_IDS, NoSourceIdsError, checked_path, source_ids_in
from syncline.domain.record import MAX_SOURCE_ID_LENGTH


@pytest.mark.parametrize(
    ("document", "path", "ids"),
    [
        ({"id": 7}, "id", ["7"]),
        ({"id": 12345678901234567890123}, "id", ["12345678901234567890123"]),
        ({"id": Decimal("7.0")}, "id", ["7"]),
        ({"a": {"b": " x "}}, "a.b", ["x"]),
        ({"lines": [{"sku": "A"}, {"sku": "B"}, {}, {"sku": "A"}]}, "lines[].sku", ["A", "B"]),
        ({"ids": ["1", 2, None, True, "", 1.5, {}]}, "ids", ["1", "2"]),
        ({"o": [{"l": [{"i": 1}]}, {"l": [{"i": 2}]}]}, "o[].l[].i", ["1", "2"]),
    ],
)
def test_one_or_many_ids_are_taken_once_each(document: Any, path: str, ids: list[str]) -> None:
    assert source_ids_in(document, path) == ids


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "there is nothing at id"),
        ({"id": None}, "there is nothing at id"),
        ({"id": []}, "there is nothing at id"),
        ([1, 2], "there is nothing at id"),
        ("text", "there is nothing at id"),
        ({"id": True}, "id is true, which is no source ID"),
        ({"id": 1.5}, "id is 1.5, which is no source ID"),
        ({"id": "a\nb"}, "which is no source ID"),
        ({"id": "x" * (MAX_SOURCE_ID_LENGTH + 1)}, "which is no source ID"),
        ({"id": list(range(MOST_IDS + 1))}, "at most 10,000 are taken"),
    ],
)
def test_where_there_is_none_it_says_why(document: Any, words: str) -> None:
    with pytest.raises(NoSourceIdsError, match=words):
        source_ids_in(document, "id")


def test_a_path_may_be_written_as_a_json_path() -> None:
    assert checked_path("$.data.id") == "data.id"
    with pytest.raises(ValueError, match="is not a path"):
        checked_path("a..b")
