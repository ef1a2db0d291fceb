"""An instance `erp-shop` that copies a table `source_items` of the database to an HTTP API."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from syncline.postgres.database.database import Database
from syncline.testing.http_api import HttpApi
from tests.support.configured import store_instance
from tests.support.installation import Installation


def _document(target: Mapping[str, Any]) -> dict[str, Any]:
    fields = [{"source": name, "target": name} for name in ("code", "n")]
    return {
        "entityType": "item",
        "extraction": {
            "mode": "config", "table": "source_items", "idColumn": "code",
            "cursorColumn": "changed",
        },
        "normalization": {"fields": fields},
        "transformation": {
            "matchKey": "sku",
            "target": target,
            "fields": [{"source": "code", "target": "sku"}, {"source": "n", "target": "n"}],
        },
    }  # fmt: skip


async def store_http_sync(
    db: Database, place: Installation, url: str, target: Mapping[str, Any], rows: int,
    calls: int = 10, *, token: str | None = None, seconds: float = 2,
) -> None:  # fmt: skip
    """Store the instance, and so many rows, each with the number 1.

    Args:
        url: of the API, which is called by so many calls at a time.
        target: the mapping's target block.
        token: which the API wants, if it does.
        seconds: after which a call times out.
    """
    http: dict[str, Any] = {"baseUrl": url, "timeouts": {"connect": 1, "total": seconds}}
    secrets = {} if token is None else {"token": token}
    if token is not None:
        http["auth"] = {"type": "bearer"}
    async with db.transaction() as c:
        profiles = place.profiles(c)
        erp = await profiles.store_own_database("erp")
        shop = await profiles.store("shop", "http", http, secrets)
        await c.execute("update profiles set max_concurrent = $1", calls)
        await store_instance(c, "erp-shop", (erp, shop), "items", _document(target))
        await c.execute(
            f"""create table source_items as select 'A' || n as code, 1 as n,
            timestamp '2026-01-01' + n * interval '1 minute' as changed
            from generate_series(1, {rows}) n"""
        )


def writes(shop: HttpApi) -> Counter[tuple[str, int]]:
    """Count the writes that an API was sent, by record and number."""
    sent: Counter[tuple[str, int]] = Counter()
    for asked in shop.asked:
        if asked.method in ("POST", "PUT", "PATCH"):
            body = json.loads(asked.body)
            record = body[0] if isinstance(body, list) else body
            sent[record["sku"], int(record["n"])] += 1
    return sent
