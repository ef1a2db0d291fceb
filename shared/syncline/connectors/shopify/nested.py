"""Lists within a record: what is behind their first page is read, so that none is cut off."""

from __future__ import annotations

import msgspec

from syncline.connectors.http.client.api import Api
from syncline.connectors.port import Page
from syncline.connectors.shopify.calls import ask
from syncline.connectors.shopify.documents import Nested
from syncline.domain.columns import Columns
from syncline.domain.errors import RetriableError
from syncline.domain.record import JsonObject, Value


async def with_whole_lists(api: Api, page: Page, nested: Nested) -> Page:
    """Return a page whose records have their lists whole, and without `pageInfo`."""
    records = page.records.records()
    for record in records:
        found = record.get(nested.field)
        if isinstance(found, dict) and isinstance(found.get("nodes"), list):
            record[nested.field] = {"nodes": await _whole(api, nested, record.get("id"), found)}
    return msgspec.structs.replace(page, given=Columns.of(records), lines=None)


async def _whole(api: Api, nested: Nested, id_: Value, found: JsonObject) -> list[Value]:
    """Return all elements of a list. Raises RetriableError: its record is gone meanwhile."""
    nodes = list[Value](found["nodes"])
    while (info := found["pageInfo"])["hasNextPage"]:
        record = (await ask(api, nested.rest, {"id": id_, "after": info["endCursor"]}))["node"]
        if not isinstance(record, dict) or nested.field not in record:
            message = f"{id_} was deleted while its {nested.field} were read"
            raise RetriableError(message, code="records_missing")
        found = record[nested.field]
        nodes += found["nodes"]
    return nodes
