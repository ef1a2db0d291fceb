"""Variations of products, what lists do not show, and products that hold a SKU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.http.answers.answer import key_text
from syncline.connectors.http.client.api import Api
from syncline.connectors.port import ConnectorError, Page, WriteResult
from syncline.connectors.woocommerce.entities import PER_PAGE
from syncline.connectors.woocommerce.variations import target_id
from syncline.contracts.messages import decoder_of
from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure, RetriableError
from syncline.domain.record import JsonObject, Record, Value

_decode = decoder_of(Value).decode
_NOT_THERE = frozenset({"not_found", "http_410"})


async def with_variations(api: Api, page: Page) -> Page:
    """Return a page with the variations of each product behind it.

    They are not in the list of products; a change of one moves its product's date.
    """
    records = page.records.records()
    if not any(record.get("variations") for record in records):
        return page
    ids, cursors, bad = list[str](), list[str | None](), dict[int, Failure]()
    kept: list[Record] = []
    for place, record in enumerate(records):
        if place in page.bad:
            bad[len(ids)] = page.bad[place]
        ids.append(page.ids[place])
        cursors.append(page.cursors[place])
        kept.append(record)
        if record.get("variations"):
            for variation in await _variations(api, page.ids[place]):
                ids.append(key_text(variation.get("id")))
                own = key_text(variation.get("date_modified_gmt")) or None
                cursors.append(own if page.cursors[place] else None)
                kept.append(variation)
    return msgspec.structs.replace(
        page, ids=ids, cursors=cursors, given=Columns.of(kept), bad=bad, lines=None
    )


async def _variations(api: Api, product: str) -> list[JsonObject]:
    found: list[JsonObject] = []
    query = [("per_page", str(PER_PAGE)), ("orderby", "id"), ("order", "asc")]
    while True:
        number = len(found) // PER_PAGE + 1
        url = api.url("/products/{id}/variations", [*query, ("page", str(number))], {"id": product})
        try:
            answer = await api.read(url)
        except ConnectorError as error:
            if error.failure.code in _NOT_THERE:  # deleted since its page was read
                return found
            raise
        records = api.decoded(answer)
        if not isinstance(records, list):
            words = f"{answer.where}: variations should be a list"
            raise RetriableError(words, code="unexpected_answer")
        found += [_of_product(record, product) for record in records if isinstance(record, dict)]
        if len(records) < PER_PAGE:
            return found


def _of_product(variation: JsonObject, product: str) -> JsonObject:
    """Say of a variation what it is and whose, which the list of them leaves out."""
    return {"type": "variation", "parent_id": int(product), **variation}


async def with_hidden(api: Api, page: Page, endpoint: str, ids: Sequence[str]) -> Page:
    """Return a page with those of these records that lists hide: variations, and the trash."""
    found = [record for each in ids if (record := await _alone(api, endpoint, each)) is not None]
    if not found:
        return page
    return msgspec.structs.replace(
        page,
        ids=[*page.ids, *(key_text(record["id"]) for record in found)],
        cursors=[*page.cursors, *(key_text(r.get("date_modified_gmt")) or None for r in found)],
        given=Columns.of([*page.records.records(), *found]),
        lines=None,
    )


async def _alone(api: Api, endpoint: str, source_id: str) -> JsonObject | None:
    record = await _read(api, f"{endpoint}/{{id}}", {"id": source_id})
    if record is None or record.get("type") != "variation" or endpoint != "/products":
        return record
    product = key_text(record.get("parent_id"))
    of_product = "/products/{parent}/variations/{id}"
    variation = await _read(api, of_product, {"parent": product, "id": source_id})
    return None if variation is None else _of_product(variation, product)


async def _read(api: Api, endpoint: str, values: Mapping[str, str]) -> JsonObject | None:
    try:
        answer = await api.read(api.url(endpoint, (), values))
    except ConnectorError as error:
        if error.failure.code in _NOT_THERE:
            return None
        raise
    record = api.decoded(answer)
    return record if isinstance(record, dict) else None


async def owners_of_skus(api: Api, result: WriteResult) -> dict[int, str]:
    """Return place -> target ID of what has the SKU of a record that could not be created.

    Where that is in the trash, the record's failure says so.
    """
    found = {}
    for place, failure in list(result.failures.items()):
        if failure.code != "record_refused" or '"resource_id"' not in (failure.detail or ""):
            continue
        record = await _read(api, "/products/{id}", {"id": _owner(failure.detail or "")})
        if record is not None and record.get("status") == "trash":
            words = f"product {key_text(record.get('id'))} in the trash has this SKU"
            hint = "restore it, or delete it for good"
            result.failures[place] = Failure(Category.PERMANENT, "sku_in_trash", f"{words}: {hint}")
        elif record is not None:
            found[place] = target_id(record)
    return found


def _owner(detail: str) -> str:
    try:
        row = _decode(detail.encode())
    except msgspec.DecodeError:  # an answer that was too long to be kept whole
        return "0"
    for name in ("error", "data", "resource_id"):
        row = row.get(name) if isinstance(row, dict) else None
    return key_text(row) or "0"
