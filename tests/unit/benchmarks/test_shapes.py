"""The data of the shapes: the same each time, of the sizes that are promised."""

from __future__ import annotations

import json
from itertools import islice

from benchmarks.shapes import documents, orders


def size(record: object) -> int:
    assert isinstance(record, tuple)
    return sum(len(str(value).encode()) for value in record)


def test_data_is_the_same_each_time() -> None:
    assert list(islice(orders(50), 20)) == list(orders(20))
    assert list(islice(documents(50), 20)) == list(documents(20))


def test_orders_have_1_to_20_lines_in_2_to_6_kb() -> None:
    made = list(orders(1_000))
    assert {len(json.loads(str(record[-1]))) for record in made} == set(range(1, 21))
    assert all(1_900 < size(record) < 6_800 for record in made)


def test_documents_have_20_kb() -> None:
    assert all(19_000 < size(record) < 21_000 for record in documents(100))
