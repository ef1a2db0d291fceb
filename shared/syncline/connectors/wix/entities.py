"""How each entity type of a Wix site is read, in the words of the HTTP connector.

Paths, page sizes, filters and sorts are those of Wix's published types and documentation. A list
that can be sorted by the time of change is read in order. One that can only be filtered by it is
read in Wix's own order, and one without either is read in full.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from syncline.connectors.api.entities import Entity
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode
from syncline.domain.record import JsonObject

MOST = 100
"""Records in a page and IDs in a filter, for most lists."""
CHANGED = "updatedDate"
FILTER, ENDPOINT = "filter", "endpoint"
"""What a mapping may say in `extraction.options` beside the entity type."""


class _Query(msgspec.Struct, frozen=True):
    """A list that is asked for by POST.

    Attributes:
        records: path of the records; `told`: of what the answer says of pages.
        root: of the query in the body.
        sort: by which field; None: in Wix's own order.
        changes: it can be filtered by the time of change.
        beside: what stands in the body beside the query.
    """

    path: str
    records: str
    root: str = "query"
    told: str = "pagingMetadata"
    by: Literal["cursor", "offset"] = "cursor"
    sort: str | None = CHANGED
    changes: bool = True
    size: int = MOST
    beside: JsonObject = {}

    def entity(self) -> Entity:
        """Return it as the HTTP connector reads it."""
        query: JsonObject = {}
        if self.sort is not None:
            query["sort"] = [{"fieldName": self.sort, "order": "ASC"}]
        if self.changes:
            query["filter"] = {CHANGED: {"$gte": "{cursor}"}}
        paged = "cursorPaging" if self.by == "cursor" else "paging"
        by_ids = {"filter": {"id": {"$in": "{ids}"}}, paged: {"limit": MOST}}
        return Entity(
            Extraction(
                mode=ExtractionMode.API,
                endpoint=self.path,
                id_column="id",
                cursor_column=CHANGED if self.changes else None,
                paging={"type": self.by, "size": self.size, **self._paging(f"{self.root}.{paged}")},
                options={
                    "records": self.records,
                    "ordered": self.sort == CHANGED,
                    "body": {self.root: query, **self.beside},
                    "fetch": {
                        "endpoint": self.path, "records": self.records,
                        "body": {self.root: by_ids, **self.beside},
                    },
                },
            )
        )  # fmt: skip

    def _paging(self, at: str) -> JsonObject:
        names: JsonObject = {"parameter": f"{at}.{self.by}", "sizeParameter": f"{at}.limit"}
        if self.by == "offset":
            return names | {"total": f"{self.told}.total"}
        ends = {"next": f"{self.told}.cursors.next", "more": f"{self.told}.hasNext"}
        return names | ends | {"alone": True}


SUBSCRIPTIONS = Extraction(
    mode=ExtractionMode.API,
    endpoint="/pricing-plans/v2/orders",
    id_column="id",
    parameters={"sorting.fieldName": "createdDate", "sorting.order": "ASC"},
    paging={
        "type": "offset", "sizeParameter": "limit", "size": 50, "total": "pagingMetadata.total",
    },
    options={
        "records": "orders",
        "fetch": {"endpoint": "/pricing-plans/v2/orders/{id}", "records": "order"},
    },
)  # fmt: skip
_FIELDS = [
    "URL", "CURRENCY", "PLAIN_DESCRIPTION", "MEDIA_ITEMS_INFO", "DIRECT_CATEGORIES_INFO",
    "WEIGHT_MEASUREMENT_UNIT_INFO",
]  # fmt: skip
"""Parts of products that catalogue V3 gives only where they are asked for."""
_V1 = "/stores/v1/products/query"
_V1_BESIDE = {"includeVariants": True, "includeHiddenProducts": True}
"""What catalogue V1 leaves out, in silence, unless it is asked for it."""
PRODUCTS_V1 = Extraction(
    mode=ExtractionMode.API,
    endpoint=_V1,
    id_column="id",
    cursor_column="numericId",
    cursor_type=CursorType.ID,
    paging={
        "type": "offset", "parameter": "query.paging.offset", "size": MOST,
        "sizeParameter": "query.paging.limit",
    },
    options={
        "records": "products",
        "ordered": True,
        "body": {
            "query": {
                "filter": '{"numericId": {"$gte": {cursor}}}', "sort": '[{"numericId": "asc"}]',
            },
            **_V1_BESIDE,
        },
        "fetch": {
            "endpoint": _V1,
            "records": "products",
            "body": {
                "query": {"filter": '{"id": {"$in": {idsJson}}}', "paging": {"limit": MOST}},
                **_V1_BESIDE,
            },
        },
    },
)  # fmt: skip
"""Products of catalogue V1: it cannot be asked for changes, and its offsets end at 10,000, so that
they are read in the order of their numbers."""
ENTITIES = {
    "customer": _Query(
        "/contacts/v4/contacts/query", "contacts", by="offset", sort="createdDate", size=1000
    ).entity(),
    "order": _Query("/ecom/v1/orders/search", "orders", root="search", told="metadata").entity(),
    "booking": _Query(
        "/_api/bookings-reader/v2/extended-bookings/query", "extendedBookings[].booking", sort=None
    ).entity(),
    "subscription": Entity(SUBSCRIPTIONS),
    "product": _Query("/stores/v3/products/query", "products", beside={"fields": _FIELDS}).entity(),
    "service": _Query(
        "/bookings/v2/services/query", "services", by="offset", sort="id", changes=False
    ).entity(),
    "plan": _Query("/pricing-plans/v3/plans/query", "plans").entity(),
    "menuitem": _Query("/restaurants/menus/v1/items/query", "items", size=500).entity(),
}
