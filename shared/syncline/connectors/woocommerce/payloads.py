"""Payloads as the API takes them: what it does not understand it stores as nothing."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from syncline.connectors.api.entities import ENTITY
from syncline.connectors.port import WriteBatch
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.record import JsonObject, Record

_decode = decoder_of(Record).decode
_AS_TEXT = ("regular_price", "sale_price", "weight", "length", "width", "height")
"""Fields of a product that must be text; a number is refused."""
_EMPTY = (*_AS_TEXT, "sku", "description", "short_description", "global_unique_id")
"""Fields in which null is ignored, and an empty text takes out what is there."""


def sendable(batch: WriteBatch) -> WriteBatch:
    """Return a batch as it is sent; what is so already stays as it is."""
    if batch.options.get(ENTITY) != "item":
        return batch
    return msgspec.structs.replace(batch, payloads=[_product(each) for each in batch.payloads])


def _product(payload: bytes) -> bytes:
    record: JsonObject = _decode(payload)
    _write_texts(record)
    dimensions = record.get("dimensions")
    if isinstance(dimensions, dict):
        _write_texts(dimensions)
    if record.get("stock_quantity") is not None:
        record.setdefault("manage_stock", True)  # without it the quantity is ignored
    return encode(record)


def _write_texts(record: JsonObject) -> None:
    for name in _EMPTY:
        value = record.get(name, "")
        if value is None:
            record[name] = ""
        elif name in _AS_TEXT and isinstance(value, int | Decimal) and not isinstance(value, bool):
            record[name] = f"{value:f}" if isinstance(value, Decimal) else str(value)
