"""What a sorted list asks the database for."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.sorts import Sorts, UnknownSortError, sort_column


class Item(NamedTuple):
    name: str
    failed: int | None


SORTS = Sorts(
    {
        "name": sort_column("t.name", "name", folded=True),
        "failed": sort_column("t.failed", "failed", "number", nullable=True),
    },
    unique=sort_column("t.name", "name"),
    default="-name",
)


@pytest.mark.parametrize(
    ("wanted", "after", "order", "condition", "values"),
    [
        (None, None, "lower(t.name) desc, t.name desc", "true", []),
        (
            "name",
            Item("B", 1),
            "lower(t.name), t.name",
            "(lower(t.name), t.name) > (lower($1::text), $2::text)",
            ["B", "B"],
        ),
        (
            "-failed",
            Item("B", 1),
            "t.failed is null, t.failed desc, t.name desc",
            "((t.failed, t.name) < ($1::bigint, $2::text) or t.failed is null)",
            [1, "B"],
        ),
        (
            "failed",
            Item("B", None),
            "t.failed is null, t.failed, t.name",
            "t.failed is null and t.name > $1::text",
            ["B"],
        ),
    ],
)
def test_a_part_begins_behind_a_row(
    wanted: str | None, after: Item | None, order: str, condition: str, values: list[object]
) -> None:
    asked, where = SORTS.order(wanted).behind(after), Conditions()
    asked.limit(where)
    assert (str(asked), str(where), where.values) == (order, condition, values)


@pytest.mark.parametrize("wanted", ["id", "--name", "Name"])
def test_other_orders_are_unknown(wanted: str) -> None:
    with pytest.raises(UnknownSortError):
        SORTS.order(wanted)


def test_parts_are_merged_in_order() -> None:
    items = [Item("a", 2), Item("c", 1), Item("b", 2)]
    assert [item.name for item in SORTS.order("-failed").merged(items)] == ["b", "a", "c"]
