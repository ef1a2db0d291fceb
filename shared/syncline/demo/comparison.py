"""Compares the shop and the warehouse with the ERP, by what the ERP says and not by any mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from syncline.demo.shop import Shop
from syncline.domain.record import JsonObject, Record
from syncline.postgres.database.database import Database

_ITEMS = """
select "ItemCode" as key, trim("ItemName") as name, "ItmsGrpCod"::int as item_group,
  "validFor" = 'Y' as active, "OnHand" as stock, "AvgPrice" as price, trim("SalUnitMsr") as unit,
  "FrgnName" as english, "CodeBars" as ean, round("AvgPrice", 2)::text as shop_price
from sbo."OITM"
"""
_PARTNERS = """
select "CardCode" as key, trim("CardName") as name,
  case "CardType" when 'C' then 'customer' else 'supplier' end as kind, "Balance" as balance,
  replace("Currency", '##', 'any') as currency, "frozenFor" = 'Y' as frozen,
  "MailCountr" as country, lower("E_Mail") as email, "Phone1" as phone,
  coalesce("MailCity", 'unknown') as city
from sbo."OCRD"
"""
_ORDERS = """
select "DocNum" as key, "CardCode" as partner,
  to_timestamp("DocDate" || lpad("DocTime"::text, 4, '0'), 'YYYYMMDDHH24MI')::timestamp as placed,
  "DocDueDate"::date as due, "DocTotal" as total, "DocCur" as currency,
  "CANCELED" = 'Y' as cancelled,
  trim("Comments") as note, round("DocTotal", 2)::text as shop_total,
  (select string_agg(concat_ws('|', "ItemCode", "Quantity"::int, round("Price", 2)), ';'
     order by "LineNum") from sbo."RDR1" l where l."DocEntry" = o."DocEntry") as lines
from sbo."ORDR" o
"""


_STORED = {
    "items": "select sku as key, name, item_group, active, stock, price, unit from items",
    "partners": "select code as key, name, kind, balance, currency, frozen, country from partners",
    "orders": "select number as key, partner, placed, due, total, currency, cancelled, lines "
    "from orders",
}


async def compare(erp: Database, shop: Shop, warehouse: Database) -> tuple[list[str], list[str]]:
    """Return what is the same, in words, and what differs, the first few of each kind."""
    items, partners, orders = [await _rows(erp, query) for query in (_ITEMS, _PARTNERS, _ORDERS)]
    stored = {kind: await _rows(warehouse, query) for kind, query in _STORED.items()}
    for order in stored["orders"].values():
        order["lines"] = _lines(order["lines"])
    pairs = {
        "warehouse items": (items, stored["items"]),
        "warehouse partners": (partners, stored["partners"]),
        "warehouse orders": (orders, stored["orders"]),
        "shop items": (items, _sold(shop, "items")),
        "shop customers": (partners, _sold(shop, "customers")),
        "shop orders": (
            {key: row for key, row in orders.items() if not row["cancelled"]},
            _sold(shop, "orders"),
        ),
    }
    same, different = [], []
    for name, (source, target) in pairs.items():
        found = list(_differences(source, target))
        if found:
            different.append(f"{name}: {len(found):,} differences, such as {'; '.join(found[:5])}")
        else:
            same.append(f"{name}: all {len(target):,} equal the ERP's")
    return same, different


def _differences(
    source: Mapping[str, Mapping[str, object]], target: Mapping[str, Mapping[str, object]]
) -> Iterator[str]:
    for key in source.keys() - target.keys():
        yield f"{key} is missing"
    for key in target.keys() - source.keys():
        yield f"{key} is not in the ERP"
    for key in source.keys() & target.keys():
        for field, value in target[key].items():
            if source[key][field] != value:
                yield f"{key}: {field} is {value!r}, in the ERP {source[key][field]!r}"


async def _rows(database: Database, query: str) -> dict[str, JsonObject]:
    return {str(row["key"]): dict(row) for row in await database.fetch(query)}


def _sold(shop: Shop, kind: str) -> dict[str, JsonObject]:
    return {key: _OF_SHOP[kind](record) for key, record in shop.records[kind].items()}


def _lines(lines: list[JsonObject]) -> str:
    return ";".join(f"{x['sku']}|{x['quantity']}|{x['price']}" for x in lines)


def _item(record: Record) -> Record:
    return {
        "key": record["sku"],
        "name": record["title"],
        "english": (record.get("titles") or {}).get("en"),
        "ean": record.get("ean"),
        "active": record["status"] == "ACTIVE",
        "stock": Decimal(record["stock"]),
        "shop_price": record["price"],
    }


def _customer(record: Record) -> Record:
    return {
        "key": record["code"],
        "name": record["name"],
        "kind": record["kind"],
        "email": record.get("email"),
        "phone": record["phone"],
        "city": record["address"]["city"],
        "country": record["address"].get("country"),
    }


def _order(record: Record) -> Record:
    return {
        "key": record["number"],
        "partner": record["customer"],
        "shop_total": record["total"]["amount"],
        "currency": record["total"]["currency"],
        "note": record.get("note"),
        "lines": _lines(record["lines"]),
    }


_OF_SHOP = {"items": _item, "customers": _customer, "orders": _order}
