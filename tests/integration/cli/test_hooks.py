"""Hooks on the command line: listed, given a secret, switched, and what they received."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

from syncline.postgres.database.database import open_database
from syncline.postgres.hooks.hook_deliveries import HookDeliveries, NewDelivery
from syncline.postgres.hooks.hook_secrets import HookSecrets
from syncline.security.secrets import Keyring, generate_key
from tests.support.commands import CommandLine
from tests.support.configured import configure

HOOK = "01996f4e-0000-7000-8000-000000000002"
KEY = generate_key()
_HOOK = """
insert into hooks (id, tenant, name, instance_id, entity_type, source_ids, signature)
select $1, tenant, 'shop', id, 'item', 'id', '{"scheme": "shopify"}' from instances
"""


async def test_a_hook_is_listed_given_a_secret_switched_and_looked_into(
    postgres: str, tmp_path: Path
) -> None:
    own = {
        "SYNCLINE_POSTGRES_DSN": postgres,
        "SYNCLINE_SECRET_KEYS": KEY,
        "SYNCLINE_PUBLIC_URL": "https://sync.example.com",
        "SHOP_SECRET": "of-the-shop-0123456789",
    }
    cli = CommandLine(tmp_path, os.environ | own)
    async with open_database(postgres) as database:
        await configure(database)
        await database.execute(_HOOK, HOOK)
        assert "No Secret" in (await cli("hooks", "list")).out

        given = await cli("hooks", "rotate-secret", "shop", "--from-env", "SHOP_SECRET")
        assert (given.code, given.out.strip()) == (0, "of-the-shop-0123456789"), given
        found = await HookSecrets(database, Keyring.parse(KEY)).find(HOOK)
        assert found is not None
        assert found.secrets == ("of-the-shop-0123456789",)

        off = await cli("hooks", "disable", "shop")
        assert off.out.strip() == "hook shop: Disabled"

        received = NewDelivery(HOOK, "default", uuid4().bytes, 9, b'{"id": 7}', ["7"])
        assert await HookDeliveries(database).store(received)
        shown = await cli("hooks", "show", "shop")
        assert f"https://sync.example.com/api/v1/hooks/{HOOK}" in shown.out
        assert "1 waiting" in shown.out
        delivery = str(await database.fetchval("select id from hook_deliveries"))
        body = await cli("hooks", "body", "shop", delivery)
        assert body.out.strip() == '{"id": 7}'
        looks = "select count(*) from audit_log where action = 'payload.viewed' and object = $1"
        assert await database.fetchval(looks, delivery) == 1

    said = await cli("hooks", "body", "shop", "x")
    assert (said.code, said.err.strip()) == (2, "error: DELIVERY: 'x' is not an ID")
