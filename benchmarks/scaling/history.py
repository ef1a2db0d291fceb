"""(f) 1,000 instances, 10,000 runs, 1,000,000 entries of the audit log: what they slow down."""

from __future__ import annotations

import asyncio
from statistics import median
from time import perf_counter

import httpx

from benchmarks.measurement import measured, peak_memory
from benchmarks.place import SERVICES, Place
from benchmarks.table import markdown
from syncline.postgres.access.api_keys import ApiKeys, NewApiKey
from syncline.postgres.database.database import open_database
from syncline.security.tokens import new_api_key

INSTANCES, RUNS, ENTRIES = 1_000, 10_000, 1_000_000
BESIDE = ("gateway", "scheduler", "notifier", "monitor")
ASKED = 20
"""Times that each address is asked."""
WATCHED = 20.0
"""Seconds in which nothing is due."""
ADDRESSES = (
    "/runs", "/runs?state=failed", "/runs?instance=many-500", "/runs/count", "/instances",
    "/instances?search=99", "/instances?status=active", "/schedules", "/dashboard?range=30d",
    "/dlq", "/dlq/groups", "/search?q=ITEM-00000042", "/search?q=none", "/pipeline/health",
    "/connection-profiles", "/mapping-configs", "/cursors", "/instances/many-500/freshness",
    "/runs/{run}", "/runs/{run}/timeline", "/audit-log", "/audit-log?actor=person",
    "/audit-log?actor=nobody", "/audit-log?action=user", "/audit-log?object=nothing",
)  # fmt: skip
_A_RUN = """select r.id from runs r join instances i on i.id = r.instance_id
where i.name = 'many-500' order by r.created_at desc limit 1"""
_FILL = (
    f"""insert into instances (id, tenant, name, source_id, target_id)
    select gen_random_uuid(), 'default', 'many-' || n, source_id, target_id
    from (select source_id, target_id from instances limit 1) i,
      generate_series(1, {INSTANCES}) n""",
    """insert into streams (tenant, instance_id, entity_type, mapping_id)
    select 'default', i.id, 'item', m.id from instances i, mappings m
    where i.name like 'many-%' and m.name = 'items'""",
    """insert into schedules (id, tenant, name, instance_id, entity_type, cron, timezone, sentence,
      next_at, changed_at)
    select gen_random_uuid(), 'default', name, id, 'item', '0 3 1 1 *', 'UTC', '',
      now() + interval '30 days', now() from instances where name like 'many-%'""",
    f"""insert into runs (id, stream_id, instance_id, source_id, target_id, mapping_id, tenant,
      entity_type, mapping_version, mode, trigger, actor, batch_size, lanes, request_hash, state,
      batches, published, extracted, total, success, failed, reason, created_at, started_at,
      extracted_at, finished_at)
    select gen_random_uuid(), s.id, i.id, i.source_id, i.target_id, s.mapping_id, 'default', 'item',
      1, 'incremental', 'schedule', 'benchmark', 100, 1, gen_random_uuid(),
      case n % 10 when 0 then 'failed' when 1 then 'partial_success' else 'succeeded' end,
      1, 1, true, 100, 99, 1, '', at, at, at, at + interval '5 s'
    from (select n, now() - n * interval '4 minutes' as at, n % {INSTANCES} + 1 as of
      from generate_series(1, {RUNS}) n) g
    join instances i on i.name = 'many-' || g.of join streams s on s.instance_id = i.id""",
    """insert into batches (run_id, number, tenant, lane, stage, source_ids, outcomes)
    select r.id, 0, 'default', 0, 'normalize',
      array(select 'ITEM-' || to_char(n, 'FM00000000') from generate_series(0, 99) n),
      repeat('S', 99) || 'F' from runs r where r.actor = 'benchmark'""",
    """insert into dead_letters (id, tenant, run_id, batch, slot, stream_id, instance_id,
      entity_type, source_id, stage, category, code, error, fingerprint, attempts, retries,
      mapping_version, payload, status, failed_at)
    select gen_random_uuid(), 'default', r.id, 0, 99, r.stream_id, r.instance_id, 'item',
      'ITEM-00000099', 'execute', 'permanent', 'http_422', 'name is too long', 'f' || r.stream_id,
      '[]', 0, 1, '{}', 'pending', r.finished_at from runs r where r.actor = 'benchmark'""",
    f"""insert into audit_log (tenant, at, actor, action, object)
    select 'default', now() - n * interval '30 s', 'person-' || n % 200,
      case when n % 2 = 0 then 'run.paused' else 'mapping.changed' end, gen_random_uuid()
    from generate_series({ENTRIES}, 1, -1) n""",
    "vacuum analyze",
)


async def measure(place: Place) -> str:
    """Return start-up and memory of each service without and with them, and the API's answers."""
    for service in BESIDE:
        await place.scale(service, 1)
    before = [await _begun(place, service) for service in (*SERVICES, *BESIDE)]
    rested = await _idle(place)
    for statement in _FILL:
        place.psql("syncline", "-c", statement)
    after = [await _begun(place, service) for service in (*SERVICES, *BESIDE)]
    starts = [
        [
            name,
            *(f"{figure:.1f}" for old, new in zip(was, now, strict=True) for figure in (old, new)),
        ]
        for name, was, now in zip((*SERVICES, *BESIDE), before, after, strict=True)
    ]
    idle = [
        [name, f"{share:.2%}", f"{now:.2%}"]
        for (name, share), now in zip(rested.items(), (await _idle(place)).values(), strict=True)
    ]
    return "\n".join(
        (
            f"### {INSTANCES:,} instances, each with a schedule, and {RUNS:,} runs\n",
            markdown(("service", "start s without", "with", "MB without", "with"), starts) + "\n",
            markdown(("share of a core while nothing is due", "without", "with"), idle) + "\n",
            markdown(("answer", "median ms", "slowest ms", "KB"), await _answers(place)),
        )
    )


async def _begun(place: Place, service: str) -> tuple[float, float]:
    """Start a service anew; return the seconds until it is ready, and its memory in MB then."""
    await place.scale(service, 0)
    began = perf_counter()
    await place.scale(service, 1)
    return perf_counter() - began, peak_memory(place.processes[service])


async def _idle(place: Place) -> dict[str, float]:
    """Return which share of a core each process takes while nothing is due."""
    with measured(place.processes) as cost:
        await asyncio.sleep(WATCHED)
    return {name: cost.cpu[name] / cost.wall for name in (*BESIDE, "Kafka", "PostgreSQL")}


async def _answers(place: Place) -> list[list[str]]:
    key = new_api_key()
    async with open_database(place.database("syncline")) as database:
        wanted = NewApiKey("benchmark", "platform_admin")
        await ApiKeys(database).add("default", wanted, (key.prefix, key.hash), "benchmark")
    rows, run = [], place.psql("syncline", "-c", _A_RUN)
    address = f"http://127.0.0.1:{place.http_port}/api/v1"
    headers = {"Authorization": f"ApiKey {key.text}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=60) as client:
        for asked in ADDRESSES:
            times, size = [], 0
            for _ in range(ASKED):
                began = perf_counter()
                answer = await client.get(address + asked.replace("{run}", run))
                times.append(1000 * (perf_counter() - began))
                answer.raise_for_status()
                size = len(answer.content)
            rows.append([asked, f"{median(times):.0f}", f"{max(times):.0f}", f"{size / 1000:.0f}"])
    return rows
