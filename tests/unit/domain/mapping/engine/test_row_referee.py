"""The engine over columns against the one that maps row by row: what a mapping means stays."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from syncline.domain.errors import InvalidInputError
from syncline.domain.mapping.document import Mapping
from syncline.domain.mapping.engine.compiler import compile_mapping
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.transformers.registry import registry
from syncline.domain.mapping.validation import parse
from tests.support.mapped_records import MappedRecords, mapped
from tests.support.row_mapping import compiler as referee

DEEP: Any = "deep"
for _ in range(66):
    DEEP = [DEEP]
TEXTS = st.sampled_from(
    ["", " ", "a", "Y", " n ", "true", "12", "-7", "12.50", " 5", "+5", "5.0", "1e3", "-0",
     "-0.004", "1.234,50", "9" * 19, "1\n2", "2026-01-31", "20260131", "31.01.2026", "30.02.2026",
     "x,y, z", "2026-01-31T10:00:00.123456+01:00", "ü\u00df", "\U0001f600", "a\0b",
     "\ud800", "\udc00"]
)  # fmt: skip
NUMBERS = st.sampled_from(
    [0, 1, -5, 930, 2400, 20260131, 10**18, -(10**30), 10**1000, 10**1001, Decimal(0),
     Decimal("-0.00"), Decimal("12.345"), Decimal("12.50"), Decimal("2.5"), Decimal("1E+5"),
     Decimal("1E-12"), Decimal("1E+2000"), Decimal("1." + "7" * 1100), Decimal("NaN"),
     Decimal("sNaN"), Decimal("Infinity"), 1.5, float("nan")]
)  # fmt: skip
SCALARS = st.none() | TEXTS | NUMBERS | st.booleans()
USUAL = st.sampled_from(["Y", "N", "a", "12", "12.50", "2026-01-31", 7, Decimal("3.25"), None])
KEYS = ["a", "b", "c", "x.y", "a.b", '["x.y"]']
INNER = st.sampled_from(["n", "m", "a", "x.y"])
VALUES = st.recursive(
    SCALARS | USUAL,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(INNER, inner, max_size=3),
    max_leaves=8,
)
LINES = st.lists(
    st.dictionaries(INNER, USUAL | VALUES | st.lists(st.dictionaries(INNER, USUAL), max_size=2)),
    max_size=3,
)
ANY = USUAL | VALUES | LINES | st.just(DEEP)
RECORDS = st.dictionaries(st.sampled_from(KEYS), ANY, max_size=6)


@st.composite
def batches(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Records that have nothing in common, or all the same keys, each with values of one kind."""
    if draw(st.booleans()):
        return draw(st.lists(RECORDS, max_size=5))
    kinds = [TEXTS, NUMBERS, USUAL, LINES, VALUES, st.just(None), st.integers(), st.decimals(),
             st.booleans(), st.sampled_from("YN"), st.text(max_size=3),
             st.dates().map(str)]  # fmt: skip
    chosen = {key: draw(st.sampled_from(kinds)) for key in KEYS[: draw(st.integers(1, 6))]}
    return draw(st.lists(st.fixed_dictionaries(chosen), min_size=1, max_size=8))


def breaks(value: Any, _record: Any) -> Any:
    if value in ("Y", 7, ""):
        raise {"Y": ZeroDivisionError, 7: SystemExit, "": KeyError}[value](value)
    if value == "N":
        raise ValueRefusedError("is refused", code="no_n")
    return value


def odd(value: Any, record: dict[str, Any]) -> Any:
    odd_ones = {"a": {1}, "Y": float("nan"), "12": [{"z": 1, "b": None}], "N": None}
    return odd_ones.get(value, len(record)) if isinstance(value, str) else record.get("a")


PLUG_INS = {"breaks": breaks, "odd": odd}


@pytest.fixture(autouse=True, scope="module")
def plug_ins() -> Iterator[None]:
    made = {name: (name, lambda _o, f=function: f, None) for name, function in PLUG_INS.items()}
    known = registry() | made
    with pytest.MonkeyPatch.context() as patch:
        for module in ("syncline.domain.mapping.chains", "syncline.domain.mapping.engine.fields",
                       "tests.support.row_mapping.fields"):  # fmt: skip
            patch.setattr(f"{module}.registry", lambda: known)
        yield


STEPS = st.sampled_from(
    [*({name: {}} for name in ("sapYesNo", "trim", "upper", "lower", "toString", "toInt", "toBool",
                               "toDecimal", "formatDecimal", "dateFormat", "parseNumber", "split",
                               "join", "round", "hash", "breaks", "odd", "substring")),
     {"boolToStatus": {"trueValue": "on", "falseValue": 0}}, {"formatDecimal": {"decimals": 8}},
     {"formatDecimal": {"decimals": 0}}, {"round": {"decimals": 3}},
     {"dateFormat": {"format": "dd.MM.yy", "inputFormat": "yyyy-MM-dd", "timezone": "Asia/Tokyo"}},
     {"parseNumber": {"decimal": ",", "thousands": "."}}, {"substring": {"start": 1, "length": 2}},
     {"dateTime": {"timeField": "a"}}, {"dateTime": {"timeField": "b", "seconds": True}},
     {"lookup": {"map": {"Y": {"z": 1, "b": [None]}, "12": None, "7": []}}},
     {"lookup": {"map": {"a": 1}, "default": "d"}}, {"replace": {"search": "1", "replace": "\0"}},
     {"concat": {"fields": ["b", "a[0].n"], "separator": "-"}},
     {"coalesce": {"fields": ["b", "x.y"]}},
     {"hash": {"algorithm": "md5"}}, {"regexExtract": {"pattern": "([0-9]+)"}},
     {"regexExtract": {"pattern": "a", "default": None}}]
)  # fmt: skip
SOURCES = st.sampled_from(
    ["a", "b", "c", "x.y", '["x.y"]', "a.b", "a.n", "a[0]", "a[1].n", "b[0].m", "c[]", "a[].n",
     "a[].n.m", "a[].x.y", 'a[]["x.y"]', "b[].m", "b[].m[].n", "a[].n[].m", "a[].n[]",
     "b[].a[].n[]", '["["]', "$"]
)  # fmt: skip
TARGETS = st.sampled_from(
    ["p", "q", "o.p", "o.q.r", "t[0]", "t[2]", "t[1].v", "e[]", "e[].v", "e[].w", "e[].o.u",
     "e[].i[0]", "e[].i[2]", "e[].f[].v", "e[].f[].w", "e[].f[]", "g[]", "g[][]", "o.h[].k",
     "z[].y"]
)  # fmt: skip
DEFAULTS: st.SearchStrategy[Any] = st.sampled_from(
    [None, None, None, "d", "5", 0, False, {"z": 1, "b": 2}, []]
)
CONDITIONS = st.recursive(
    st.builds(
        lambda field, op, value: {"field": field, "op": op, "value": value},
        SOURCES,
        st.sampled_from(["eq", "ne", "exists", "empty", "gt", "gte", "lt", "lte"]),
        st.sampled_from([None, "", "Y", "12", 7, 0, True, False, [], {"n": "12"}]),
    )
    | st.builds(
        lambda field, op, value: {"field": field, "op": op, "value": value},
        SOURCES,
        st.sampled_from(["in", "notIn"]),
        st.lists(st.sampled_from([None, "Y", 7, "12.50"]), max_size=3),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda some: {"all": some}),
        st.lists(inner, max_size=3).map(lambda some: {"any": some}),
        inner.map(lambda one: {"not": one}),
    ),
    max_leaves=4,
)
TYPES = st.sampled_from(["string", "int", "decimal", "bool", "date", "datetime", "object", "array"])
CHAINS: st.SearchStrategy[list[Any]] = st.lists(STEPS, max_size=2) | st.just([])


@st.composite
def fields(draw: st.DrawFn, *, of_raw: bool) -> dict[str, Any]:
    field: dict[str, Any] = {
        "source": draw(SOURCES), "target": draw(TARGETS), "default": draw(DEFAULTS),
        "required": draw(st.sampled_from([False, False, True])), "transform": draw(CHAINS),
    }  # fmt: skip
    if of_raw:
        field["type"] = draw(TYPES)
        if field["type"] in ("date", "datetime"):
            field["format"] = draw(st.sampled_from([None, "dd.MM.yyyy", "yyyyMMdd"]))
        return field
    return field | {
        "when": draw(st.none() | CONDITIONS),
        "omitNull": draw(st.none() | st.booleans()),
    }


STATICS = st.builds(
    lambda target, value: {"target": target, "value": value},
    TARGETS,
    st.sampled_from([None, 1, {"z": 1, "b": {}}]),
)


def taken(normalization: list[Any], transformation: dict[str, Any]) -> Mapping | None:
    """Return a mapping as it is stored: earlier releases took more than is taken now."""
    document = {
        "entityType": "item",
        "extraction": {"table": "t", "idColumn": "id"},
        "normalization": {"fields": normalization},
        "transformation": transformation,
    }
    try:
        return parse(document, stored=True)
    except InvalidInputError:
        return None


def fitting(parts: list[dict[str, Any]], of: str) -> list[dict[str, Any]]:
    """Return the parts that write no place which an earlier one writes."""
    chosen: list[dict[str, Any]] = []
    for part in parts:
        tried = [*chosen, part]
        raw = tried if of == "normalization" else [{"source": "a", "target": "a"}]
        into = {"fields": [p for p in tried if "source" in p],
                "static": [p for p in tried if "source" not in p]}  # fmt: skip
        if taken(raw, {"fields": [], "static": [{"target": "s"}]} if raw is tried else into):
            chosen = tried
    return chosen


def assert_alike(new: MappedRecords, old: referee.MappedBatch) -> None:
    """Compare to the digit: kinds of numbers and the order of keys count."""
    assert new.failures == old.failures
    assert new.excluded == old.excluded
    assert list(map(repr, new.outputs)) == list(map(repr, old.outputs))


@settings(max_examples=100, deadline=None)
@given(st.lists(fields(of_raw=True), min_size=1, max_size=6), batches())
def test_normalization(parts: list[dict[str, Any]], records: list[dict[str, Any]]) -> None:
    mapping = taken(fitting(parts, "normalization"), {"static": [{"target": "s", "value": 1}]})
    assume(mapping is not None)
    assert mapping is not None
    new, old = compile_mapping(mapping), referee.compile_mapping(mapping)
    result = mapped(new.normalize, records)
    assert_alike(result, old.normalize(records))
    for record in records:
        assert new.broken_normalization(record) == old.broken_normalization(record)
    event(f"failed: {bool(result.failures)}, made: {any(result.outputs)}")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(fields(of_raw=False) | fields(of_raw=False) | STATICS, min_size=1, max_size=7),
    st.none() | st.none() | CONDITIONS,
    st.booleans(),
    batches(),
)
def test_transformation(
    parts: list[dict[str, Any]],
    exclude: dict[str, Any] | None,
    omit_null: bool,
    records: list[dict[str, Any]],
) -> None:
    chosen = fitting(parts, "transformation")
    into = {"fields": [p for p in chosen if "source" in p],
            "static": [p for p in chosen if "source" not in p],
            "exclude": exclude, "omitNull": omit_null}  # fmt: skip
    mapping = taken([{"source": "c", "target": "c", "type": "int"}], into)
    assume(mapping is not None)
    assert mapping is not None
    new, old = compile_mapping(mapping), referee.compile_mapping(mapping)
    result = mapped(new.transform, records)
    assert_alike(result, old.transform(records))
    for record in records:
        assert new.broken_transformation(record) == old.broken_transformation(record)
    event(f"failed: {bool(result.failures)}, made: {any(result.outputs)}")
