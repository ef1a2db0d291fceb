"""Compiled mappings: the order inside a field, shapes, and records that fail alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from syncline.domain.errors import Category
from syncline.domain.mapping.engine.compiler import CompiledMapping, compile_mapping
from syncline.domain.mapping.transformers.registry import registry
from syncline.domain.mapping.validation import parse
from tests.support.mapped_records import mapped


def compiled(
    normalization: list[dict[str, Any]],
    fields: list[dict[str, Any]] | None = None,
    **transformation: Any,
) -> CompiledMapping:
    first = {"source": normalization[0]["target"], "target": "first"}
    return compile_mapping(
        parse(
            {
                "entityType": "item",
                "extraction": {"table": "t", "idColumn": "id"},
                "normalization": {"fields": normalization},
                "transformation": {
                    "fields": [first] if fields is None else fields,
                    **transformation,
                },
            }
        )
    )


def normalized(field: dict[str, Any], *records: dict[str, Any]) -> Any:
    return mapped(compiled([{"source": "a", "target": "x", **field}]).normalize, records)


def transformed(fields: list[dict[str, Any]], record: dict[str, Any], **transformation: Any) -> Any:
    names = sorted(record)
    sources = [{"source": name, "target": name, "type": "array"} for name in names]
    result = mapped(compiled(sources, fields, **transformation).transform, [record])
    return result.outputs[0] if not result.failures else result.failures[0].message


class TestOrderInsideAField:
    def test_a_default_stands_for_null_and_empty(self) -> None:
        result = normalized({"default": "d"}, {"a": None}, {"a": ""}, {}, {"a": "v"})
        assert result.outputs == [{"x": "d"}, {"x": "d"}, {"x": "d"}, {"x": "v"}]

    def test_a_default_satisfies_required(self) -> None:
        assert normalized({"default": 1, "required": True}, {}).outputs == [{"x": "1"}]

    def test_required_is_checked_before_the_transformers(self) -> None:
        result = normalized({"required": True, "transform": "toBool", "type": "bool"}, {"a": ""})
        assert result.failures[0].code == "required_field_empty"
        assert result.failures[0].message == "a is required and empty"

    def test_zero_and_false_are_not_empty(self) -> None:
        result = normalized({"required": True, "type": "array", "transform": "split"}, {"a": 0})
        assert result.outputs == [{"x": ["0"]}]

    def test_the_type_comes_last(self) -> None:
        result = normalized({"transform": "sapYesNo", "type": "bool"}, {"a": "Y"})
        assert result.outputs == [{"x": True}]


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("string", 12, "12"),
        ("string", True, "true"),
        ("int", "12", 12),
        ("int", Decimal("12.0"), 12),
        ("int", 2**63, 2**63),
        ("decimal", "1.50", Decimal("1.50")),
        ("decimal", 3, Decimal(3)),
        ("bool", "yes", True),
        ("date", "2026-01-31T10:00:00", "2026-01-31"),
        ("datetime", "20260131", "2026-01-31T00:00:00"),
        ("object", {"b": 1}, {"b": 1}),
        ("array", [1], [1]),
        ("int", None, None),
        ("int", "", None),  # an empty cell of a file
        ("date", "", None),
        ("string", "", ""),
    ],
)
def test_types(type_: str, value: object, expected: object) -> None:
    assert normalized({"type": type_}, {"a": value}).outputs == [{"x": expected}]


@pytest.mark.parametrize(
    ("type_", "form", "value", "expected"),
    [
        ("date", "dd.MM.yyyy", "28.10.2026", "2026-10-28"),
        ("date", "dd.MM.yyyy HH:mm", "28.10.2026 23:59", "2026-10-28"),
        ("datetime", "dd.MM.yyyy HH:mm", "28.10.2026 09:15", "2026-10-28T09:15:00"),
        ("datetime", "MM/dd/yyyy HH:mm:sszzz", "10/28/2026 09:15:00+01:00",
         "2026-10-28T09:15:00+01:00"),
        ("date", "ddMMyyyy", 28102026, "2026-10-28"),
        ("date", "ddMMyyyy", 1022026, "a must be a date of the form ddMMyyyy, not '1022026'"),
        ("date", "dd.MM.yyyy", "2026-10-28", "a must be a date of the form dd.MM.yyyy, not"),
        ("date", "dd.MM.yyyy", 28.5, "a must be a date of the form dd.MM.yyyy, not 28.5"),
        ("date", "dd.MM.yyyy", "", None),
        ("date", "dd.MM.yyyy", None, None),
    ],
)  # fmt: skip
def test_dates_of_another_form(type_: str, form: str, value: object, expected: object) -> None:
    result = normalized({"type": type_, "format": form}, {"a": value})
    if result.failures:
        assert result.failures[0].message.startswith(str(expected))
    else:
        assert result.outputs == [{"x": expected}]


def test_each_step_has_options_of_its_own() -> None:
    steps = ["trim", {"replace": {"search": ".", "replace": ""}},
             {"Replace": {"search": ",", "replace": "."}}, "toDecimal"]  # fmt: skip
    field: dict[str, Any] = {"transform": steps, "type": "decimal"}
    assert normalized(field, {"a": " 1.234,5 "}).outputs == [{"x": Decimal("1234.5")}]
    mixed: list[Any] = [{"substring": {"start": 1}}, "substring"]
    field = {"transform": mixed, "options": {"substring": {"length": 2}}}
    assert normalized(field, {"a": "abcdef"}).outputs == [{"x": "bc"}]


@pytest.mark.parametrize(
    ("type_", "value", "words"),
    [
        ("int", "12.5", "a must be a whole number, not '12.5'"),
        ("int", " ", "a must be a number such as 12.50, not ' '"),
        ("decimal", float("nan"), "a must be a number such as 12.50, not NaN"),
        ("bool", "perhaps", "a must be true/false, 1/0, Y/N or yes/no, not 'perhaps'"),
        ("date", "yesterday", "a must be a date such as 2026-01-31"),
        ("object", [], "a must be an object, not []"),
        ("array", "x", "a must be an array, not 'x'"),
        ("string", "a\0b", "a must not hold a NUL character"),
        ("string", "\ud800", "a must not hold half of a surrogate pair"),
        ("int", 10**1001, "a must be a number of at most 1000 digits"),
    ],
)
def test_a_value_that_does_not_fit_fails_its_record_alone(
    type_: str, value: object, words: str
) -> None:
    result = normalized({"type": type_}, {"a": None}, {"a": value}, {"a": None})
    assert result.outputs == [{"x": None}, None, {"x": None}]
    failure = result.failures[1]
    assert failure.message.startswith(words)
    assert (failure.category, failure.field) == (Category.PERMANENT, "a")


class TestShape:
    def test_dotted_targets_nest_and_keys_are_sorted(self) -> None:
        made = transformed(
            [
                {"source": "b", "target": "z.b"},
                {"source": "a", "target": "z.a"},
                {"source": "c", "target": "a"},
            ],
            {"a": 1, "b": 2, "c": {"y": 1, "x": {"k": 1, "b": 2}}},
            static=[{"target": "m", "value": {"q": 1, "p": 2}}],
        )
        assert str(made) == str(
            {"a": {"x": {"b": 2, "k": 1}, "y": 1}, "m": {"p": 2, "q": 1}, "z": {"a": 1, "b": 2}}
        )

    def test_arrays_are_mapped_element_by_element(self) -> None:
        made = transformed(
            [
                {"source": "lines[].code", "target": "items[].sku", "transform": "trim"},
                {"source": "lines[].n", "target": "items[].detail.quantity"},
                {"source": "tags[]", "target": "labels[]", "transform": "upper"},
            ],
            {"lines": [{"code": " a ", "n": 1}, {"code": "b"}], "tags": ["x", "y"]},
        )
        assert made == {
            "items": [
                {"detail": {"quantity": 1}, "sku": "a"},
                {"detail": {"quantity": None}, "sku": "b"},
            ],
            "labels": ["X", "Y"],
        }

    def test_fixed_indexes_make_an_array(self) -> None:
        made = transformed(
            [{"source": "a", "target": "p[1].v"}, {"source": "b", "target": "p[0].v"}],
            {"a": 1, "b": 2},
        )
        assert made == {"p": [{"v": 2}, {"v": 1}]}

    def test_a_missing_array_is_an_empty_one(self) -> None:
        fields = [{"source": "lines[].a", "target": "items[].a"}]
        assert transformed(fields, {"lines": None}) == {"items": []}

    def test_when_leaves_a_field_out(self) -> None:
        when = {"field": "kind", "op": "eq", "value": "A"}
        fields: list[dict[str, Any]] = [
            {"source": "v", "target": "o.v", "when": when},
            {"source": "kind", "target": "o.kind"},
        ]
        assert transformed(fields, {"v": 1, "kind": "A"}) == {"o": {"kind": "A", "v": 1}}
        assert transformed(fields, {"v": 1, "kind": "B"}) == {"o": {"kind": "B"}}

    def test_a_field_at_fault_in_an_element_is_named(self) -> None:
        fields = [{"source": "lines[].n", "target": "items[].n", "transform": "toInt"}]
        record = {"lines": [{"n": "1"}, {"n": "x"}]}
        assert transformed(fields, record) == "lines[].n must be a number such as 12.50, not 'x'"


def test_excluded_records_are_neither_outputs_nor_failures() -> None:
    mapping = compiled(
        [{"source": "a", "target": "x"}], exclude={"field": "x", "op": "eq", "value": "no"}
    )
    result = mapped(mapping.transform, [{"x": "yes"}, {"x": "no"}, {"x": "yes"}])
    assert result.outputs == [{"first": "yes"}, None, {"first": "yes"}]
    assert (result.excluded, result.failures) == ([1], {})


def test_a_person_s_text_never_becomes_code() -> None:
    name = "x') or exit() or ('\n\\"
    fields = [
        {"source": name, "target": name, "transform": "coalesce", "options": {"fields": [name]}}
    ]
    static = [{"target": "s", "value": name}]
    assert transformed(fields, {name: 1}, static=static) == {name: 1, "s": name}


class _SilentError(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ZeroDivisionError("oh\0no"), "a: ZeroDivisionError: oh\\0no"),
        (KeyError("k"), "a: KeyError: 'k'"),
        (RecursionError("deep"), "a: RecursionError: deep"),
        (OverflowError("far"), "a: OverflowError: far"),
        (TimeoutError("late"), "a: TimeoutError: late"),
        (SystemExit(1), "a: SystemExit: 1"),
        (_SilentError(), "a: _SilentError: no words"),
    ],
)
def test_what_a_plug_in_raises_fails_the_record_for_good(
    error: BaseException, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_value: object, _record: dict[str, Any]) -> object:
        raise error

    known = {**registry(), "broken": ("broken", lambda _options: broken, None)}
    for module in ("chains", "engine.fields"):
        monkeypatch.setattr(f"syncline.domain.mapping.{module}.registry", lambda: known)
    result = normalized({"transform": "broken"}, {"a": 1}, {"a": None})
    assert result.outputs == [None, {"x": None}]
    assert result.failures[0].category is Category.PERMANENT
    assert result.failures[0].message == words


@pytest.mark.parametrize(
    "given", [{1}, float("nan"), object(), b"x", "\ud800", [[{"a": (1,)}]], {"k": 10**1001}]
)
def test_what_a_plug_in_makes_can_travel(given: object, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        **registry(),
        "odd": ("odd", lambda _options: lambda _value, _record: given, None),
    }
    for module in ("chains", "engine.fields"):
        monkeypatch.setattr(f"syncline.domain.mapping.{module}.registry", lambda: known)
    fields = [{"source": "x", "target": "y", "transform": "odd"}]
    result = mapped(
        compiled([{"source": "a", "target": "x"}], fields).transform, [{"x": "1"}, {"x": None}]
    )
    assert result.outputs == [None, {"y": None}]
    assert result.failures[0].category is Category.PERMANENT
    assert "x cannot be used: `odd` returned what JSON cannot hold" in result.failures[0].message


@pytest.mark.parametrize("value", ["0001-01-01", "9999-12-31T23:59:59", 99991231])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_a_date_at_the_end_of_time_is_no_passing_fault(value: object, zone: str) -> None:
    field = {"transform": "dateFormat", "options": {"timezone": zone}}
    result = normalized(field, {"a": value})
    for failure in result.failures.values():
        assert (failure.category, failure.code) == (Category.PERMANENT, "invalid_date")


def test_every_field_at_fault_is_named_where_the_mapping_looks() -> None:
    mapping = compiled(
        [{"source": "a", "target": "x", "type": "array"}],
        [
            {"source": "x", "target": "joined", "transform": ["join", "toInt"]},
            {"source": "x[].n", "target": "n[].v", "transform": "toInt"},
            {"source": "x[].n", "target": "all", "transform": "toInt"},
            {"source": "x[].n", "target": "off[].v", "transform": "toInt",
             "when": {"field": "x", "op": "empty"}},
        ],
    )  # fmt: skip
    record = {"x": [{"n": "1"}, {"n": "no"}]}
    found = mapping.broken_transformation(record)
    assert [place for place, _ in found] == [0, 1, 2]
    assert mapped(mapping.transform, [record]).failures[0] == found[0][1]
