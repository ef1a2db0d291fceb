"""Secrets of hooks: encrypted anew under another key, the one before too while it counts."""

from __future__ import annotations

from uuid import uuid4

import pytest

from syncline.domain.errors import RetriableError
from syncline.postgres.database.database import Database
from syncline.postgres.hooks.hook_secrets import HookSecrets
from syncline.security.secrets import Keyring, generate_key

OLD, NEW = generate_key(), generate_key()
_HOOK = """
insert into hooks (id, tenant, name, instance_id, entity_type, source_ids, signature)
select $1, tenant, $2, id, 'item', 'id', '{"scheme": "woocommerce"}' from instances
"""


def store(db: Database, *keys: str) -> HookSecrets:
    return HookSecrets(db, Keyring.parse(",".join(keys)))


async def secrets_of(secrets: HookSecrets, hook: str) -> tuple[str, ...]:
    found = await secrets.find(hook)
    assert found is not None
    return found.secrets


@pytest.fixture
async def hook(db: Database) -> str:
    hook = str(uuid4())
    await db.execute(_HOOK, hook, "shop")
    await db.execute(_HOOK, str(uuid4()), "without a secret")
    return hook


async def test_rekey_leaves_no_secret_under_the_old_key(db: Database, hook: str) -> None:
    old = store(db, OLD)
    before = await old.rotate("default", "ann", "shop", None)
    now = await old.rotate("default", "ann", "shop", None)
    both = store(db, NEW, OLD)
    assert [await both.rekey("ann"), await both.rekey("ann")] == [1, 0]
    assert await secrets_of(store(db, NEW), hook) == (now, before)
    rekeyed = "select object, actor from audit_log where action = 'hook.rekeyed'"
    assert [tuple(row) for row in await db.fetch(rekeyed)] == [("shop", "ann")]


async def test_the_secret_before_can_still_be_replaced_behind_a_rekey(
    db: Database, hook: str
) -> None:
    first = await store(db, OLD).rotate("default", "ann", "shop", None)
    await store(db, NEW, OLD).rekey("ann")
    second = await store(db, NEW).rotate("default", "ann", "shop", None)
    assert await secrets_of(store(db, NEW), hook) == (second, first)


async def test_a_key_that_is_missing_is_an_outage_and_nothing_is_rekeyed_by_half(
    db: Database, hook: str
) -> None:
    secret = await store(db, OLD).rotate("default", "ann", "shop", None)
    with pytest.raises(RetriableError, match="SYNCLINE_SECRET_KEYS"):
        await store(db, NEW).find(hook)
    with pytest.raises(Exception, match="SYNCLINE_SECRET_KEYS"):
        await store(db, NEW).rekey("ann")
    assert await secrets_of(store(db, OLD), hook) == (secret,)
