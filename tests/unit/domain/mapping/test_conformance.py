"""A normalization against the canonical schema that its mapping names: refused where it enters."""

from __future__ import annotations

from typing import Any

import pytest

from syncline.domain.errors import InvalidInputError
from syncline.domain.mapping.document import Mapping
from syncline.domain.mapping.validation import parse

ITEM = {"sku": "string", "name": "string"}
ORDER = {
    "id": "string", "date": "datetime", "currency": "string", "total": "decimal",
    "lines[].quantity": "decimal", "lines[].price": "decimal",
}  # fmt: skip


def mapping(schema: str | None, targets: dict[str, str], *, stored: bool = False) -> Mapping:
    def source(target: str) -> str:
        return target.replace("lines[]", "rows[]")

    first = next(iter(targets))
    document: dict[str, Any] = {
        "entityType": "thing",
        "extraction": {"table": "t", "idColumn": "id"},
        "normalization": {
            "schema": schema,
            "fields": [{"source": source(t), "target": t, "type": k} for t, k in targets.items()],
        },
        "transformation": {"fields": [{"source": first, "target": "x"}]},
    }
    return parse(document, stored=stored)


def said(schema: str, targets: dict[str, str]) -> list[str]:
    with pytest.raises(InvalidInputError) as refused:
        mapping(schema, targets)
    return [f"{p.path}: {p.message}" for p in refused.value.problems]


def test_what_fits_is_taken() -> None:
    made = mapping("item", ITEM | {"price": "decimal", "tags[]": "string", "custom.a.b": "int"})
    assert made.normalization.schema == "item"
    mapping("order", ORDER | {"lines[].sku": "string", "billingAddress.city": "string"})
    mapping("order", ORDER | {"billingAddress": "object", "custom": "object"})


def test_without_a_schema_a_document_is_open() -> None:
    assert mapping(None, {"prize": "string"}).normalization.schema is None


def test_an_unknown_schema_is_refused() -> None:
    (problem,) = said("items", ITEM)
    assert problem.startswith("$.normalization.schema: must be one of item, itemstock, bp")
    assert problem.endswith("not 'items'; did you mean `item`?")


def test_an_unknown_property_is_refused() -> None:
    assert said("item", ITEM | {"prise": "decimal"}) == [
        "$.normalization.fields[2].target: is not in the schema `item`; did you mean `price`?"
    ]
    assert said("order", ORDER | {"lines[].quantty": "int"}) == [
        "$.normalization.fields[6].target: is not in the schema `order`; "
        "did you mean `lines[].quantity`?"
    ]


@pytest.mark.parametrize(
    ("target", "kind", "wanted"),
    [
        ("price", "string", "decimal"), ("active", "string", "bool"), ("tags", "string", "array"),
        ("updatedAt", "date", "datetime"), ("name", "int", "string"),
        ("tags[]", "object", "string"),
        ("options[0]", "string", "object"),
    ],
)  # fmt: skip
def test_a_wrong_type_is_refused(target: str, kind: str, wanted: str) -> None:
    number = 1 if target == "name" else 2
    assert said("item", ITEM | {target: kind}) == [
        f"$.normalization.fields[{number}].type: must be `{wanted}`: "
        f"that is what `{target}` of `item` is, not `{kind}`"
    ]


def test_types_whose_values_fit_are_taken() -> None:
    mapping("item", ITEM | {"price": "int", "barcode": "date", "brand": "datetime"})


def test_a_required_property_that_no_field_writes_is_refused() -> None:
    assert said("item", {"sku": "string"}) == [
        "$.normalization.fields: no field writes `name`, which `item` requires"
    ]
    less = {target: kind for target, kind in ORDER.items() if target != "lines[].price"}
    assert said("order", less) == [
        "$.normalization.fields: no field writes `lines[].price`, which `order` requires"
    ]


def test_a_stored_mapping_stays_usable_when_a_schema_has_changed() -> None:
    assert mapping("item", {"prise": "string"}, stored=True).normalization.schema == "item"
