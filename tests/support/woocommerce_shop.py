"""A shop that answers as WooCommerce 10.0.2 was seen to (REST v3), also where that is odd.

Lists: `per_page` up to 100, a page behind the end is empty, totals are in headers, `modified_after`
is exclusive and in whole seconds, customers cannot be filtered by it, the trash is hidden, and
variations are only under their product, unless a list is asked by SKU. Writes: up to 100 in a
batch with an answer for each, what is no price or quantity is stored as nothing, a SKU is taken
also by what is in the trash, and a key that may only read is answered with 401.

The shop's own names of errors are used. What else a person asks of it is refused with 404.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from aiohttp import web

from tests.support.ports import free_port

KEY, SECRET = "ck_1", "cs_sesame-9f2"
API = "/wp-json/wc/v3"
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?")
_PRICE = re.compile(r"-?\d+(\.\d+)?")
Row = dict[str, Any]
_EMPTY: Row = {
    "name": "",
    "type": "simple",
    "status": "publish",
    "description": "",
    "sku": "",
    "regular_price": "",
    "manage_stock": False,
    "stock_quantity": None,
}
"""A product of which nothing was said."""


class RefusedError(Exception):
    """An error as the shop writes it."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "message": message, "data": {"status": status, **data}}


class Mishap(msgspec.Struct):
    """What happens to one request of a method ("" any): no answer, or this one."""

    method: str = ""
    status: int | None = None
    headers: Mapping[str, str] = {}
    body: bytes = b""
    applied: bool = False
    passes: bool = False


class Shop:
    """The shop and what was asked of it.

    Attributes:
        rows: of products (variations too), customers and orders, by ID.
        effects: how often something was created, by SKU or e-mail.
        offset: hours that the shop's local time is ahead of UTC.
        unknown: fields that it drops in silence, as it does with every field that it does not know.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Row]] = {"products": {}, "customers": {}, "orders": {}}
        self.effects: Counter[str] = Counter()
        self.asked: list[tuple[str, str]] = []
        self.mishaps: deque[Mishap] = deque()
        self.largest_body = 1_000_000_000
        self.offset = 1
        self.may_write = True
        self.plain_permalinks = False
        self.unknown: frozenset[str] = frozenset()
        self.now = datetime(2026, 11, 29, 12, tzinfo=UTC)
        self.url = ""
        self._made = 1000

    def add(self, kind: str, *rows: Row) -> None:
        """Put rows into the shop; `date_modified_gmt` is now where they have none."""
        for row in rows:
            self.rows[kind][str(row["id"])] = {"date_modified_gmt": self._time(), **row}

    def _time(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%S")

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Shop]:
        app = web.Application(client_max_size=1_000_000_000)
        app.router.add_route("*", "/{tail:.*}", self._answer)
        runner = web.AppRunner(app)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append((request.method, request.path_qs))
        mishap = self.mishaps[0] if self.mishaps else None
        if mishap is None or mishap.method not in ("", request.method):
            return self._proper(request, body)
        self.mishaps.popleft()
        if mishap.passes:
            return self._proper(request, body)
        if mishap.applied:
            self._proper(request, body)
        if mishap.status is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.Response(status=mishap.status, headers=mishap.headers, body=mishap.body)

    def _proper(self, request: web.Request, body: bytes) -> web.StreamResponse:
        try:
            value, headers = self._handle(request, body)
        except RefusedError as refusal:
            return _json(refusal.error, refusal.status, {})
        return _json(value, 200, headers)

    def _handle(self, request: web.Request, body: bytes) -> tuple[Any, dict[str, str]]:
        query = dict(request.query)
        path = request.path.removeprefix(API)
        if self.plain_permalinks:
            path = query.pop("rest_route", "").removeprefix("/wc/v3")
        elif not request.path.startswith(API):
            path = ""
        kind, *rest = path.strip("/").split("/")
        if kind not in self.rows:
            raise RefusedError(404, "rest_no_route", f"No route was found for {request.path}.")
        self._check_login(request)
        if len(body) > self.largest_body:
            raise RefusedError(413, "too_large", "the body is too large")
        given = _decode(body) if body else {}
        return self._route(request.method, kind, rest, query, given)

    def _check_login(self, request: web.Request) -> None:
        wanted = b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {wanted}":
            words = "Consumer key or secret is invalid."
            raise RefusedError(401, "woocommerce_rest_authentication_error", words)
        if request.method != "GET" and not self.may_write:
            words = "The API key provided does not have write permissions."
            raise RefusedError(401, "woocommerce_rest_authentication_error", words)

    def _route(
        self, method: str, kind: str, rest: list[str], query: dict[str, str], given: Any
    ) -> tuple[Any, dict[str, str]]:
        match method, rest:
            case "GET", []:
                return self._list(kind, query)
            case "GET", [product, "variations"]:
                return self._page(self._variations(product), query)
            case "GET", [_, "variations", each] | [each]:
                if each not in self.rows[kind]:
                    raise RefusedError(
                        404, f"woocommerce_rest_{kind[:-1]}_invalid_id", "Invalid ID."
                    )
                return self.rows[kind][each], {}
            case "POST", ["batch"]:
                return self._batch(kind, given), {}
            case "POST", [product, "variations", "batch"]:
                return self._write_variations(product, given), {}
            case "DELETE", [_, "variations", each] | [each]:
                return self._delete(kind, each, query), {}
        raise RefusedError(404, "rest_no_route", "No route was found matching the URL and method.")

    def _list(self, kind: str, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
        rows = [row for row in self.rows[kind].values() if row.get("status") != "trash"]
        if skus := query.get("sku"):
            wanted = skus.lower().split(",")
            rows = [r for r in rows if str(r.get("sku", "")).lower() in wanted]
        else:
            rows = [row for row in rows if row.get("type") != "variation"]
        if kind == "customers":
            rows = self._customers(rows, query)
        elif "modified_after" in query:
            rows = self._modified_after(rows, query)
        if ids := query.get("include"):
            if not all(each.isdigit() for each in ids.split(",")):
                raise _invalid("include")
            known = {int(each) for each in ids.split(",")}
            rows = [row for row in rows if int(row["id"]) in known]
        return self._page(rows, query)

    def _customers(self, rows: list[Row], query: dict[str, str]) -> list[Row]:
        if query.get("orderby") == "modified":
            raise _invalid("orderby")
        role, email = query.get("role", "customer"), query.get("email", "").lower()
        rows = [row for row in rows if role in ("all", row.get("role", "customer"))]
        return [row for row in rows if email in ("", row["email"].lower())]

    def _modified_after(self, rows: list[Row], query: dict[str, str]) -> list[Row]:
        after = query["modified_after"]
        if not _TIME.fullmatch(after):
            raise _invalid("modified_after")
        bound = datetime.fromisoformat(after[:19])
        if query.get("dates_are_gmt") != "true":
            bound -= timedelta(hours=self.offset)
        known = [row for row in rows if row["date_modified_gmt"]]
        return [r for r in known if datetime.fromisoformat(r["date_modified_gmt"]) > bound]

    def _page(self, rows: list[Row], query: dict[str, str]) -> tuple[Any, dict[str, str]]:
        size, number = int(query.get("per_page", 10)), int(query.get("page", 1))
        if not 1 <= size <= 100:
            raise _invalid("per_page")
        order = query.get("orderby", "id")
        if order not in ("id", "modified", "date", "title", "include", "name"):
            raise _invalid("orderby")
        rows = sorted(rows, key=lambda row: int(row["id"]))
        if order == "modified":
            rows.sort(key=_local_time)
        if query.get("order", "desc") == "desc":
            rows.reverse()
        pages = -(-len(rows) // size)
        headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
        if number < pages:
            headers["Link"] = f'<{self.url}{API}/?page={number + 1}>; rel="next"'
        return rows[(number - 1) * size : number * size], headers

    def _variations(self, product: str) -> list[Row]:
        if product not in self.rows["products"]:
            raise RefusedError(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        return [
            self.rows["products"][str(each)]
            for each in self.rows["products"][product].get("variations", [])
        ]

    def _batch(self, kind: str, given: Row) -> Row:
        if sum(len(part) for part in given.values()) > 100:
            code = "woocommerce_rest_request_entity_too_large"
            raise RefusedError(413, code, "Unable to accept more than 100 items for this request.")
        ways = {"create": self._create, "update": self._update}
        return {way: [_each(ways[way], kind, row) for row in part] for way, part in given.items()}

    def _write_variations(self, product: str, given: Row) -> Row:
        mine = {str(row["id"]) for row in self._variations(product)}

        def update(kind: str, row: Row) -> Row:
            if str(row["id"]) not in mine:
                code = "woocommerce_rest_product_variation_invalid_id"
                raise RefusedError(400, code, "Invalid ID.")
            self._check(kind, row, str(row["id"]))
            own = {name: value for name, value in row.items() if name != "name"}
            return self._store(kind, self.rows[kind][str(row["id"])], own)

        return {"update": [_each(update, "products", row) for row in given["update"]]}

    def _create(self, kind: str, row: Row) -> Row:
        self._check(kind, row, None)
        self._made += 1
        empty = _EMPTY if kind == "products" else {}
        made = self._store(kind, {"id": self._made, **empty}, row)
        self.effects[str(made.get("email") or made.get("sku"))] += 1
        return made

    def _update(self, kind: str, row: Row) -> Row:
        known = self.rows[kind].get(str(row["id"]))
        if known is None or known.get("type") == "variation":
            code = "woocommerce_rest_product_invalid_id"
            code = code if kind == "products" else "woocommerce_rest_invalid_id"
            raise RefusedError(400, code, "Invalid ID.")
        self._check(kind, row, str(row["id"]))
        return self._store(kind, known, row)

    def _check(self, kind: str, row: Row, own: str | None) -> None:
        if kind == "customers":
            self._check_email(row, own)
            return
        for image in row.get("images") or []:
            if not str(image.get("src", "https:")).startswith("http"):
                words = "Error getting remote image."
                raise RefusedError(400, "woocommerce_product_image_upload_error", words)
        for name in ("regular_price", "sale_price"):
            if not isinstance(row.get(name), str | None):
                raise RefusedError(400, "rest_invalid_param", f"{name} is not of type string.")
        sku = str(row.get("sku") or "").lower()
        for each, other in self.rows[kind].items():
            if sku and str(other.get("sku") or "").lower() == sku and each != own:
                words = "Invalid or duplicated SKU."
                raise RefusedError(400, "product_invalid_sku", words, resource_id=int(each))

    def _check_email(self, row: Row, own: str | None) -> None:
        for each, other in self.rows["customers"].items():
            if each != own and other["email"].lower() == str(row.get("email", "")).lower():
                words = "An account is already registered with this email."
                raise RefusedError(400, "registration-error-email-exists", words)

    def _store(self, kind: str, known: Row, row: Row) -> Row:
        taken = {n: v for n, v in row.items() if v is not None and not n.startswith("no_such")}
        for name in ("id", *self.unknown):
            taken.pop(name, None)
        for name in ("regular_price", "sale_price"):
            if name in taken and not _PRICE.fullmatch(taken[name]):
                taken[name] = ""
        if "stock_quantity" in taken:
            counted = taken.get("manage_stock", known.get("manage_stock", False))
            if not counted:
                del taken["stock_quantity"]
            elif not isinstance(taken["stock_quantity"], int | Decimal):
                taken["stock_quantity"] = None
        meta = {each["key"]: each for each in known.get("meta_data", [])}
        meta |= {each["key"]: {"id": 1, **each} for each in taken.get("meta_data", [])}
        stored = {**known, **taken, "date_modified_gmt": self._time()}
        if meta:
            stored["meta_data"] = list(meta.values())
        self.rows[kind][str(stored["id"])] = stored
        return stored

    def _delete(self, kind: str, each: str, query: dict[str, str]) -> Row:
        if each not in self.rows[kind]:
            raise RefusedError(404, f"woocommerce_rest_{kind[:-1]}_invalid_id", "Invalid ID.")
        if query.get("force") == "true":
            return self.rows[kind].pop(each)
        self.rows[kind][each]["status"] = "trash"
        return self.rows[kind][each]


def _local_time(row: Row) -> str:
    """Return by what `orderby=modified` sorts; in a site's time an hour may come twice."""
    return str(row.get("date_modified") or row["date_modified_gmt"] or "")


def _each(way: Callable[[str, Row], Row], kind: str, row: Row) -> Row:
    try:
        return way(kind, row)
    except RefusedError as refusal:
        return {"id": row.get("id", 0), "error": refusal.error}


def _invalid(name: str) -> RefusedError:
    return RefusedError(400, "rest_invalid_param", f"Invalid parameter(s): {name}")


def _json(value: Any, status: int, headers: Mapping[str, str]) -> web.Response:
    body = _encode(value)
    return web.Response(status=status, headers=headers, body=body, content_type="application/json")
