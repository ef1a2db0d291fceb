"""Reading and changing subscriptions; what becomes of them is in `postgres.notifications`."""

from __future__ import annotations

import dataclasses

import asyncpg
from uuid6 import uuid7

from syncline.domain.configuration.comparison import kept_secrets
from syncline.domain.errors import ConflictError, InvalidInputError, Problem, SynclineError
from syncline.domain.notification.subscription import SubscriptionConfig
from syncline.postgres.database.database import Connection, Queryable, Row
from syncline.postgres.database.rows import struct_of
from syncline.security.secrets import Keyring
from syncline.security.signature import new_signing_secret

_ALL = "select * from subscriptions where tenant = $1 order by name"
_LOCK = "select * from subscriptions where tenant = $1 and name = $2 for update"
_DELETE = "delete from subscriptions where tenant = $1 and name = $2"
_UNCONFIRMED = """
select a from unnest($2::text[]) with ordinality as given (a, place)
where not exists (select from mail_addresses m
  where m.tenant = $1 and m.address = lower(a) and m.confirmed_at is not null) order by place
"""
INSERT = """
insert into subscriptions
  (id, tenant, kind, secret, name, url, addresses, events, instances, active, format)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
UPDATE = """
update subscriptions set name = $2, url = $3, addresses = $4, events = $5, instances = $6,
  active = $7, format = $8, changed_at = clock_timestamp() where id = $1
"""
ROTATE = "update subscriptions set secret = $2, rotated_at = now() where id = $1"
GIVE_UP = """
update deliveries set state = 'given_up', holder = null
where subscription_id = $1 and state = 'waiting'
"""


def secret_scope(subscription: str) -> str:
    """Return what a subscription's secret is bound to, beside the tenant."""
    return f"subscription:{subscription}"


async def subscriptions_of(
    connection: Connection, keys: Keyring, tenant: str
) -> dict[str, SubscriptionConfig]:
    """Return a tenant's subscriptions by name, secrets decrypted."""
    return {row["name"]: _config(row, keys) for row in await connection.fetch(_ALL, tenant)}


async def save_subscription(
    connection: Connection, keys: Keyring, tenant: str, config: SubscriptionConfig
) -> None:
    """Store a new or changed subscription; a webhook without a signing secret is given one.

    Another signing secret replaces the one before; for a day both sign. Raises InvalidInputError.
    """
    row = await connection.fetchrow(_LOCK, tenant, config.name)
    secrets, _ = kept_secrets(config, None if row is None else _config(row, keys))
    wanted = dataclasses.replace(config, secrets=secrets)
    if row is None:
        await _create(connection, keys, tenant, wanted)
        return
    await store(connection, tenant, wanted, UPDATE, row["id"])
    before = _signing(row, keys)
    if "signing" in secrets and secrets["signing"] != before:
        both = {"signing": secrets["signing"]} | ({} if before is None else {"before": before})
        secret = keys.encrypt(both, tenant, secret_scope(row["id"]))
        await connection.execute(ROTATE, row["id"], secret)
    if not wanted.active:
        await connection.execute(GIVE_UP, row["id"])


async def _create(
    connection: Connection, keys: Keyring, tenant: str, config: SubscriptionConfig
) -> None:
    id_, secret = str(uuid7()), None
    if config.medium == "webhook":
        signing = {"signing": config.secrets.get("signing") or new_signing_secret()}
        secret = keys.encrypt(signing, tenant, secret_scope(id_))
    await store(connection, tenant, config, INSERT, id_, tenant, config.medium, secret)


async def store(
    connection: Connection, tenant: str, config: SubscriptionConfig, sql: str, *first: object
) -> None:
    """Store what is configured; `first` are the statement's values before it.

    Raises InvalidInputError: an instance is not there; ConflictError: the name is taken.
    """
    rows = await connection.fetch("select name from instances where tenant = $1", tenant)
    known = {row["name"] for row in rows}
    problems = [
        Problem(f"$.instances[{place}]", f"there is no instance {name[:80]!r}")
        for place, name in enumerate(config.instances)
        if name not in known
    ]
    if problems:
        raise InvalidInputError(problems)
    told = (list(config.addresses), list(config.events), list(config.instances))
    last = (config.active, config.format)
    try:
        await connection.execute(sql, *first, config.name, config.webhook_url, *told, *last)
    except asyncpg.UniqueViolationError:
        raise ConflictError(f"there is a notification {config.name!r} already") from None


async def remove_subscription(connection: Connection, tenant: str, name: str) -> None:
    """Remove a subscription with its deliveries."""
    await connection.execute(_DELETE, tenant, name)


async def unconfirmed(database: Queryable, tenant: str, addresses: list[str]) -> list[str]:
    """Return those of the addresses whose owners have not confirmed that they want mail."""
    return [row["a"] for row in await database.fetch(_UNCONFIRMED, tenant, addresses)]


def _config(row: Row, keys: Keyring) -> SubscriptionConfig:
    """Return what a row configures; the address of a channel is a secret, others are not."""
    config = struct_of(SubscriptionConfig, row, addresses=row["addresses"] or (), secrets={})
    if config.medium == "webhook" and not config.is_signed:
        return struct_of(
            SubscriptionConfig, row, addresses=(), url=None, secrets={"url": row["url"]}
        )
    signing = _signing(row, keys)
    secrets = {} if signing is None else {"signing": signing}
    return struct_of(SubscriptionConfig, row, addresses=config.addresses, secrets=secrets)


def _signing(row: Row, keys: Keyring) -> str | None:
    """Return what signs, None where nothing does, or its key is lost: then it can be replaced."""
    if row["secret"] is None:
        return None
    try:
        return keys.decrypt(row["secret"], row["tenant"], secret_scope(row["id"]))["signing"]
    except SynclineError:  # each delivery tells it
        return None
