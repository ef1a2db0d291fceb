"""Fills every list with rows of equal values, and of none, in each column that it is sorted by."""

from __future__ import annotations

from syncline.postgres.database.database import Database
from syncline.testing.clock import EPOCH
from tests.support.access import add_user, give_key
from tests.support.configured import configure
from tests.support.scheduled import schedule

NAMES = ("b-one", "A-two", "c-three", "C-four", "d-five")
RUNS = """
insert into runs (id, tenant, stream_id, instance_id, entity_type, source_id, target_id,
  mapping_id, mapping_version, mode, trigger, actor, batch_size, lanes, request_hash, state,
  created_at, started_at, finished_at, total, success, unchanged, excluded, failed)
select gen_random_uuid(), s.tenant, s.id, s.instance_id, s.entity_type, i.source_id, i.target_id,
  s.mapping_id, 1, 'incremental', 'cli', 'tester', 100, 1, gen_random_uuid(),
  case when n % 7 = 0 then 'queued' else 'succeeded' end, now() - make_interval(mins => n / 2),
  case when n % 5 > 0 then now() - make_interval(secs => n) end,
  case when n % 7 > 0 then now() - make_interval(secs => n % 4) end, n % 3, n % 4, n % 2, 1, n % 5
from streams s join instances i on i.id = s.instance_id, generate_series(1, $1::int) n
where s.id = (select min(id) from streams)
"""
LETTERS = """
insert into dead_letters (id, tenant, source_id, stage, category, code, error, fingerprint,
  attempts, retries, payload, failed_at, status)
select gen_random_uuid(), 'default', case when n % 5 > 0 then 'é-' || n % 4 end, 'execute',
  'permanent', 'x', 'e', 'f' || n % 6, '[]', n % 3, null, now() - make_interval(secs => n / 2),
  case when n % 4 = 0 then 'replayed' else 'pending' end
from generate_series(1, $1::int) n
"""
_SUBSCRIPTIONS = """
insert into subscriptions (id, tenant, name, kind, url, addresses, events, secret, active)
select gen_random_uuid(), 'default', name || kind, kind, 'https://x.test', '{a@x.test}',
  '{run_failed}', 'x', kind = 'email' or name < 'b'
from unnest($1::text[]) name, unnest('{webhook,email}'::text[]) kind
"""
_TESTED = """
update profiles set tested_at = now(), test = '{"ok": true, "checks": [], "tookMs": 1}'
where name like '%-erp'
"""
_HOOKS = """
with made as (
  insert into hooks (id, tenant, name, instance_id, entity_type, source_ids, signature, secret)
  select gen_random_uuid(), tenant, name, id, 'item', 'id', '{"scheme": "shopify"}', 'x'
  from instances returning id, tenant, name)
insert into hook_deliveries (id, hook_id, tenant, size)
select gen_random_uuid(), id, tenant, 1 from made where name > 'c'
"""


async def fill(db: Database, many: int = 23) -> None:
    """Fill all lists, with equal values and with none in each column that may have such."""
    for name in NAMES:
        await configure(db, instance=name)
        await schedule(db, "0 3 * * *", EPOCH, name=f"s-{name}", instance=name)
        await add_user(db, name, "user", ["default"])
        await give_key(db, "user")
        await give_key(db, "user", name.lower())
    await db.execute(_TESTED)
    await db.execute("update instances set enabled = false where name < 'b'")
    await db.execute("update api_keys set used_at = now() where prefix > 'sl_5'")
    await db.execute(RUNS, many)
    await db.execute(LETTERS, many)
    await db.execute(_SUBSCRIPTIONS, list(NAMES))
    await db.execute(_HOOKS)
