"""(d) 200 streams that are scheduled each minute: how many start in time, and what they cost."""

from __future__ import annotations

import asyncio
from time import time

from benchmarks.measurement import measured
from benchmarks.place import Place
from benchmarks.scaling import documents
from benchmarks.table import markdown

STREAMS = 200
_FEW = """create table erp.few as select * from erp.item order by item_code limit 10;
alter table erp.few add primary key (item_code)"""
_RUNS = """select count(*) || ' ' || count(*) filter (where w <= 5) || ' '
|| coalesce(round(percentile_cont(0.5) within group (order by w)::numeric, 1), 0) || ' '
|| coalesce(round(max(w)::numeric, 1), 0)
from (select extract(epoch from started_at - date_trunc('minute', created_at)) as w from runs r
  join instances i on i.id = r.instance_id
  where i.name like 'minute-%' and r.created_at > now() - make_interval(secs => {})) t"""


async def measure(place: Place, minutes: int) -> str:
    """Return how soon the runs of so many minutes started, and what each process spent on them."""
    place.psql("src", "-c", _FEW)
    place.psql("tgt", "-c", "create table few (code text primary key, item_name text, "
               "item_group int, price numeric, on_hand numeric)")  # fmt: skip
    await place.scale("scheduler", 1)
    await place.apply(_documents())
    await asyncio.sleep(120 - time() % 60 - 5)  # what runs for the first time costs more
    with measured(place.processes) as cost:
        await asyncio.sleep(60 * minutes)
    runs = place.psql("syncline", "-c", _RUNS.format(cost.wall))
    count, in_time, median, most = runs.split()
    spent = sorted(cost.cpu.items(), key=lambda each: -each[1])
    shares = ", ".join(f"{name} {seconds / cost.wall:.1%}" for name, seconds in spent[:6])
    rows = [[str(STREAMS), count, f"{int(in_time) / int(count):.1%}", median, most, shares]]
    head = ("streams", "runs", "started within 5 s", "median s", "most s", "share of a core")
    return "### Schedules each minute\n\n" + markdown(head, rows)


def _documents() -> str:
    instances = [
        documents.instance(f"minute-{number}", "warehouse", "few-items")
        for number in range(STREAMS)
    ]
    schedules = [
        documents.schedule(f"minute-{number}", f"minute-{number}", "* * * * *")
        for number in range(STREAMS)
    ]
    mapping = documents.mapping("few-items", "erp.few", {"table": "public.few"})
    return documents.text_of([mapping, *instances, *schedules])
