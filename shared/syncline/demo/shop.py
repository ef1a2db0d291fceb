"""The demo's shop: a small real HTTP server with an API of its own, kept in memory.

`PUT /api/items` and `PUT /api/customers` and `PUT /api/orders` take an array and answer one result
a record; a record is checked as a shop would check it. `GET /api/stats` counts what happened.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from decimal import Decimal

import msgspec

from syncline.domain.record import JsonObject, Record

KEYS = {"items": "sku", "customers": "code", "orders": "number"}
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Shop:
    """What the shop has, and what was asked of it."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Record]] = defaultdict(dict)
        self.counts: dict[str, int] = defaultdict(int)
        self._seen: set[str] = set()

    def put(self, kind: str, body: list[JsonObject]) -> list[JsonObject]:
        """Create or update records and return a result for each, in order."""
        return [self._put(kind, record) for record in body]

    def _put(self, kind: str, record: Record) -> Record:
        key = record.get(KEYS[kind])
        error = problem(kind, record)
        if error or not isinstance(key, str | int):
            self.counts["refused"] += 1
            return {"key": key, "status": 422, "error": error or f"{KEYS[kind]} is missing"}
        effect = str(record.pop("idempotencyKey", ""))
        if effect in self._seen:
            self.counts["repeated"] += 1
        elif effect:
            self._seen.add(effect)
        self.counts["updated" if str(key) in self.records[kind] else "created"] += 1
        self.records[kind][str(key)] = record
        return {"key": key, "status": 200, "id": f"{kind[:1].upper()}-{key}"}


def problem(kind: str, record: Record) -> str | None:
    """Say what a shop would not take, in its own words."""
    if kind == "items":
        if len(str(record.get("title") or "")) < 2:
            return "title: must have at least 2 characters"
        price = record.get("price")
        if price is not None and Decimal(str(price)) < 0:
            return f"price: must not be negative, got {price}"
    if kind == "customers" and "@" not in (record.get("email") or "@"):
        return f"email: {record['email']!r} is not an address"
    return None


async def serve(shop: Shop, port: int) -> asyncio.Server:
    """Start the shop on 127.0.0.1."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await _exchange(shop, reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(connected, "127.0.0.1", port, limit=4_000_000)


async def _exchange(shop: Shop, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, path, _ = head.split(" ", 2)
    length = re.search(r"(?im)^content-length:\s*(\d+)", head)
    body = await reader.readexactly(int(length[1])) if length else b""
    status, answer = _answer(shop, method, path.partition("?")[0], body)
    shop.counts["requests"] += 1
    encoded = msgspec.json.encode(answer, order=None)
    writer.write(
        f"HTTP/1.1 {status} {'OK' if status < 400 else 'Error'}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(encoded)}\r\n\r\n".encode()
        + encoded
    )
    await writer.drain()
    return "connection: close" not in head.lower()


def _answer(shop: Shop, method: str, path: str, body: bytes) -> tuple[int, object]:
    kind = path.removeprefix("/api/")
    if (method, path) == ("GET", "/api/stats"):
        sizes = {kind: len(records) for kind, records in shop.records.items()}
        return 200, {"records": sizes, **shop.counts}
    if method != "PUT" or kind not in KEYS:
        return 404, {"error": f"no such resource: {path}"}
    try:
        records = _decode(body)
    except msgspec.DecodeError as error:
        return 400, {"error": f"the body is no JSON: {error}"}
    if not isinstance(records, list):
        return 400, {"error": "the body must be an array"}
    return 200, {"results": shop.put(kind, records)}
