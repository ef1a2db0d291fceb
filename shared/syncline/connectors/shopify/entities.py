"""What a shop has, how it is read, and how it is written, as blocks of the HTTP connector."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from syncline.connectors.api.entities import Entity
from syncline.connectors.shopify import documents
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.domain.record import JsonObject

ENDPOINT = "/graphql.json"
MOST = 25_000
"""Records after which a shop ends a read."""
ANCHOR_AFTER = 20_000
"""Records after which a read begins anew at the last one."""
LARGEST_PAGE = 250
FILTERS = "updated_at:>='{cursor}'"
KINDS = {"item": "Product", "variant": "ProductVariant", "customer": "Customer", "order": "Order"}
"""Entity type -> what its records are called in IDs."""
BY_ID = frozenset({"customer", "variant"})
"""Entity types that are read in the order of IDs: variants cannot be sorted by their changes, and
customers can be asked for those of whole days only."""


def _source(name: str, root: str, size: int) -> Extraction:
    by_id = name in BY_ID
    paging: JsonObject = {"type": "cursor", "sizeParameter": "first", "size": size, "most": MOST}
    options: JsonObject = {
        "query": documents.READ[name],
        "variables": {"query": FILTERS, "sort": "ID" if by_id else "UPDATED_AT"},
        "records": f"data.{root}.nodes",
        "ordered": not by_id,
        "fetch": {
            "endpoint": ENDPOINT,
            "query": documents.FETCH[name],
            "variables": {"ids": "{ids}"},
            "records": "data.nodes",
            "size": size,
        },
    }
    if name == "customer":  # days are the shop's own, so a day more is read
        options |= {"cursorFormat": "yyyy-MM-dd", "exclusiveBy": "P1D"}
    return Extraction(
        mode=ExtractionMode.API,
        id_column="id",
        cursor_column="updatedAt",
        endpoint=ENDPOINT,
        paging=paging if by_id else paging | {"anchorAfter": ANCHOR_AFTER},
        options=options,
    )


def in_order_of_ids(ready: Extraction) -> Extraction:
    """Return an extraction that is read in the order of IDs, as a read without bookmarks is."""
    paging = {name: value for name, value in (ready.paging or {}).items() if name != "anchorAfter"}
    variables = ready.options["variables"] | {"sort": "ID"}
    options = {**ready.options, "ordered": False, "variables": variables}
    return dataclasses.replace(ready, paging=paging, options=options)


def _target(key: str, answer: str, found: str, gone: Sequence[str], *calls: str) -> JsonObject:
    """Return how a kind is written that one mutation creates and changes.

    Args:
        key: the field that a record is found by where its ID is not known.
        answer: where the mutation's answer has the record.
        found: where the look-up's answer has it.
        gone: parts of the messages that say that there is no such ID any more.
        calls: the documents of the mutation, the look-up and the deletion.
    """
    set_, find, delete = calls
    write: JsonObject = {"endpoint": ENDPOINT, "query": set_, "answer": {"id": f"{answer}.id"}}
    return {
        **write,
        "variables": {"identifier": {key: "{key}"}, "input": "{record}"},
        "idempotent": True,
        "gone": [{"contains": part} for part in gone],
        "update": {
            **write,
            "variables": {"identifier": {"id": "{id}"}, "input": "{record}"},
            "recreate": True,
        },
        "lookup": {
            "endpoint": ENDPOINT,
            "query": find,
            "variables": {key: "{key}"},
            "records": found,
            "id": "id",
        },
        "delete": {"endpoint": ENDPOINT, "query": delete, "variables": {"id": "{id}"}},
    }


ENTITIES = {
    "item": Entity(
        source=_source("item", "products", 50),
        target=_target(
            "handle",
            "data.productSet.product",
            "data.productByIdentifier",
            ["does_not_exist", "does not exist"],
            documents.SET_ITEM,
            documents.FIND_ITEM,
            documents.DELETE_ITEM,
        ),
        match_key="handle",
    ),
    "variant": Entity(source=_source("variant", "productVariants", 100)),
    "customer": Entity(
        source=_source("customer", "customers", 100),
        target=_target(
            "email",
            "data.customerSet.customer",
            "data.customerByIdentifier",
            ["not_found", "can't be found"],
            documents.SET_CUSTOMER,
            documents.FIND_CUSTOMER,
            documents.DELETE_CUSTOMER,
        ),
        match_key="email",
    ),
    "order": Entity(source=_source("order", "orders", 25)),
    "itemstock": Entity(
        target={
            "endpoint": ENDPOINT,
            "query": documents.SET_STOCK,
            "variables": {"input": {"quantities": "{records}"}, "key": "{idempotencyKey}"},
            "bulkSize": LARGEST_PAGE,
            "idempotent": True,
        },
        match_key="sku",
    ),
}
