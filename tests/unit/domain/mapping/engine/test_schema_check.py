"""Records that do not fit their canonical schema: each fails alone, by the field at fault."""

from __future__ import annotations

from typing import Any

from syncline.domain.mapping.engine.compiler import CompiledMapping, compile_mapping
from syncline.domain.mapping.validation import parse
from tests.support.mapped_records import MappedRecords, mapped


def compiled(schema: str, fields: list[dict[str, Any]], *, stored: bool = False) -> CompiledMapping:
    document: dict[str, Any] = {
        "entityType": "thing",
        "extraction": {"table": "t", "idColumn": "id"},
        "normalization": {"schema": schema, "fields": fields},
        "transformation": {"fields": [{"source": fields[0]["target"], "target": "x"}]},
    }
    return compile_mapping(parse(document, stored=stored))


def field(source: str, target: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"source": source, "target": target, "type": kind, **more}


BP = [field("Code", "code"), field("Name", "name"), field("Kind", "type"), field("Cur", "currency")]
GOOD = {"Code": "C1", "Name": "n", "Kind": "customer", "Cur": "EUR"}


def partners(*changes: dict[str, Any]) -> MappedRecords:
    return mapped(compiled("bp", BP).normalize, [GOOD | change for change in changes])


def test_what_fits_goes_on() -> None:
    result = partners({}, {"Kind": None, "Cur": None})
    assert result.failures == {}
    assert result.outputs[1] == {"code": "C1", "name": "n", "type": None, "currency": None}


def test_a_value_that_does_not_fit_fails_its_record_alone() -> None:
    result = partners({}, {"Kind": "C"}, {"Cur": "$"}, {})
    assert {place: f.code for place, f in result.failures.items()} == {
        1: "schema_mismatch", 2: "schema_mismatch",
    }  # fmt: skip
    assert result.failures[1].field == "Kind"
    assert result.failures[1].message == (
        "Kind gives `type` of the schema `bp`, "
        "which must be one of customer, supplier, lead, not 'C'"
    )
    assert result.failures[2].field == "Cur"


def test_a_required_value_that_is_null_or_empty_fails_its_record() -> None:
    result = partners({"Code": None}, {"Name": ""})
    assert [f.message for f in result.failures.values()] == [
        "Code gives `code` of the schema `bp`, which is required",
        "Name gives `name` of the schema `bp`, which must not be empty, not ''",
    ]


def test_a_field_that_breaks_by_itself_says_so() -> None:
    fields = [*BP[:2], field("Credit", "creditLimit", "decimal")]
    result = mapped(compiled("bp", fields).normalize, [GOOD | {"Credit": "much"}])
    assert result.failures[0].code == "conversion_failed"


ORDER = [
    field("id", "id"), field("at", "date", "datetime"), field("cur", "currency"),
    field("total", "total", "decimal"),
]  # fmt: skip
HEAD = {"id": "1", "at": "2026-01-31T08:15:00Z", "cur": "EUR", "total": 1}


def orders(fields: list[dict[str, Any]], *records: dict[str, Any]) -> MappedRecords:
    return mapped(compiled("order", [*ORDER, *fields]).normalize, [HEAD | r for r in records])


def test_elements_are_checked_where_they_are() -> None:
    fields = [
        field("rows[].q", "lines[].quantity", "decimal"),
        field("rows[].p", "lines[].price", "decimal"),
    ]
    result = orders(fields, {"rows": [{"q": 1, "p": 1}]}, {"rows": [{"q": 1, "p": 1}, {"q": 1}]})
    assert [(f.field, f.message) for f in result.failures.values()] == [
        ("rows[].p", "rows[].p gives `lines[1].price` of the schema `order`, which is required")
    ]


def test_an_element_of_arrays_of_unequal_length_lacks_what_it_needs() -> None:
    fields = [
        field("qs[].q", "lines[].quantity", "decimal"),
        field("ps[].p", "lines[].price", "decimal"),
    ]
    result = orders(fields, {"qs": [{"q": 1}, {"q": 2}], "ps": [{"p": 1}]})
    assert "`lines[1].price` of the schema `order`, which is required" in result.failures[0].message


def test_a_value_that_is_taken_whole_is_checked_inside() -> None:
    fields = [field("rows", "lines", "array"), field("bill", "billingAddress", "object")]
    good = {"rows": [{"quantity": 1, "price": 2}], "bill": {"city": "Ulm"}}
    result = orders(fields, good, good | {"bill": {"town": "Ulm"}}, good | {"rows": [{"price": 1}]})
    assert [(place, f.field, f.message) for place, f in result.failures.items()] == [
        (1, "bill", "bill gives `billingAddress.town` of the schema `order`, "
                    "which is not in the schema"),
        (2, "rows", "rows gives `lines[0].quantity` of the schema `order`, which is required"),
    ]  # fmt: skip


def test_a_dry_run_names_every_field_at_fault() -> None:
    broken = compiled("bp", BP).broken_normalization(GOOD | {"Kind": "C", "Cur": "$"})
    assert [(place, failure.field) for place, failure in broken] == [(2, "Kind"), (3, "Cur")]


def test_a_stored_mapping_works_on_where_a_schema_has_changed() -> None:
    fields = [field("Code", "code"), field("x", "unheard")]
    result = mapped(compiled("bp", fields, stored=True).normalize, [{"Code": "C1", "x": "y"}])
    assert result.outputs == [{"code": "C1", "unheard": "y"}]
