"""The entity types of Business One, as blocks of the HTTP connector.

Names are those of the Service Layer, alike in `/b1s/v1` (OData v3) and `/b1s/v2` (OData v4). A page
is asked for by `$skip` and never by the answer's link, which may leave the filter out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from syncline.connectors.api.entities import Entity
from syncline.connectors.business_one.stock import ITEM, OF_ITEM, STOCK_ID, WAREHOUSES
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.domain.record import JsonObject

DRAFTS = "Drafts"
REFERENCE = "NumAtCard"
"""Customer's reference: by it a document is found before it is created."""
DOCUMENTS: Final[Mapping[str, str]] = {"salesorder": "Orders", "salesquotation": "Quotations"}
OBJECT_CODES: Final[Mapping[str, tuple[str, ...]]] = {
    "salesorder": ("oOrders", "17"),
    "salesquotation": ("oQuotations", "23"),
}
"""How a draft says which document it is to become."""
_IDS = 40
"""Records that one filter names: longer ones do not fit into a request's first line."""
_KEYS = 20


def _wanted(name: str, placeholder: str, *, is_number: bool = False) -> JsonObject:
    """Return the parts of a call that ask for many records by one property."""
    quote = "" if is_number else "'"
    return {
        "parameters": {"$filter": f"{name} eq {quote}{placeholder}{quote}"},
        "separator": f"{quote} or {name} eq {quote}",
        "doubleQuotes": not is_number,
        "records": "value",
    }


def _whole(name: str, key: str, *, is_number: bool = False, select: str = "") -> Extraction:
    """Return how an entity set is read that does not tell when its records were changed."""
    selected = {"$select": select} if select else {}
    fetch = {"endpoint": f"/{name}", "size": _IDS, **_wanted(key, "{ids}", is_number=is_number)}
    fetch["parameters"] |= selected
    return Extraction(
        mode=ExtractionMode.API,
        endpoint=f"/{name}",
        id_column=key,
        parameters={"$orderby": key, **selected},
        paging={"type": "offset", "parameter": "$skip"},
        options={"records": "value", "fetch": fetch},
    )


def _dated(name: str, key: str, created: str, *, is_number: bool = False) -> Extraction:
    """Return how a set is read by the day of change, which a record that never changed lacks."""
    whole = _whole(name, key, is_number=is_number)
    since = f"UpdateDate ge '{{cursor}}' or {created} ge '{{cursor}}'"
    options = {
        "ordered": True,
        "cursorFormat": "yyyy-MM-dd",
        "stable": {"parameters": {"$orderby": key}},
    }
    return replace(
        whole,
        cursor_column="UpdateDate",
        parameters={"$orderby": f"UpdateDate,{key}", "$filter": since},
        options={**whole.options, **options},
    )


def document_target(name: str, reference: str) -> JsonObject:
    """Return how documents of an entity set are written; `reference` is the property they have.

    Lines of a change take the place of those that are there: by itself, the Service Layer adds
    each line that has no LineNum.
    """
    return {
        "endpoint": f"/{name}",
        "answer": {"id": "DocEntry"},
        "update": {
            "endpoint": f"/{name}({{id}})",
            "headers": {"B1S-ReplaceCollectionsOnPatch": "true"},
        },
        "lookup": document_lookup(name, reference),
    }


def document_lookup(name: str, reference: str) -> JsonObject:
    """Return how documents, or drafts of them, are found by their reference."""
    return {
        "endpoint": f"/{name}",
        "size": _KEYS,
        **_wanted(reference, "{keys}"),
        "key": reference,
        "id": "DocEntry",
    }


_SOURCES: Final[Mapping[str, Extraction]] = {
    "item": _dated("Items", ITEM, "CreateDate"),
    "itemstock": replace(
        _whole("Items", ITEM, select=",".join((ITEM, *OF_ITEM, WAREHOUSES))), id_column=STOCK_ID
    ),
    "bp": _dated("BusinessPartners", "CardCode", "CreateDate"),
    "salesorder": _dated("Orders", "DocEntry", "CreationDate", is_number=True),
    "salesquotation": _dated("Quotations", "DocEntry", "CreationDate", is_number=True),
    "bpgroup": _whole("BusinessPartnerGroups", "Code", is_number=True),
    "itemgroup": _whole("ItemGroups", "Number", is_number=True),
    "paymentterms": _whole("PaymentTermsTypes", "GroupNumber", is_number=True),
    "pricelist": _whole("PriceLists", "PriceListNo", is_number=True),
    "taxgroup": _whole("VatGroups", "Code"),
    "uomgroup": _whole("UnitOfMeasurementGroups", "AbsEntry", is_number=True),
    "warehouse": _whole("Warehouses", "WarehouseCode"),
}
ENTITIES: Final[Mapping[str, Entity]] = {
    name: Entity(
        source,
        target=document_target(DOCUMENTS[name], REFERENCE) if name in DOCUMENTS else None,
    )
    for name, source in _SOURCES.items()
}
"""Every entity type: how it is read, and of documents how they are written."""
