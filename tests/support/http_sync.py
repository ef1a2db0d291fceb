"""An instance `erp-shop` that copies a table `source_items` of the database to an HTTP API."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from syncline.postgres.database.database import Database
from syncline.security.secrets import Keyring
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
    db: Database, place: Installation, url: str, target: Mapping[str, Any], rows: int, calls: int
) -> None:
    """Store the instance, and so many rows, each with the number 1.

    Args:
        url: of the API, which is called by so many calls at a time; they time out after 2 seconds.
        target: the mapping's target block.
    """
    own = urlsplit(place.dsn)
    keys = Keyring.parse(place.environment["SYNCLINE_SECRET_KEYS"])
    erp = {
        "host": own.hostname, "port": own.port, "database": own.path[1:], "user": own.username,
    }  # fmt: skip
    http = {"baseUrl": url, "timeouts": {"connect": 1, "total": 2}}
    profiles = (uuid4(), uuid4())
    async with db.transaction() as c:
        for profile, name, kind, config, secrets in (
            (profiles[0], "erp", "postgresql", erp, {"password": own.password or ""}),
            (profiles[1], "shop", "http", http, {}),
        ):
            await c.execute(
                "insert into profiles (id, tenant, name, connector, config, secrets, "
                "max_concurrent) values ($1, 'default', $2, $3, $4, $5, $6)",
                profile, name, kind, config, keys.encrypt(secrets, "default", str(profile)), calls,
            )  # fmt: skip
        await store_instance(c, "erp-shop", profiles, "items", _document(target))
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
