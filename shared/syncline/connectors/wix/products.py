"""Products of the two catalogues that a shop may have.

V1 has no filter by change, and is read by number. The lists of V3 leave out the variants, which
have the SKUs and prices: they are read behind each page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.http.client.api import Api
from syncline.connectors.http.settings.extraction import source_of
from syncline.connectors.http.source.fetch import fetch_records
from syncline.connectors.http.source.pages import read_pages
from syncline.connectors.http.source.paging import loop_error
from syncline.connectors.port import ConnectorError, ExtractRequest, Page
from syncline.connectors.wix.entities import ENDPOINT, FILTER, MOST, PRODUCTS_V1
from syncline.domain.columns import Columns
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import JsonObject

_VERSION = "/stores/v3/provision/version"
_V1 = source_of(PRODUCTS_V1)
_V1_FIRST = "0"
"""No product has a lower number."""
_V1_POSITION = "v1 "
_VARIANTS = "/stores/v3/products/query-variants"
_MOST_VARIANTS = 1000
_PRODUCT = "productData"


async def has_v1(api: Api) -> bool:
    """Tell whether a site has catalogue V1; asked before every read, as Wix moves sites to V3.

    Raises ConnectorError (`app_not_installed`) where the site has no shop.
    """
    document = api.decoded(await api.read(api.url(_VERSION, (), {})))
    version = document.get("catalogVersion") if isinstance(document, dict) else None
    if version == "STORES_NOT_INSTALLED":
        message = "the site has no Wix Stores: add the app in its dashboard (App Market)"
        raise refusal("app_not_installed", message)
    return version == "V1_CATALOG"


async def read_v1(api: Api, request: ExtractRequest) -> AsyncIterator[Page]:
    """Stream all products of catalogue V1, whatever the bookmark is.

    Raises ConnectorError where the mapping says what is for catalogue V3.
    """
    _check_v1(request.extraction)
    if request.position and not is_v1_position(request.position):
        raise moved()
    position = request.position and request.position.removeprefix(_V1_POSITION)
    numbered = msgspec.structs.replace(request, after=_V1_FIRST, position=position)
    async for page in read_pages(api, _V1, numbered):
        page.cursors = [None] * len(page.ids)  # a number is no time of change
        page.position = _V1_POSITION + page.position
        yield page


async def fetch_v1(api: Api, request: Extraction, ids: Sequence[str]) -> Page:
    """Read just these products of catalogue V1. Raises as `read_v1`."""
    _check_v1(request)
    return await fetch_records(api, _V1, request, ids)


def _check_v1(extraction: Extraction) -> None:
    for name in (FILTER, ENDPOINT):
        if extraction.options.get(name):
            message = (
                f"leave `options.{name}` out: the site has catalogue V1, which is read in full"
            )
            raise refusal("invalid_mapping", message)


def is_v1_position(position: str) -> bool:
    """Tell whether a read of catalogue V1 stood here."""
    return position.startswith(_V1_POSITION)


def moved() -> ConnectorError:
    """Say that a position is of the other catalogue."""
    return refusal("position_expired", "Wix changed the site's catalogue while it was read")


async def with_variants(api: Api, page: Page) -> Page:
    """Return a page of products, each with its variants as `variantsInfo.variants`."""
    ids = [id_ for place, id_ in enumerate(page.ids) if id_ and place not in page.bad]
    if not ids:
        return page
    variants: dict[object, list[JsonObject]] = defaultdict(list)
    for start in range(0, len(ids), MOST):
        for variant in await _variants(api, ids[start : start + MOST]):
            product = variant.pop(_PRODUCT, None)
            variants[product.get("productId") if isinstance(product, dict) else None] += [variant]
    records = page.records.records()
    for place, id_ in enumerate(page.ids):
        if place not in page.bad:
            own = records[place].get("variantsInfo")
            told = {"variants": variants.get(id_, [])}
            records[place]["variantsInfo"] = {**own, **told} if isinstance(own, dict) else told
    return msgspec.structs.replace(page, given=Columns.of(records), lines=None)


async def _variants(api: Api, products: Sequence[str]) -> list[JsonObject]:
    """Read the variants of some products. Raises RetriableError where an answer is none."""
    found: list[JsonObject] = []
    query: JsonObject = {"filter": {f"{_PRODUCT}.productId": {"$in": list(products)}}}
    cursor, seen = None, set[str]()
    while True:
        paging = {"limit": _MOST_VARIANTS} | ({"cursor": cursor} if cursor else {})
        body = {"query": {**query, "cursorPaging": paging}}
        answer = await api.ask(api.url(_VARIANTS, (), {}), body)
        document = api.decoded(answer)
        given = document.get("variants") if isinstance(document, dict) else None
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            words = f"{answer.where}: `variants` should be a list of objects"
            raise RetriableError(words, code="unexpected_answer")
        found += given
        cursor = _next(document)
        if not cursor:
            return found
        if cursor in seen:
            raise loop_error(answer.where, "names a page as next that was read before")
        seen.add(cursor)
        query = {}


def _next(document: JsonObject) -> str | None:
    told = document.get("pagingMetadata")
    cursors = told.get("cursors") if isinstance(told, dict) else None
    cursor = cursors.get("next") if isinstance(cursors, dict) else None
    return cursor if isinstance(cursor, str) else None
