"""A tenant with one of everything, for asking whether others can see or touch any of it."""

from __future__ import annotations

from uuid import UUID, uuid4

from uuid6 import uuid7

from syncline.postgres.access.api_keys import ApiKeys
from syncline.postgres.cursors.cursors import Cursors
from syncline.postgres.database.database import Database
from syncline.testing.clock import EPOCH
from tests.support.access import give_key
from tests.support.configured import configure
from tests.support.scheduled import schedule

TENANT = "north"
INSTANCE = "north-sync"
TABLES = (
    "profiles", "mappings", "mapping_versions", "instances", "streams", "schedules", "cursors",
    "runs", "batches", "dead_letters", "operations", "subscriptions", "deliveries",
    "api_keys", "hooks", "hook_deliveries", "hook_bodies", "hook_changes", "hook_runs",
)  # fmt: skip
_RUN = """
insert into runs (id, tenant, stream_id, instance_id, entity_type, source_id, target_id, mapping_id,
  mapping_version, mode, trigger, actor, batch_size, lanes, request_hash, total, started_at)
select $1, tenant, id, instance_id, 'item', $2, $2, mapping_id, 1, 'incremental', 'api', 't', 100,
  1, $2, 1, now() from streams where tenant = $3
"""
_LETTER = """
insert into dead_letters (id, tenant, stream_id, run_id, source_id, stage, category, code, error,
  fingerprint, attempts, retries, payload, failed_at)
select $1, tenant, id, $2, 'N-1', 'execute', 'permanent', 'x', 'secret of north', 'f', '[]', 0,
  '{}', now() from streams where tenant = $3
"""
_OPERATION = """
insert into operations (id, tenant, kind, request_hash, selection, filter, as_of, actor, starts_at)
values ($1, $2, 'discard', $1, 'all of north', '{}', now(), 't', now() + interval '1 day')
"""
_SUBSCRIPTION = """
insert into subscriptions (id, tenant, name, kind, url, addresses, events, secret)
values ($1, $2, 'north ' || $3, $3, 'https://north.test', '{ops@north.test}', '{run_failed}', 'x')
"""
_NOTIFICATION = """
insert into notifications (id, tenant, event, instance, entity_type, at, data)
values ($1, $2, 'run_failed', 'north-sync', 'item', now(), '{}')
"""
_DELIVERY = """
insert into deliveries (id, tenant, subscription_id, notification_id, next_at)
values ($1, $2, $3, $4, now() + interval '1 day')
"""


_HOOK = """
with hook as (
  insert into hooks (id, tenant, name, instance_id, entity_type, source_ids, signature, secret)
  select gen_random_uuid(), tenant, 'north-hook', id, 'item', 'id', '{"scheme": "shopify"}', 'x'
  from instances where tenant = $2 returning id, tenant
), delivery as (
  insert into hook_deliveries (id, hook_id, tenant, size) select $1, id, tenant, 1 from hook
  returning id, hook_id, tenant
), body as (
  insert into hook_bodies (delivery_id, tenant, body) select id, tenant, 'x' from delivery
), change as (
  insert into hook_changes (delivery_id, source_id, hook_id, tenant)
  select id, 'N-1', hook_id, tenant from delivery
)
insert into hook_runs (run_id, hook_id, tenant, source_ids)
select gen_random_uuid(), id, tenant, '{}' from hook
"""


async def everything(database: Database) -> dict[str, tuple[str, ...]]:
    """Make one of everything; return by resource what its routes are asked with."""
    await configure(database, tenant=TENANT, instance=INSTANCE)
    await give_key(database, "user", TENANT)
    await schedule(database, "0 3 * * *", EPOCH, name="north-nightly", instance=INSTANCE)
    await Cursors(database).set((TENANT, INSTANCE, "item"), "2026-01-01", "t", "test")
    run, letter, operation = uuid7(), uuid4(), uuid4()
    await database.execute(_RUN, str(run), uuid4(), TENANT)
    await database.execute(_LETTER, letter, str(run), TENANT)
    await database.execute(_OPERATION, operation, TENANT)
    webhook, email, notification = uuid4(), uuid4(), uuid4()
    deliveries = uuid4(), uuid4()
    await database.execute(_SUBSCRIPTION, webhook, TENANT, "webhook")
    await database.execute(_SUBSCRIPTION, email, TENANT, "email")
    await database.execute(_NOTIFICATION, notification, TENANT)
    for delivery, subscription in zip(deliveries, (webhook, email), strict=True):
        await database.execute(_DELIVERY, delivery, TENANT, subscription, notification)
    received = uuid4()
    await database.execute(_HOOK, received, TENANT)
    (key,) = await ApiKeys(database).list(TENANT)
    entry = await database.fetchval("select max(id) from audit_log where tenant = $1", TENANT)
    return {
        "sync-events": (str(run),),
        "runs": (str(run), "N-1"),
        "records": ("N-1",),
        "dlq": (str(letter),),
        "operations": (str(operation),),
        "api-keys": (key.id,),
        "audit-log": (str(entry),),
        "webhooks": (str(webhook), str(deliveries[0])),
        "email-subscriptions": (str(email), str(deliveries[1])),
        "schedules": ("north-nightly",),
        "inbound-webhooks": ("north-hook", str(received)),
        "connection-profiles": (f"{INSTANCE}-erp",),
        "mapping-configs": (f"{INSTANCE}-items", "1"),
        "instances": (INSTANCE,),
        "cursors": (INSTANCE, "item"),
    }


def unknown(value: str) -> str:
    """Return a name or ID of the same form that belongs to nothing anywhere."""
    try:
        UUID(value)
    except ValueError:
        if value.isdecimal():
            return value if value == "1" else "999999999"
        return f"no-{value}"
    return str(uuid4())


async def contents(database: Database) -> dict[str, list[str]]:
    """Return all that is stored of the tenant."""
    found = {}
    for table in TABLES:
        rows = await database.fetch(
            f"select to_jsonb(t)::text as row from {table} t where to_jsonb(t)->>'tenant' = $1 "
            "order by 1",
            TENANT,
        )
        found[table] = [row["row"] for row in rows]
    return found
