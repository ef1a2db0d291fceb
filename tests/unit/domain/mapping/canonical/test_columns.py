"""Canonical values against schemas: what fits, by the judgement of a JSON Schema library."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline.domain.mapping.canonical.columns import fits, refusals
from syncline.domain.mapping.canonical.schema import (
    SCHEMA_NAMES,
    SchemaName,
    SchemaNode,
    canonical_schema,
    schema_document,
)
from syncline.domain.mapping.paths import to_text

TEXTS = ["", "a", "EUR", "eur", "DE", "2026-01-31", "2026-02-31", "2026-01-31T08:15:00Z", "open"]
SCALARS: list[Any] = [None, True, 0, -1, 7, Decimal("1.5"), Decimal("-0.1"), *TEXTS]
WRONG = st.sampled_from([*SCALARS, [], {}, [{}], [1]])


@st.composite
def values(draw: st.DrawFn, node: SchemaNode) -> Any:
    """Values that mostly fit a node."""
    if draw(st.integers(0, 40)) == 0:
        return draw(WRONG)
    if "null" in node.types and draw(st.booleans()):
        return None
    if node.kind == "object":
        names = [n for n in node.properties if n in node.required or draw(st.integers(0, 4)) == 0]
        if draw(st.integers(0, 60)) == 0:
            names = names[1:]
        made = {name: draw(values(node.properties[name])) for name in names}
        return made | ({"prize": 1} if draw(st.integers(0, 60)) == 0 else {})
    if node.kind == "array":
        assert node.items is not None
        return [draw(values(node.items)) for _ in range(draw(st.integers(0, 2)))]
    if node.enum:
        return draw(st.sampled_from(node.enum))
    by_kind: dict[str, list[Any]] = {
        "string": TEXTS,
        "number": [0, 7, Decimal("1.5"), -1], "integer": [0, 7, 2.0, -1],
        "boolean": [True, False],
    }  # fmt: skip
    return draw(st.sampled_from(by_kind[node.kind]))


def checker() -> jsonschema.FormatChecker:
    """Formats as the mapping language reads them: a time may lack its offset."""
    found = jsonschema.FormatChecker(formats=[])
    dates = {"2026-01-31", "2026-01-31T08:15:00Z"}
    found.checks("date")(lambda text: not isinstance(text, str) or text == "2026-01-31")
    found.checks("date-time")(
        lambda text: not isinstance(text, str) or text in dates - {"2026-01-31"}
    )
    return found


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_it_judges_as_a_json_schema_library_does(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(SCHEMA_NAMES))
    schema = canonical_schema(name)
    records = data.draw(st.lists(values(schema), min_size=1, max_size=3))
    validator = jsonschema.Draft202012Validator(schema_document(name), format_checker=checker())
    expected = [sorted({error.json_path for error in validator.iter_errors(r)}) for r in records]
    found = [
        sorted({f"$.{to_text(p)}" if p else "$" for p, _ in refusals(schema, r)}) for r in records
    ]
    for record, judged, said in zip(records, expected, found, strict=True):
        assert bool(said) == bool(judged), f"{record}: {judged}, {said}"
        assert fits(schema, [record]) == (not judged)
    assert fits(schema, records) == (not any(expected))


def said(schema: SchemaName, path: list[str], value: Any) -> list[str]:
    node: Any = canonical_schema(schema)
    for name in path:
        node = node.properties[name]
    return [f"{to_text(place)}: {words}" for place, words in refusals(node, value)]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("id", None, "is required"),
        ("id", "", "must not be empty, not ''"),
        ("total", "1", "must be a number, not '1'"),
        ("currency", "€", "must be three capitals, such as EUR, not '€'"),
        (
            "status",
            "opened",
            "must be one of open, closed, cancelled, not 'opened'; did you mean `open`?",
        ),
        ("discount", Decimal("-0.5"), "must be at least 0, not -0.5"),
        ("date", "31.1.2026", "must be a time such as 2026-01-31T13:45:00+01:00, not '31.1.2026'"),
    ],
)
def test_words_say_what_would_be_right(path: str, value: Any, words: str) -> None:
    assert said("order", [path], value) == [f": {words}"]


def test_each_mistake_inside_a_value_has_its_path() -> None:
    lines = json.loads('[{"quantity": 1, "price": 1}, {"quantity": -1, "prize": 2}]')
    assert said("order", ["lines"], lines) == [
        "[1].price: is required",
        "[1].quantity: must be at least 0, not -1",
        "[1].prize: is not in the schema; did you mean `price`?",
    ]


@pytest.mark.parametrize("value", [7, Decimal("7.0"), Decimal("1E+500")])
def test_a_whole_number_may_be_written_with_a_point(value: Any) -> None:
    assert fits(canonical_schema("customer").properties["ordersCount"], [value])


def test_a_number_with_a_fraction_is_not_whole() -> None:
    assert said("customer", ["ordersCount"], Decimal("1.5")) == [
        ": must be a whole number, not 1.5"
    ]
