"""Checking a mapping on save: every mistake by its JSON path, with what would be right."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from syncline.domain.errors import InvalidInputError
from syncline.domain.mapping.engine.compiler import compile_mapping
from syncline.domain.mapping.extraction import CursorType, ExtractionMode
from syncline.domain.mapping.validation import parse, warnings
from tests.support.mapped_records import mapped

VALID: dict[str, Any] = {
    "entityType": " Item ",
    "extraction": {
        "mode": "config", "table": "OITM", "columns": ["ItemCode", "ItemName"], "sql": None,
        "procedure": None, "parameters": {}, "endpoint": None, "idColumn": "ItemCode",
        "cursorColumn": "UpdateDate", "cursorType": "date", "lookback": "PT1H30M",
        "filters": [{"field": "validFor", "op": "eq", "value": "Y"}],
    },
    "normalization": {"fields": [
        {"source": "ItemCode", "target": "sku", "type": "string", "required": True},
        {"source": "ItemName", "target": "name", "default": "-", "transform": "trim"},
    ]},
    "transformation": {
        "matchKey": "sku",
        "fields": [
            {"source": "sku", "target": "sku", "required": True},
            {"source": "name", "target": "product.title", "transform": ["toString"], "when": None},
        ],
        "static": [{"target": "status", "value": "ACTIVE"}], "exclude": None, "smartSync": True,
    },
}  # fmt: skip


def changed(path: str, value: object) -> dict[str, Any]:
    """The valid document with one value replaced; `+` appends to a list."""
    document = copy.deepcopy(VALID)
    *parents, last = path.split(".")
    place: Any = document
    for key in parents:
        place = place[int(key)] if key.isdigit() else place[key]
    if last == "+":
        place.append(value)
    else:
        place[int(last) if last.isdigit() else last] = value
    return document


def said(document: object) -> list[str]:
    with pytest.raises(InvalidInputError) as refused:
        parse(document)
    return [f"{p.path}: {p.message}" for p in refused.value.problems]


def test_the_example_of_the_specification_is_taken() -> None:
    mapping = parse(VALID)
    assert mapping.entity_type == "item"
    assert mapping.extraction.mode is ExtractionMode.CONFIG
    assert mapping.extraction.cursor_type is CursorType.DATE
    assert mapping.extraction.lookback == 5400
    assert mapping.normalization.fields[1].chain == [("trim", {})]
    assert mapping.transformation.fields[1].when is None
    assert mapping.transformation.smart_sync


@pytest.mark.parametrize(
    ("said", "expected"),
    [("sku", ("sku",)), (["sku", "status"], ("sku", "status")), (None, ()), ("", ()), ([], ())],
)
def test_a_match_key_is_one_path_or_several(said: object, expected: tuple[str, ...]) -> None:
    assert parse(changed("transformation.matchKey", said)).transformation.match_key == expected


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("entityType", "", "must not be empty"),
        ("entityType", 5, "must be text, not 5"),
        ("zzz", 1, "unknown field; known: entityType, extraction"),
        ("extraction", None, "is required"),
        ("extraction", [], "must be an object, not []"),
        ("extraction.mode", "table", "must be one of config, sql, procedure, api"),
        ("extraction.mode", "sql", "$.extraction.sql: is required"),
        ("extraction.mode", "procedure", "$.extraction.procedure: is required"),
        ("extraction.mode", "api", "$.extraction.endpoint: is required"),
        ("extraction.table", None, "is required"),
        ("extraction.idColumn", None, "is required"),
        ("extraction.columns", "ItemCode", "must be a list, not 'ItemCode'"),
        ("extraction.columns", ["a", 5], "$.extraction.columns[1]: must be text, not 5"),
        ("extraction.cursorType", "time", "must be one of datetime, date, id"),
        ("extraction.lookback", "1 hour", "'1 hour' is no duration such as PT15M"),
        ("extraction.lookback", "P1M", "'P1M' is no duration"),
        ("extraction.cursorColum", "x", "unknown field; did you mean `cursorColumn`?"),
        ("extraction.filters.0.op", "like", "must be one of eq, ne,"),
        ("extraction.filters.0.op", "gtt",
         "must be one of eq, ne, in, notIn, exists, empty, gt, gte, lt, lte, not 'gtt'; did you"),
        ("extraction.filters.0.op", "in", "$.extraction.filters[0].value: must be a list for `in`"),
        ("extraction.filters.+", {}, "$.extraction.filters[1]: must be one of {field, op, value}"),
        ("normalization.fields", [], "must hold at least one field"),
        ("normalization.fields", {}, "must be a list, not {}"),
        ("normalization.fields.0", "sku", "must be an object, not 'sku'"),
        ("normalization.fields.0.source", "", "must not be empty"),
        ("normalization.fields.0.type", "text", "must be one of string"),
        ("normalization.fields.0.required", "yes", "must be true or"),
        ("normalization.fields.1.target", "sku", "`sku` is used twice"),
        ("normalization.fields.1.target", "sku.x", "`sku.x` and `sku` lie"),
        ("normalization.fields.1.transform", "trimm", "unknown transf"),
        ("normalization.fields.0.when", {}, "unknown field"),
        ("transformation.fields.0.source", "skuu", "no normalization field"),
        ("transformation.fields.1.target", "sku", "`sku` is used twice"),
        ("transformation.fields.1.target", "a..b", "'a..b' is not a path"),
        ("transformation.fields.1.when", {"op": "eq"}, "must be one of"),
        ("transformation.static.0.target", "sku", "`sku` is used twice"),
        ("transformation.matchKey", "skuu", "no field writes `skuu`; did you mean"),
        ("transformation.matchKey", ["sku", "skuu"], "no field writes `skuu`; did you mean"),
        ("transformation.matchKey", ["sku", "sku"], "names `sku` twice"),
        ("transformation.matchKey", ["sku", ""], "holds an empty text"),
        ("transformation.verify", ["skuu"], "no field writes `skuu`; did you mean `sku`"),
        ("transformation.verify", "all", "must be true, false or a list of paths, not 'all'"),
        ("transformation.verify", [""], "'' is not a path"),
        ("transformation.matchKey", 5, "must be a list, not 5"),
        ("transformation.onCreate", "status", "must be a list, not 'status'"),
        ("transformation.onCreate", ["status", "status"], "names `status` twice"),
        ("transformation.onCreate", ["product", "stauts"],
         "$.transformation.onCreate[1]: no field writes `stauts` at the payload's top; did you"),
        ("transformation.onCreate", ["product.title"],
         "$.transformation.onCreate[0]: no field writes `product.title` at the"),
        ("transformation.onCreate", ["sku"],
         "$.transformation.onCreate[0]: is the match key, which every write needs"),
        ("transformation.smartSync", 1, "must be true or false, not 1"),
        ("transformation.exclude", {"not": {"all": 1}}, "$.transformation.exclude.not.all: must"),
        ("transformation.exclude", {"field": "naem"},
         "$.transformation.exclude.field: no normalization field gives `naem`; did you mean"),
        ("transformation.exclude", {"any": [{"not": {"field": "SKUU", "op": "exists"}}]},
         "$.transformation.exclude.any[0].not.field: no normalization field gives `SKUU`; did you"),
        ("transformation.fields.1.when", {"all": [{"field": "nam"}]},
         "$.transformation.fields[1].when.all[0].field: no normalization field gives `nam`; did"),
        ("transformation.fields.1.source", "name.first", "no normalization field gives"),
        ("transformation.fields.1.source", "name[0]", "no normalization field gives `name[0]`"),
        ("transformation.fields.1", {"source": "name", "target": "t", "transform": "concat",
                                     "options": {"fields": ["sku", "nmae"]}},
         "$.transformation.fields[1].options: no normalization field gives `nmae`; did you mean"),
        ("transformation.matchKey", ["sku", "produkt.title"],
         "$.transformation.matchKey: no field writes `produkt.title`; did you mean `product"),
        ("transformation.omitNull", "yes", "must be true or false"),
        ("transformation.fields.1.omitNull", 1, "must be true or false"),
        ("normalization.fields.1.format", "dd.MM.yyyy", "belongs to the types `date` and"),
        ("normalization.fields.1", {"source": "a", "target": "b", "type": "date", "format": "DD"},
         "$.normalization.fields[1].format: 'DD' is no date format"),
        ("normalization.fields.1", {"source": "a", "target": "b", "type": "date", "format": "yyyy"},
         "$.normalization.fields[1].format: 'yyyy' says no month"),
        ("transformation.static.0.value", float("nan"), "must be a number such as 12.50, not NaN"),
        ("transformation.static.0.value", {"a": [10**1001]}, "$.transformation.static[0].value.a"),
        ("normalization.fields.1.default", "a\0b", "must not hold a NUL character"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_path(path: str, value: object, words: str) -> None:
    """The words stand at the changed path, unless they begin with a path of their own."""
    place = "$." + re.sub(r"\.(\d+)", r"[\1]", path)
    expected = words if words.startswith("$") else f"{place}: {words}"
    problems = said(changed(path, value))
    assert any(line.startswith(expected) for line in problems), problems


def test_all_mistakes_come_at_once() -> None:
    document = changed("extraction.idColumn", None)
    document["normalization"]["fields"][0]["type"] = "text"
    document["transformation"]["fields"][0]["transform"] = ["nope"]
    assert [line.split(":")[0] for line in said(document)] == [
        "$.extraction.idColumn",
        "$.normalization.fields[0].type",
        "$.transformation.fields[0].transform",
    ]


@pytest.mark.parametrize("document", [None, [], "text", 5, {}])
def test_what_is_no_mapping_at_all_is_refused(document: object) -> None:
    assert said(document)


def test_limits_hold() -> None:
    deep: dict[str, Any] = {"field": "a"}
    for _ in range(30):
        deep = {"not": deep}
    assert any("nested deeper than 20" in s for s in said(changed("transformation.exclude", deep)))
    fields = [{"source": f"f{n}", "target": f"t{n}"} for n in range(2001)]
    problems = said(changed("normalization.fields", fields))
    assert "$.normalization.fields: may have at most 2,000 entries" in problems


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"transform": [{"trim": {}, "upper": {}}]}, "transform[0]: must be a name, or one name"),
        ({"transform": [5]}, "transform[0]: must be a name, or one name with its options"),
        ({"transform": {"replace": "x"}}, "transform.replace: must be a name, or one name with"),
        ({"transform": {"replac": {}}}, "transform: unknown transformer 'replac'; did you mean"),
        ({"transform": [{"replace": {"serch": ","}}]},
         "transform[0].replace.serch: `replace` has no such option; it has: replace, search; did"),
        ({"transform": [{"replace": {}}]}, "transform[0].replace.search: replace: is required"),
        ({"transform": [{"trim": {}}], "options": {"a": 1}}, "options: are read by no transformer"),
        ({"transform": ["trim", "formatDecimal"], "options": {"decimals": 2}},
         "options.decimals: is not the name of a transformer; several have their options under"),
        ({"transform": ["trim", "round"], "options": {"round": 2}}, "options.round: must be"),
        ({"transform": "dateFormat", "options": {"format": ""}}, "options.format: dateFormat"),
        ({"transform": "dateFormat", "options": {"inputFormat": "HH"}},
         "options.inputFormat: dateFormat: 'HH' says no year"),
        ({"transform": "dateTime", "options": {"timeField": "t", "seconds": 1}},
         "options.seconds: dateTime: must be true or false"),
        ({"transform": "parseNumber", "options": {"decimal": ",", "thousands": ","}},
         "options.thousands: parseNumber: must be one of"),
        ({"transform": "parseNumber", "options": {"thousands": "."}}, "options.thousands: parseN"),
        ({"transform": "parseNumber", "options": {"decimal": ";"}}, "options.decimal: parseNumber"),
        ({"transform": "parseNumber", "options": {"thousands": []}}, "options.thousands: parseN"),
        ({"transform": "lookup", "options": {"map": {1: "a", "1": "b"}}},
         "options.map: lookup: holds two keys that are one text"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_chain_is_named(field: dict[str, Any], words: str) -> None:
    problems = said(changed("normalization.fields.1", {"source": "a", "target": "name"} | field))
    start = f"$.normalization.fields[1].{words}"
    assert any(line.startswith(start) for line in problems), problems


def test_a_document_of_an_earlier_release_goes_on_working() -> None:
    old = changed("transformation.exclude", {"field": "nobody"})
    chain = {"transform": ["trim", "formatDecimal"], "options": {"decimals": 4}}
    old["normalization"]["fields"][1] |= chain
    old["transformation"]["static"].append({"target": "p[].x", "value": 1})
    assert len(said(old)) > 1
    mapping = parse(old, stored=True)
    assert [name for name, _ in mapping.normalization.fields[1].chain] == ["trim", "formatDecimal"]
    assert mapped(compile_mapping(mapping).transform, [{"sku": "1", "name": "n"}]).failures == {}


def test_to_bool_is_doubted() -> None:
    document = changed("normalization.fields.1.transform", ["trim", "TOBOOL"])
    doubts = warnings(parse(document))
    assert [d.path for d in doubts] == ["$.normalization.fields[1].transform"]
    assert 'makes every text true that is not empty, also "N"' in doubts[0].message
    assert warnings(parse(VALID)) == []


@pytest.mark.parametrize("form", ["dd.MM.yyyy HH:mm", "epoch", "epochMillis"])
def test_the_form_of_a_cursor_may_be_said(form: str) -> None:
    document = changed("extraction.cursorFormat", form)
    document["extraction"]["cursorColumn"] = "UpdateDate"
    assert parse(document).extraction.cursor_format == form


def test_a_form_of_a_cursor_is_a_format_of_times() -> None:
    document = changed("extraction.cursorFormat", "dd.MM.QQQQ")
    document["extraction"]["cursorColumn"] = "no"
    document["extraction"]["cursorType"] = "id"
    first, second = said(document)
    assert first == (
        "$.extraction.cursorFormat: needs a `cursorColumn` of `cursorType` datetime or date"
    )
    assert "'dd.MM.QQQQ' is no date format at 'QQQQ'" in second


def test_names_of_columns_may_be_quoted_and_an_api_s_are_paths() -> None:
    document = changed("extraction.idColumn", '["Qty [pcs]"]')
    assert parse(document).extraction.id_column == "Qty [pcs]"
    document = changed("extraction", {"mode": "api", "endpoint": "/i", "idColumn": '["a.b"]'})
    assert parse(document).extraction.id_column == '["a.b"]'


def test_one_set_of_options_for_two_steps_is_doubted() -> None:
    shared = {"transform": ["replace", "replace"], "options": {"replace": {"search": ","}}}
    document = changed("normalization.fields.1", {"source": "a", "target": "name"} | shared)
    assert "`replace` is here twice" in warnings(parse(document))[0].message
    own = [{"replace": {"search": ","}}, {"replace": {"search": "."}}]
    document = changed(
        "normalization.fields.1", {"source": "a", "target": "name", "transform": own}
    )
    assert warnings(parse(document)) == []


@pytest.mark.parametrize("said", [True, False, ["sku", "product", "product.title.x"]])
def test_what_is_verified_is_all_or_some_of_what_is_written(said: object) -> None:
    expected = tuple(said) if isinstance(said, list) else said

    assert parse(changed("transformation.verify", said)).transformation.verify == expected
