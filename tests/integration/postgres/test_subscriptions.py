"""Subscriptions: stored with an encrypted secret, by tenant, audited; and what goes with time."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from syncline.domain.errors import ConflictError, NotFoundError
from syncline.domain.notification.subscription import SubscriptionConfig
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.database.retention import Retention, remove_expired
from syncline.postgres.notifications.deliveries import Deliveries
from syncline.postgres.notifications.subscriptions import Subscriptions
from syncline.security.secrets import Keyring, generate_key
from syncline.security.signature import new_signing_secret
from tests.support.alerts import raise_alert

KEY = generate_key()
RING = Keyring.parse(KEY)
SECRET = new_signing_secret()
CONFIG = SubscriptionConfig(name="ops", events=("run_failed",), url="https://example.com/hook")


@pytest.fixture
async def db(postgres: str) -> AsyncIterator[Database]:
    async with open_database(postgres) as database:
        await database.execute("insert into tenants (id) values ('acme')")
        yield database


async def states(db: Database) -> list[str]:
    return [row["state"] for row in await db.fetch("select state from deliveries")]


async def test_a_secret_is_stored_encrypted_and_shown_nowhere(db: Database) -> None:
    store = Subscriptions(db, RING)
    id_ = await store.create("default", "test", CONFIG, SECRET)
    (row,) = await db.fetch("select * from subscriptions")
    assert SECRET.encode() not in row["secret"]
    assert SECRET not in str(await store.get("default", "webhook", id_))
    assert (await store.destination("default", "webhook", id_)).signing == (SECRET,)


async def test_rekey_leaves_no_secret_under_the_old_key(db: Database) -> None:
    id_ = await Subscriptions(db, RING).create("default", "test", CONFIG, SECRET)
    new = generate_key()
    rotating = Subscriptions(db, Keyring.parse(f"{new},{KEY}"))
    assert [await rotating.rekey("test"), await rotating.rekey("test")] == [1, 0]
    only_new = Subscriptions(db, Keyring.parse(new))
    assert (await only_new.destination("default", "webhook", id_)).signing == (SECRET,)


async def test_a_secret_under_a_lost_key_is_said_and_holds_nobody_back(db: Database) -> None:
    await Subscriptions(db, RING).create("default", "test", CONFIG, SECRET)
    await raise_alert(db)
    (due,) = await Deliveries(db, Keyring.parse(generate_key())).claim(10, 60)
    assert "is not in SYNCLINE_SECRET_KEYS" in (due.destination.broken or "")


async def test_another_tenant_sees_and_changes_nothing(db: Database) -> None:
    store = Subscriptions(db, RING)
    id_ = await store.create("default", "test", CONFIG, SECRET)
    assert await store.page("acme", "webhook", 10) == []
    for foreign in (
        store.get("acme", "webhook", id_),
        store.destination("acme", "webhook", id_),
        store.change("acme", "test", id_, CONFIG, None),
        store.rotate("acme", "test", id_, new_signing_secret()),
        store.remove("acme", "test", "webhook", id_),
        store.get("default", "email", id_),
    ):
        with pytest.raises(NotFoundError):
            await foreign


async def test_a_name_is_taken_once(db: Database) -> None:
    store = Subscriptions(db, RING)
    await store.create("default", "test", CONFIG, SECRET)
    with pytest.raises(ConflictError, match="already"):
        await store.create("default", "test", CONFIG, SECRET)
    await store.create("acme", "test", CONFIG, SECRET)


async def test_switched_off_it_gives_up_what_waits(db: Database) -> None:
    store = Subscriptions(db, RING)
    id_ = await store.create("default", "test", CONFIG, SECRET)
    await raise_alert(db)
    off = dataclasses.replace(CONFIG, active=False)
    await store.change("default", "test", id_, off, None)
    assert await states(db) == ["given_up"]
    await raise_alert(db)
    assert await states(db) == ["given_up"]


async def test_changes_are_audited(db: Database) -> None:
    store = Subscriptions(db, RING)
    id_ = await store.create("default", "ann", CONFIG, SECRET)
    await store.change("default", "ben", id_, CONFIG, None)
    await store.rotate("default", "ann", id_, new_signing_secret())
    await store.remove("default", "ann", "webhook", id_)
    rows = await db.fetch("select actor, action, object from audit_log order by id")
    assert [tuple(row) for row in rows] == [
        ("ann", "webhook.created", "ops"),
        ("ben", "webhook.changed", "ops"),
        ("ann", "webhook.secret_rotated", "ops"),
        ("ann", "webhook.removed", "ops"),
    ]


async def test_what_was_told_long_ago_goes_unless_it_waits(db: Database) -> None:
    await Subscriptions(db, RING).create("default", "test", CONFIG, SECRET)
    await raise_alert(db, datetime(2020, 1, 1, tzinfo=UTC))
    assert (await remove_expired(db, Retention()))["notifications"] == 0
    await db.execute("update deliveries set state = 'delivered'")
    assert (await remove_expired(db, Retention()))["notifications"] == 1
    assert await states(db) == []
