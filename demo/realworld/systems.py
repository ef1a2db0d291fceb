"""The two systems: installing, starting, editing, and reading them by their own means."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from syncline.postgres.database.database import Database

REALWORLD = Path(os.environ.get("REALWORLD", ".")).absolute()
PLACE = Path(os.environ.setdefault("ACC_DIR", f"{tempfile.gettempdir()}/acc"))
TRYTON = "postgresql://{user}:{user}@127.0.0.1:25510/tryton"
DIRECTUS_PORT, COUNTED_PORT = 25550, 25551
TOKEN = "acceptance-static-token"
COLLECTIONS = {"item": "products", "bp": "partners", "order": "orders"}


class SystemsError(Exception):
    """One of the systems does not do what it should."""


def script(name: str, **environment: str) -> None:
    """Run one of the systems' own scripts. Raises SystemsError with its last words."""
    done = subprocess.run(  # noqa: S603 - scripts of the folder that was named
        [REALWORLD / name], check=False, capture_output=True, text=True,
        env={**os.environ, **environment},
    )  # fmt: skip
    if done.returncode:
        raise SystemsError(f"{name} failed: {(done.stdout + done.stderr)[-1500:]}")


def install() -> None:
    """Install what is not there yet, or was begun and never finished: minutes, once."""
    for system in ("directus", "tryton"):
        finished = PLACE / system / "installed"
        if not finished.is_file():
            script(f"{system}/install.sh")
            finished.touch()
    script("pg/start.sh")


def edits(seed: int) -> dict[str, Any]:
    """Edit the ERP as its users do, through its own API, and return what was changed."""
    program = [
        PLACE / "tryton/venv/bin/python",
        REALWORLD / "tryton/change.py",
        "--seed",
        str(seed),
    ]
    done = subprocess.run(  # noqa: S603
        [*map(str, program)], check=False, capture_output=True, text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    if done.returncode:
        raise SystemsError(f"change.py failed: {done.stderr[-1500:]}")
    changed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return changed


class Erp:
    """What the ERP holds, by the queries that its own folder keeps in `extract.sql`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        text = (REALWORLD / "tryton" / "extract.sql").read_text()
        self._queries = {
            found[1]: found[2]
            for found in re.finditer(r"^prepare (\w+)[^\n]* as\n(.*?);$", text, re.M | re.S)
        }

    async def records(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return what must be at the target: entity type, key there, fields; "" keys left out."""
        since = re.compile(r"where \(x\.changed_at.*", re.S)
        stock = {r["product"]: r["on_hand"] for r in await self._summed()}
        items = await self.database.fetch(since.sub("", self._queries["items"]).replace("$1", "1"))
        partners = await self.database.fetch(since.sub("", self._queries["partners"]))
        orders = await self.database.fetch(since.sub("", self._queries["orders"]))
        live = {r["sku"] for r in items if r["active"]}
        current = [r for r in items if r["active"] or r["sku"] not in live]
        return {
            "item": {
                r["sku"]: _item(r, stock.get(r["id"], 0)) for r in current if r["sku"] is not None
            },
            "bp": {r["code"]: _partner(r) for r in partners if r["name"]},
            "order": {r["number"]: _order(r) for r in orders if r["number"]},
        }

    async def _summed(self) -> Any:  # noqa: ANN401 - rows
        query = self._queries["stock"]
        return await self.database.fetch(
            f"select product, sum(on_hand) as on_hand from ({query}) s group by product"
        )


def _item(row: Any, stock: float) -> dict[str, Any]:  # noqa: ANN401
    price = row["list_price"]
    return {
        "name": row["name"], "description": row["description"], "ean": row["ean"],
        "price": None if price is None else f"{round_half_up(price):.2f}",
        "stock": int(round(stock, 6)),
        "active": row["active"], "attributes": row["attributes"],
    }  # fmt: skip


def _partner(row: Any) -> dict[str, Any]:  # noqa: ANN401
    return {name: row[name] for name in ("name", "email", "vat", "city", "country")}


def _order(row: Any) -> dict[str, Any]:  # noqa: ANN401
    total = row["total_amount_cache"]
    return {
        "partner": row["partner_code"], "status": row["state"],
        "ordered_on": row["sale_date"].isoformat() if row["sale_date"] else None,
        "total": None if total is None else f"{round_half_up(total):.2f}",
    }  # fmt: skip


def round_half_up(value: Decimal) -> Decimal:
    """Round to cents as the ERP's users would."""
    return value.quantize(Decimal("0.01"), "ROUND_HALF_UP")


class Shop:
    """Directus, asked behind the counting proxy's back."""

    KEYS = {"item": "sku", "bp": "code", "order": "number"}  # noqa: RUF012

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def empty(self) -> None:
        """Delete every record, as many in a call as Directus does."""
        for entity_type, collection in COLLECTIONS.items():
            while await self.records(entity_type):
                await self._call("DELETE", collection, {"query": {"limit": -1}})

    async def records(self, entity_type: str) -> dict[str, dict[str, Any]]:
        """Return all records by key."""
        key = self.KEYS[entity_type]
        found: dict[str, dict[str, Any]] = {}
        for page in range(1, 100):
            query = f"limit=1000&page={page}&sort={key}"
            rows = (await self._call("GET", f"{COLLECTIONS[entity_type]}?{query}"))["data"]
            found |= {row[key]: row for row in rows}
            if len(rows) < 1000:
                break
        return found

    async def delete(self, entity_type: str, ids: list[Any]) -> None:
        await self._call("DELETE", COLLECTIONS[entity_type], ids)

    async def _call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        url = f"http://127.0.0.1:{DIRECTUS_PORT}/items/{path}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        while True:
            answer = await self._client.request(method, url, json=body, headers=headers, timeout=60)
            if answer.status_code != 429:
                break
            await asyncio.sleep(float(answer.headers["retry-after"]))
        if answer.is_error:
            raise SystemsError(f"Directus: {answer.text[:500]}")
        return json.loads(answer.text, parse_float=Decimal) if answer.content else None


async def restart_directus(rate: int | None = None) -> None:
    """Start Directus anew, answering 429 above a rate of calls a second where one is given."""
    limit = {} if rate is None else {"ACC_DIRECTUS_RATE": str(rate)}
    await asyncio.to_thread(script, "directus/stop.sh")
    await asyncio.to_thread(lambda: script("directus/start.sh", **limit))
