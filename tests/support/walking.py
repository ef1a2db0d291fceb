"""A walk over every GET route of the OpenAPI document, with the names of things that there are."""

from __future__ import annotations

from typing import Any

import httpx

BASE = "/api/v1"
STREAMS = {f"{BASE}/events", f"{BASE}/sync-events/{{correlation_id}}/stream"}
_KEYS = ("id", "name", "correlationId", "version", "key", "entry")
"""Fields of an item in a list that may stand in its address."""


class Walk:
    """Asks every address that a GET route can have.

    Attributes:
        reached: routes of which at least one address answered with 200.
        routes: all there are, but for streams.
    """

    def __init__(self, client: httpx.AsyncClient, known: dict[str, list[str]]) -> None:
        self._client = client
        self._known = known
        self.reached: set[str] = set()
        self.routes: set[str] = set()

    async def run(self) -> None:
        document = (await self._client.get(f"{BASE}/openapi.json")).json()
        for path, item in document["paths"].items():
            if "get" in item and path not in STREAMS:
                self.routes.add(path)
                for address in await self._addresses(path):
                    answer = await self._client.get(address, params=self._query(item["get"]))
                    assert answer.status_code < 500, (address, answer.text)
                    if answer.status_code == 200:
                        self.reached.add(path)

    async def _addresses(self, path: str) -> list[str]:
        before, brace, rest = path.partition("{")
        if not brace:
            return [path]
        name, _, after = rest.partition("}")
        found = []
        for value in self._known.get(name) or await self._listed(before.rstrip("/")):
            found += await self._addresses(f"{before}{value}{after}")
        return found

    async def _listed(self, address: str) -> list[str]:
        """Return what the items of a list may be addressed by."""
        answer = await self._client.get(address)
        if answer.status_code != 200 or "items" not in (body := answer.json()):
            return []
        items: list[dict[str, Any]] = body["items"][:5]
        return [str(item[key]) for item in items for key in _KEYS if key in item]

    def _query(self, operation: dict[str, Any]) -> dict[str, str]:
        """Return the parameters that must be given, as far as they are known."""
        wanted = [
            p["name"] for p in operation.get("parameters", [])
            if p.get("required") and p["in"] == "query"
        ]  # fmt: skip
        return {n: self._known[n][0] for n in wanted if n in self._known}
