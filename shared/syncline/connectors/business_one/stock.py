"""Stock by item and warehouse, out of items that hold a list of warehouses. Pure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from decimal import Decimal

import msgspec

from syncline.connectors.port import Page
from syncline.domain.columns import Columns
from syncline.domain.errors import Failure
from syncline.domain.record import Record

ITEM = "ItemCode"
STOCK_ID = "StockId"
"""Item and warehouse as one ID, such as `A1/01`."""
WAREHOUSES = "ItemWarehouseInfoCollection"
OF_ITEM = ("InventoryUOM", "SalesItem", "InventoryItem")
"""Properties of the item that its stock has, too: its unit, whether it is sold and counted."""
_KEPT = ("InStock", "Committed", "Ordered", "Locked")


def item_of(source_id: str) -> str:
    """Return the code of the item that a record of stock is of."""
    return source_id.rpartition("/")[0]


async def stock_pages(pages: AsyncIterator[Page], limit: int | None) -> AsyncIterator[Page]:
    """Give a page of stock for each page of items, `limit` records at most.

    A page without stock is passed over: the position of the next one counts.
    """
    async for items in pages:
        page = stock_page(items)
        if limit is not None:
            page = page.part(range(min(limit, len(page.ids))))
            limit -= len(page.ids)
        if page.ids or page.notices:
            yield page
        if limit == 0:
            return


def stock_page(items: Page, wanted: Collection[str] | None = None) -> Page:
    """Return the stock of a page's items, all of it or some by ID; what is bad stays bad."""
    ids, kept, bad = list[str](), list[Record](), dict[int, Failure]()
    asked = {each.casefold(): each for each in wanted or ()}
    spellings: dict[str, str] = {}
    for place, item in enumerate(items.records.records()):
        if place in items.bad:
            bad[len(ids)] = items.bad[place]
            ids.append(items.ids[place])
            kept.append(item)
            continue
        for record in _records(item):
            source_id = str(record[STOCK_ID])
            ask = asked.get(source_id.casefold())
            if wanted is not None and ask is None:
                continue
            if ask is not None and ask != source_id:
                spellings[ask] = source_id
            ids.append(source_id)
            kept.append(record)
    return msgspec.structs.replace(
        items,
        ids=ids,
        cursors=[None] * len(ids),
        given=Columns.of(kept),
        bad=bad,
        asked=spellings,
        lines=None,
    )


def _records(item: Record) -> Iterator[Record]:
    """Give an item's stock by warehouse; what is available is what is there and not committed."""
    rows = item.get(WAREHOUSES)
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            own = {name: value for name, value in row.items() if name.startswith("U_")}
            warehouse = row.get("WarehouseCode")
            yield {
                STOCK_ID: f"{item.get(ITEM)}/{warehouse}",
                ITEM: item.get(ITEM),
                "WarehouseCode": warehouse,
                "Available": _less(row.get("InStock"), row.get("Committed")),
                **{name: row.get(name) for name in _KEPT},
                **{name: item.get(name) for name in OF_ITEM},
                **own,
            }


def _less(there: object, committed: object) -> int | Decimal | None:
    if not isinstance(there, int | Decimal):
        return None
    return there - committed if isinstance(committed, int | Decimal) else there
