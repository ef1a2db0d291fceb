"""Where values land: indexes, each, conditions and nulls, one rule for every path."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from syncline.domain.errors import InvalidInputError
from syncline.domain.mapping.engine.compiler import compile_mapping
from syncline.domain.mapping.validation import parse, warnings
from tests.support.mapped_records import mapped

NAMES = ("a", "b", "c", "sku", "kind", "lines", "tags", "more")
NO, YES = {"field": "kind", "value": "no"}, {"field": "kind", "op": "ne", "value": "no"}


def document(fields: list[dict[str, Any]], **transformation: Any) -> dict[str, Any]:
    normalization = {"fields": [{"source": n, "target": n, "type": "array"} for n in NAMES]}
    return {
        "entityType": "item",
        "extraction": {"table": "t", "idColumn": "id"},
        "normalization": normalization,
        "transformation": {"fields": fields, **transformation},
    }


def made(fields: list[dict[str, Any]], record: dict[str, Any], **transformation: Any) -> Any:
    given = copy.deepcopy(record)
    result = mapped(compile_mapping(parse(document(fields, **transformation))).transform, [record])
    assert record == given
    return result.outputs[0] if not result.failures else result.failures[0].message


def refused(fields: list[dict[str, Any]], **transformation: Any) -> list[str]:
    with pytest.raises(InvalidInputError) as error:
        parse(document(fields, **transformation))
    return [f"{p.path}: {p.message}" for p in error.value.problems]


@pytest.mark.parametrize(
    ("source", "target", "record", "payload"),
    [
        ("sku", "tags[0]", {"sku": "v"}, {"tags": ["v"]}),
        ("sku", "tags[]", {"sku": "v"}, {"tags": ["v"]}),
        ("sku", "tags[]", {"sku": None}, {"tags": []}),
        ("tags", "t[]", {"tags": ["a", None]}, {"t": ["a", None]}),
        ("tags[]", "t[]", {"tags": ["a", "b"]}, {"t": ["a", "b"]}),
        ("tags[1]", "t", {"tags": ["a", "b"]}, {"t": "b"}),
        ("tags[1]", "t[0][0].x", {"tags": ["a", "b"]}, {"t": [[{"x": "b"}]]}),
        ("lines[].n", "n", {"lines": [{"n": 1}, {}]}, {"n": [1, None]}),
        ("lines[].n[0]", "n[].v", {"lines": [{"n": [1]}]}, {"n": [{"v": 1}]}),
        ("lines[].n", "n[0]", {"lines": [{"n": 1}]}, {"n": [[1]]}),
        ("lines[].n[]", "m[][]", {"lines": [{"n": [1, 2]}, {"n": []}]}, {"m": [[1, 2], []]}),
        ("lines[].n[].v", "m[].w[].x", {"lines": [{"n": [{"v": 1}]}]}, {"m": [{"w": [{"x": 1}]}]}),
        ("lines[].n[].v", "m[]", {"lines": [{"n": [{"v": 1}]}]}, {"m": [[1]]}),
        ("sku", '["a.b"]["c[d]"]', {"sku": 1}, {"a.b": {"c[d]": 1}}),
    ],
)
def test_a_value_lands_where_its_path_ends(
    source: str, target: str, record: dict[str, Any], payload: Any
) -> None:
    assert made([{"source": source, "target": target}], record) == payload


@pytest.mark.parametrize(
    ("target", "payload"),
    [
        ("o.p.v", {}),
        ("t[0]", {}),
        ("t[0].v", {}),
        ("t[].v", {}),
        ("o.t[].p.v", {}),
        ("t[1].o[0]", {}),
        ("kept.v", {"kept": {"k": "no"}}),
        ("list[1]", {"list": ["no"]}),
        ("list[2].v", {"list": ["no"]}),
        ("rows[].v", {"rows": [{"k": 1}, {"k": 2}]}),
    ],
)
def test_a_condition_that_does_not_hold_leaves_nothing_behind(target: str, payload: Any) -> None:
    fields: list[dict[str, Any]] = [
        {"source": "lines[].n" if "[]" in target else "sku", "target": target, "when": YES},
        *({"source": "kind", "target": p} for p in ("kept.k", "list[0]") if p[:4] == target[:4]),
        *([{"source": "lines[].n", "target": "rows[].k"}] if target == "rows[].v" else []),
    ]
    record = {"kind": "no", "sku": "v", "lines": [{"n": 1}, {"n": 2}]}
    assert made(fields, record) == payload


def test_indexes_keep_their_places() -> None:
    fields: list[dict[str, Any]] = [
        {"source": "a", "target": "t[0]", "when": YES},
        {"source": "b", "target": "t[1]"},
        {"source": "c", "target": "t[3].v", "when": YES},
    ]
    assert made(fields, {"kind": "no", "a": 1, "b": 2, "c": 3}) == {"t": [None, 2]}
    assert made(fields, {"kind": "yes", "a": 1, "b": 2, "c": 3}) == {"t": [1, 2, None, {"v": 3}]}


@pytest.mark.parametrize(
    ("static", "payload"),
    [
        ("t[0].s", {"t": [{"s": "S", "v": 1}]}),
        ("t[1]", {"t": [{"v": 1}, "S"]}),
        ("e[].s", {"e": [{"n": 1, "s": "S"}, {"n": 2, "s": "S"}], "t": [{"v": 1}]}),
        ("e[].o.s[0]", {"e": [{"n": 1, "o": {"s": ["S"]}}, {"n": 2, "o": {"s": ["S"]}}],
                        "t": [{"v": 1}]}),
    ],
)  # fmt: skip
def test_fixed_values_stand_under_indexes_and_in_each_element(static: str, payload: Any) -> None:
    fields = [{"source": "a", "target": "t[0].v"}]
    if static.startswith("e"):
        fields.append({"source": "lines[].n", "target": "e[].n"})
    record = {"a": 1, "lines": [{"n": 1}, {"n": 2}]}
    assert made(fields, record, static=[{"target": static, "value": "S"}]) == payload


def test_a_fixed_value_makes_no_element() -> None:
    fields = [{"source": "lines[].n", "target": "e[].n", "omitNull": True}]
    static = [{"target": "e[].s", "value": "S"}]
    record: dict[str, Any] = {"lines": [{"n": None}, {"n": 2}, {}]}
    assert made(fields, record, static=static) == {"e": [{"n": 2, "s": "S"}]}
    assert made(fields, {"lines": []}, static=static) == {"e": []}


def test_arrays_are_laid_side_by_side_at_every_depth() -> None:
    fields = [
        {"source": "lines[].n", "target": "e[].o.n"},
        {"source": "more[].m", "target": "e[].o.m"},
        {"source": "sku", "target": "e[].sku"},
    ]
    record = {"lines": [{"n": 1}, {"n": 2}], "more": [{"m": 3}], "sku": "v"}
    assert made(fields, record) == {
        "e": [{"o": {"m": 3, "n": 1}, "sku": "v"}, {"o": {"n": 2}, "sku": "v"}]
    }


@pytest.mark.parametrize("everywhere", [True, False])
def test_nulls_are_left_out_and_what_is_empty_by_them(everywhere: bool) -> None:
    own = {} if everywhere else {"omitNull": True}
    fields = [
        {"source": source, "target": target, **own}
        for source, target in [
            ("a", "o.p.a"), ("b", "t[0]"), ("c", "t[1]"), ("lines[].n", "e[].n"),
            ("tags", "whole"), ("more[].x", "gone[].x"), ("sku", "w[]"),
        ]
    ]  # fmt: skip
    record: dict[str, Any] = {
        "a": None, "b": None, "c": 1, "lines": [{"n": None}, {"n": 1}], "sku": None,
        "tags": {"k": None, "l": [None, 1], "m": {"n": None}, "o": [], "p": {}},
    }  # fmt: skip
    expected = {"t": [1], "e": [{"n": 1}], "whole": {"l": [1], "o": [], "p": {}}}
    assert made(fields, record, omitNull=everywhere) == expected
    kept = [{"source": "a", "target": "a", "omitNull": False}]
    assert made(kept, record, omitNull=True) == {"a": None}


def test_what_is_required_is_asked_before_it_is_spread() -> None:
    field = {"source": "sku", "target": "t[]", "required": True}
    assert made([field], {"sku": None}) == "sku is required and empty"
    assert made([field | {"default": "d"}], {"sku": None}) == {"t": ["d"]}
    lines = {"source": "lines[].n", "target": "t[]", "required": True}
    assert made([lines], {"lines": [{"n": 1}, {}]}) == "lines[].n is required and empty"
    assert made([lines], {"lines": None}) == {"t": []}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x", "x"), ("x", "x.y"), ("x.y", "x"), ("x", "x[0]"), ("x[]", "x[].y"), ("x.y", "x[0]"),
        ("x[0].y", "x.z"), ("p[].x", "p[0].y"), ("p[0]", "p[]"), ("p[]", "p"), ("p[][0]", "p[].x"),
        ("x.y", 'x["y"]'), ('["x"]', "x"), ("x[00]", "x[0]"), ("x.\u00e9", "x.e\u0301"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_static", [False, True])
def test_two_writers_of_one_place_are_refused_and_both_named(
    one: str, other: str, *, is_static: bool
) -> None:
    first, second = ({"source": "lines[].a", "target": path} for path in (one, other))
    static = [{"target": other, "value": 1}] if is_static else []
    said = refused([first] if is_static else [first, second], static=static)
    place = "static[0]" if is_static else "fields[1]"
    assert said[0].startswith(f"$.transformation.{place}.target: ")
    assert "fields[0] writes" in said[0]


def test_a_fixed_value_in_elements_that_nothing_makes_is_refused() -> None:
    static = [{"target": "p[].x", "value": 1}]
    (line,) = refused([{"source": "a", "target": "p2"}], static=static)
    assert "no field makes elements of `p[]`" in line


def test_a_deep_path_is_made_and_a_deeper_one_refused() -> None:
    deep = ".".join("abcdefgh" * 8)
    payload = made([{"source": "a", "target": deep}], {"a": 1})
    for key in "abcdefgh" * 8:
        payload = payload[key]
    assert payload == 1
    assert "more than 64 segments" in refused([{"source": "a", "target": f"{deep}.x"}])[0]


def test_gaps_and_names_in_other_case_are_doubted() -> None:
    fields = [
        {"source": "a", "target": "t[2]"}, {"source": "b", "target": "Name"},
        {"source": "c", "target": "name"},
    ]  # fmt: skip
    said = [doubt.message for doubt in warnings(parse(document(fields)))]
    assert "nothing writes `t[0]`: it will hold null" in said
    assert "`Name` and `name` differ only in upper and lower case" in said
    assert made(fields[:1], {"a": 1}) == {"t": [None, None, 1]}
    assert made(fields[:1], {"a": 1}, omitNull=True) == {"t": [1]}
