"""Whether a target holds what the source says: rows, keys, and a checksum over all values."""

from __future__ import annotations

from benchmarks.place import PEERS, Place

_CHECKSUM = """select count(*) || ' rows, ' || count(distinct {code}) || ' keys, sum '
|| coalesce(sum(hashtextextended(concat_ws('|', {code}, btrim({name}), {group},
round({price}::numeric, 2)::text, currency, trim_scale(on_hand::numeric)::text, uom, barcode,
({active})::text, tax_code, (extract(epoch from updated_at) * 1000000)::bigint,
coalesce(remarks, '')), 0)::numeric), 0) from {table}"""
_SOURCE = {
    "table": "erp.item", "code": "item_code", "name": "item_name", "group": "item_group",
    "price": "price", "active": "active = 'Y'",
}  # fmt: skip
_TARGET = {
    "table": "public.item", "code": "code", "name": "name", "group": "group_id",
    "price": "price", "active": "active",
}  # fmt: skip
_CHANGE = """update erp.item i set price = o.price, remarks = o.remarks, updated_at = o.updated_at
from erp.{table} o where o.item_code = i.item_code and o.updated_at <> i.updated_at"""
_STATE = (
    "truncate runs, run_stages, parked_bundles, batches, attempts, cursors, ledger, dead_letters"
)


def difference(place: Place, tool: str) -> str:
    """Say how source and target differ; "" when they hold the same."""
    target = _TARGET | ({"table": "peer.item"} if tool.startswith("dlt") else {})
    wanted = place.psql("src", "-c", _CHECKSUM.format(**_SOURCE))
    found = place.psql("tgt", "-c", _CHECKSUM.format(**target))
    return "" if wanted == found else f"the source holds {wanted}; the target {found}"


def http_difference(place: Place, seen: dict[str, int]) -> str:
    """Say how the source and what the HTTP sink counted differ; "" when they are the same."""
    wanted = place.psql(
        "src", "-c",
        "select count(*) || ' ' || sum((round(price, 2) * 100)::bigint) || ' ' "
        "|| count(*) filter (where active = 'Y') from erp.item_orig",
    )  # fmt: skip
    found = f"{seen['distinct']} {seen['cents']} {seen['active']}"
    if (wanted, 0) == (found, seen["bad"]) and seen["records"] == seen["distinct"]:
        return ""
    return f"the file holds {wanted} (records, cents, active); the sink saw {seen}"


def begin_anew(place: Place) -> None:
    """Bring source, target and Syncline's own state to where nothing was ever synced."""
    place.psql("src", "-c", _CHANGE.format(table="item_orig"), "-c", "vacuum analyze erp.item")
    place.psql("syncline", "-c", "drop database if exists tgt with (force)",
               "-c", "create database tgt", "-c", _STATE)  # fmt: skip
    place.psql("tgt", "-f", str(PEERS / "target.sql"))


def change_one_percent(place: Place) -> None:
    """Edit one record in a hundred at the source."""
    place.psql("src", "-c", _CHANGE.format(table="item_changes"))
