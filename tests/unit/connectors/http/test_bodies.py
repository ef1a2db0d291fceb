"""Bodies with placeholders: what is filled, put in and left out."""

from __future__ import annotations

from typing import Any

import pytest

from syncline.connectors.http.settings.bodies import filled, placed, without


@pytest.mark.parametrize(
    ("body", "rest"),
    [
        ({"a": {"since": "{cursor}"}, "b": 1}, {"b": 1}),
        ({"a": {"since": {"$gte": "{cursor}"}, "kind": "x"}}, {"a": {"kind": "x"}}),
        ({"a": [{"f": "{cursor}"}, {"g": 1}]}, {"a": [{"g": 1}]}),
        ({"a": [{"f": "{cursor}"}]}, {}),
        ({"a": "since={cursor}", "b": {}, "c": []}, {"b": {}, "c": []}),
    ],
)
def test_what_holds_nothing_but_the_placeholder_is_left_out(
    body: dict[str, Any], rest: dict[str, Any]
) -> None:
    assert without(body, "{cursor}") == rest


def test_a_value_is_put_beside_what_is_there() -> None:
    body = {"query": {"paging": {"limit": 1}, "sort": []}, "x": 1}

    assert placed(body, ["query", "paging", "cursor"], "t") == {
        "query": {"paging": {"limit": 1, "cursor": "t"}, "sort": []}, "x": 1,
    }  # fmt: skip
    assert placed({}, ["query", "limit"], 5) == {"query": {"limit": 5}}


def test_what_is_filled_in_is_not_looked_at_again() -> None:
    body = {"a": "{ids}", "b": ["x {id} y", 7]}

    assert filled(body, {"{id}": "{ids}"}, {"{ids}": ["1", "2"]}) == {
        "a": ["1", "2"], "b": ["x {ids} y", 7],
    }  # fmt: skip
