"""What a shop has, how it is read, and how it is written.

Everything is read by ID. `orderby=modified` sorts by the shop's local time, in which an hour comes
twice when clocks are set back, so that a page could end behind changes that are still to come. The
order of IDs does not move when a record changes meanwhile (docs/decisions/0046).
"""

from __future__ import annotations

from syncline.connectors.api.entities import Entity
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.domain.record import JsonObject

PER_PAGE = 100
"""Most records that the API gives in a page."""
BULK = 50
"""Records in one write; the API takes 100, which may last 8 s and more on a small server."""
_CHANGED: JsonObject = {"modified_after": "{cursor}", "dates_are_gmt": "true"}
_BY_ID: JsonObject = {"orderby": "id", "order": "asc"}
_PAGING: JsonObject = {
    "type": "page",
    "sizeParameter": "per_page",
    "size": PER_PAGE,
    "totalHeader": "X-WP-Total",
}


def _source(endpoint: str, parameters: JsonObject, cursor: str | None) -> Extraction:
    asked: JsonObject = {"include": "{ids}", "per_page": PER_PAGE, **parameters}
    return Extraction(
        mode=ExtractionMode.API,
        id_column="id",
        cursor_column=cursor,
        endpoint=endpoint,
        parameters={**(_CHANGED if cursor else {}), **_BY_ID, **parameters},
        paging=_PAGING,
        options={
            "exclusiveBy": "PT1S",  # `modified_after` is exclusive, its times are whole seconds
            "stable": {"parameters": _BY_ID},  # a read that was interrupted may see one twice
            "fetch": {"endpoint": endpoint, "parameters": asked, "size": PER_PAGE},
        },
    )


def _target(endpoint: str, lookup: JsonObject, gone: str) -> JsonObject:
    """Return the target block of an endpoint with `/batch`, which answers for each record."""
    call: JsonObject = {"method": "POST", "endpoint": f"{endpoint}/batch", "bulkSize": BULK}
    return {
        **call,
        "bodyPath": "create",
        "answer": {"records": "create", "id": "id", "error": "error"},
        "update": {
            **call,
            "bodyPath": "update",
            "idField": "id",
            "idIsNumber": True,
            "answer": {"records": "update", "id": "id", "error": "error"},
        },
        "lookup": {
            "endpoint": endpoint,
            "id": "id",
            "ignoreCase": True,
            "visibleAfter": 1,
            **lookup,
        },
        "delete": {"endpoint": f"{endpoint}/{{id}}", "parameters": {"force": "true"}},
        "gone": [{"contains": gone}],
    }


def variation_target(product: str) -> JsonObject:
    """Return the target block of a product's variations, which are updated and not created."""
    gone = "woocommerce_rest_product_variation_invalid_id"
    return _target(
        f"/products/{product}/variations",
        {"parameters": {"sku": "{keys}"}, "key": "sku"},
        gone,
    )


ENTITIES = {
    "item": Entity(
        source=_source("/products", {"status": "any"}, "date_modified_gmt"),
        open=frozenset({"status"}),
        target=_target(
            "/products",
            {
                "parameters": {"sku": "{keys}", "per_page": PER_PAGE, "context": "edit"},
                "key": "sku",
                "size": BULK,
            },
            "woocommerce_rest_product_invalid_id",
        ),
        match_key="sku",
    ),
    "customer": Entity(
        source=_source("/customers", {"role": "all"}, None),
        open=frozenset({"role"}),
        target=_target(
            "/customers",
            {
                "parameters": {"email": "{key}", "role": "all", "context": "edit"},
                "key": "email",
            },
            "woocommerce_rest_invalid_id",
        ),
        match_key="email",
    ),
    "order": Entity(
        source=_source("/orders", {"status": "any"}, "date_modified_gmt"),
        open=frozenset({"status"}),
    ),
}
