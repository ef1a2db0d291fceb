"""A Wix site on loopback: paths, page sizes, filters and sorts as its published types name them.

It answers as Wix does where that is known: a cursor is sent alone, the other catalogue and apps
that are not installed are a 428, offsets of catalogue V1 end at 10,000. It misbehaves as the
scripted API does (`trouble`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from syncline.testing.http_api import HttpApi, ReceivedRequest, Reply

KEY, SITE = "IST.wix-7c1", "5d5a3a0e-59f0-4b5e-9f5e-3d1c5f0f7a11"
_DATES = ("createdDate", "updatedDate")
_decode = msgspec.json.Decoder(float_hook=str).decode


class Listing(msgspec.Struct, frozen=True):
    """How the records of one entity type are asked for.

    Attributes:
        name: of the array in the answer; `inner`: the property of its elements that is the record.
        root: of the query in the body; `paged`: of what the answer says of pages.
        most, usual: records in a page.
        filters, sorts: fields that it can be asked by beside `id`.
    """

    path: str
    name: str
    inner: str = ""
    root: str = "query"
    paged: str = "pagingMetadata"
    by_cursor: bool = True
    most: int = 100
    usual: int = 50
    filters: Sequence[str] = _DATES
    sorts: Sequence[str] = _DATES


LISTINGS = {
    "order": Listing(
        "/ecom/v1/orders/search", "orders", root="search", paged="metadata", usual=100,
        filters=(*_DATES, "status"),
    ),
    "customer": Listing(
        "/contacts/v4/contacts/query", "contacts", by_cursor=False, most=1000,
        sorts=("createdDate",),
    ),
    "booking": Listing(
        "/_api/bookings-reader/v2/extended-bookings/query", "extendedBookings", inner="booking",
        filters=(*_DATES, "status"), sorts=(),
    ),
    "service": Listing(
        "/bookings/v2/services/query", "services", by_cursor=False, filters=("hidden",),
        sorts=("id",),
    ),
    "product": Listing("/stores/v3/products/query", "products", filters=(*_DATES, "visible")),
    "plan": Listing("/pricing-plans/v3/plans/query", "plans"),
    "menuitem": Listing("/restaurants/menus/v1/items/query", "items", most=500),
}  # fmt: skip
_VARIANTS = "/stores/v3/products/query-variants"
_V1, _VERSION = "/stores/v1/products/query", "/stores/v3/provision/version"
_SUBSCRIPTIONS = "/pricing-plans/v2/orders"
_PATHS = {listing.path: entity for entity, listing in LISTINGS.items()} | {
    _V1: "product",
    _VERSION: "product",
    _VARIANTS: "product",
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda a, b: a == b,
    "$ne": lambda a, b: a != b,
    "$gt": lambda a, b: a is not None and a > b,
    "$gte": lambda a, b: a is not None and a >= b,
    "$lt": lambda a, b: a is not None and a < b,
    "$lte": lambda a, b: a is not None and a <= b,
    "$in": lambda a, b: a in b,
}


class _BadQueryError(Exception):
    pass


class WixSite(HttpApi):
    """The site.

    Attributes:
        records: by entity type and ID.
        catalog: `V3_CATALOG`, `V1_CATALOG`, `STORES_NOT_INSTALLED`.
        v1_most: products of V1 that can be reached by offset.
        variants: of products of V3, which their lists leave out; `most_variants` in an answer.
        denied: entity types that the key may not read; `uninstalled`: those whose app is missing.
        calls_left: calls before the minute's limit is reached, if it is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in LISTINGS}
        self.records["subscription"] = {}
        self.catalog = "V3_CATALOG"
        self.v1_most = 10_000
        self.variants: dict[str, list[dict[str, Any]]] = {}
        self.most_variants = 1000
        self.denied: set[str] = set()
        self.uninstalled: set[str] = set()
        self.calls_left: int | None = None
        self._cursors: dict[str, dict[str, Any]] = {}

    def put(self, entity: str, *records: dict[str, Any]) -> None:
        """Store records, each with its `id`."""
        self.records[entity].update({record["id"]: record for record in records})

    def forget_cursors(self) -> None:
        """Let all cursors be too old."""
        self._cursors.clear()

    def _reply(self, asked: ReceivedRequest) -> Reply:
        path = asked.path
        entity = "subscription" if path.startswith(_SUBSCRIPTIONS) else _PATHS.get(path)
        refused = self._login_refusal(asked) or self._refusal(path, entity)
        if refused is not None:
            return refused
        if path == _VERSION:
            return Reply(body={"catalogVersion": self.catalog})
        if entity == "subscription":
            return self._subscriptions(asked)
        if entity is None or asked.method != "POST":
            return _error(404, f"no such resource: {path}")
        body = _decode(asked.body)
        try:
            return self._answer_to(path, entity, body)
        except _BadQueryError as error:
            return _error(400, str(error))

    def _login_refusal(self, asked: ReceivedRequest) -> Reply | None:
        headers = asked.headers
        key, site = headers.get("authorization"), headers.get("wix-site-id")
        if key not in (None, KEY):
            return _error(401, "Unauthenticated")
        good = key == KEY and site == SITE and "wix-account-id" not in headers
        return None if good else _error(403, "Permission denied")

    def _refusal(self, path: str, entity: str | None) -> Reply | None:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                return _error(429, "Too many requests")
        if entity in self.denied:
            return _error(403, "Permission denied", "PERMISSION_DENIED")
        if entity in self.uninstalled:
            return _error(428, "The app is not installed on this site", "APP_NOT_INSTALLED")
        other = {_V1: "V3_CATALOG", LISTINGS["product"].path: "V1_CATALOG"}
        if other.get(path) == self.catalog:
            return _error(428, "Wrong catalog version", "CATALOG_VERSION_MISMATCH")
        return None

    def _answer_to(self, path: str, entity: str, body: Mapping[str, Any]) -> Reply:
        if path == _V1:
            return self._products_v1(body)
        return self._variants(body) if path == _VARIANTS else self._page(entity, body)

    def _variants(self, body: Mapping[str, Any]) -> Reply:
        """Answer with the variants of products, in pages of `most_variants`."""
        query = body["query"]
        paging = query["cursorPaging"]
        if (cursor := paging.get("cursor")) is not None:
            if "filter" in query:
                raise _BadQueryError("cursorPaging.cursor must not be sent with filter or sort")
            products, start = self._cursors[cursor]["products"], self._cursors[cursor]["start"]
        else:
            products, start = query["filter"]["productData.productId"]["$in"], 0
        if paging["limit"] > 1000 or len(products) > 100:
            raise _BadQueryError("too many variants or products")
        every = [
            {**variant, "productData": {"productId": id_}}
            for id_ in products
            for variant in self.variants.get(id_, [])
        ]
        stop = start + min(paging["limit"], self.most_variants)
        token = f"cursor-{len(self._cursors)}"
        self._cursors[token] = {"products": products, "start": stop}
        told = {"cursors": {"next": token} if stop < len(every) else {}}
        return Reply(body={"variants": every[start:stop], "pagingMetadata": told})

    def _page(self, entity: str, body: Mapping[str, Any]) -> Reply:
        listing = LISTINGS[entity]
        query = body.get(listing.root, {})
        paging = query.get("cursorPaging" if listing.by_cursor else "paging", {})
        limit = paging.get("limit", listing.usual)
        if not isinstance(limit, int) or not 0 <= limit <= listing.most:
            raise _BadQueryError(f"limit must be at most {listing.most}")
        start, cursor = paging.get("offset", 0), paging.get("cursor")
        if cursor is not None:
            if query.get("filter") or query.get("sort"):
                raise _BadQueryError("cursorPaging.cursor must not be sent with filter or sort")
            if cursor not in self._cursors:
                raise _BadQueryError("INVALID_CURSOR: the cursor is not valid")
            query = self._cursors[cursor]["query"]
            start = self._cursors[cursor]["start"]
        found = self._found(entity, listing, query)
        page = found[start : start + limit]
        more = start + limit < len(found)
        shown = [{listing.inner: record} for record in page] if listing.inner else page
        told: dict[str, Any] = {"count": len(page), "hasNext": more}
        if listing.by_cursor:
            token = f"cursor-{len(self._cursors)}"
            told["cursors"] = {"next": token} if more else {}
            self._cursors[token] = {"query": query, "start": start + limit}
        else:
            told |= {"offset": start, "total": len(found)}
        return Reply(body={listing.name: shown, listing.paged: told})

    def _found(
        self, entity: str, listing: Listing, query: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        conditions = query.get("filter", {})
        for field in conditions:
            if field not in ("id", *listing.filters):
                raise _BadQueryError(f"filter by {field} is not supported")
        found = [r for r in self.records[entity].values() if _fits(r, conditions)]
        if entity == "order":
            hidden = {"INITIALIZED"} | (
                set() if "status" in conditions else {"PENDING", "REJECTED"}
            )
            found = [r for r in found if r.get("status") not in hidden]
        found.sort(key=lambda r: str(r["id"]))
        for part in reversed(query.get("sort", [])):
            field, down = part["fieldName"], part.get("order") == "DESC"
            if field not in listing.sorts:
                raise _BadQueryError(f"sort by {field} is not supported")
            found.sort(key=lambda r: str(r.get(field) or ""), reverse=down)
        return found

    def _products_v1(self, body: Mapping[str, Any]) -> Reply:
        """Answer catalogue V1, whose filter and sort are JSON in a text."""
        query = body.get("query", {})
        conditions = json.loads(query.get("filter") or "{}")
        sort = json.loads(query.get("sort") or "[]")
        start, limit = query["paging"].get("offset", 0), query["paging"].get("limit", 100)
        if limit > 100 or start + limit > self.v1_most:
            raise _BadQueryError(f"paging beyond {self.v1_most} or a limit above 100")
        if not set(conditions) <= {"id", "numericId"} or sort not in ([], [{"numericId": "asc"}]):
            raise _BadQueryError("filter or sort is not supported")
        shown = body.get("includeHiddenProducts", False)
        made = [r for r in self.records["product"].values() if shown or r.get("visible", True)]
        every = [{**r, "numericId": str(r["numericId"])} for r in made]
        found = [r for r in every if _fits({**r, "numericId": int(r["numericId"])}, conditions)]
        if sort:
            found.sort(key=lambda r: int(r["numericId"]))
        page = found[start : start + limit]
        metadata = {"items": len(page), "offset": start}
        return Reply(body={"products": page, "metadata": metadata, "totalResults": len(found)})

    def _subscriptions(self, asked: ReceivedRequest) -> Reply:
        held = self.records["subscription"]
        if asked.path != _SUBSCRIPTIONS:
            record = held.get(asked.path.removeprefix(f"{_SUBSCRIPTIONS}/"))
            return Reply(body={"order": record}) if record else _error(404, "order not found")
        query = asked.query
        start, limit = int(query.get("offset", 0)), int(query.get("limit", 50))
        field = query.get("sorting.fieldName", "createdDate")
        if not 0 < limit <= 50 or field not in ("createdDate", "endDate"):
            return _error(400, "limit must be at most 50, and sort by createdDate or endDate")
        found = sorted(held.values(), key=lambda r: (str(r.get(field) or ""), r["id"]))
        page = found[start : start + limit]
        told = {"count": len(page), "offset": start, "total": len(found)}
        return Reply(body={"orders": page, "pagingMetadata": told})


def _fits(record: Mapping[str, Any], conditions: Mapping[str, Any]) -> bool:
    for field, condition in conditions.items():
        tests = condition if isinstance(condition, dict) else {"$eq": condition}
        for operator, value in tests.items():
            if operator not in _COMPARE:
                raise _BadQueryError(f"{operator} is not supported")
            if not _COMPARE[operator](record.get(field), value):
                return False
    return True


def _error(status: int, message: str, code: str = "") -> Reply:
    details = {"applicationError": {"code": code, "description": message}} if code else {}
    return Reply(status, {"message": message, "details": details})
