"""`python -m benchmarks.hooks`: from a shop's delivery to a hook until its change is at the target.

Medians of 20 changes of one record, one after the other, with all services on this machine; beside
them, how soon a delivery is answered.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, time

import httpx

from benchmarks.crowd import give_key
from benchmarks.place import PEERS, Place, place
from syncline.domain.record import JsonObject
from syncline.postgres.database.database import Database, open_database
from syncline.security.signature import signed_headers

CHANGES = 20
ROWS = 1_000
LOOK_EVERY = 0.005
"""Seconds between two looks at the target."""
APART = 1.5
"""Seconds between two changes: a hook's runs begin a second apart."""
HOOK: JsonObject = {
    "name": "bench",
    "instance": "erp-warehouse",
    "entityType": "item",
    "sourceIds": "sku",
    "signature": {"scheme": "standard"},
}


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with place(Path(folder) / "bench", ROWS, ("scheduler", "gateway")) as made:
            await measure(made)


async def measure(made: Place) -> None:
    made.psql("tgt", "-f", str(PEERS / "target.sql"))
    async with (
        open_database(made.database("src"), size=1) as source,
        open_database(made.database("tgt"), size=1) as target,
        sender(made) as (client, path, secret),
    ):
        code = await source.fetchval("select min(item_code) from erp.item")
        answered, arrived = [], []
        for number in range(CHANGES + 1):
            name = f"change {number}"
            await source.execute(
                "update erp.item set item_name = $2 where item_code = $1", code, name
            )
            body = b'{"sku": "%s"}' % code.encode()
            begun = perf_counter()
            await send(client, path, secret, body, str(number))
            answered.append(perf_counter() - begun)
            await at_target(target, code, name)
            arrived.append(perf_counter() - begun)
            await asyncio.sleep(APART)
    show("answer to the sender", answered[1:])  # the first one finds nothing warm
    show("change at the target", arrived[1:])
    sys.stdout.write(f"load of the machine: {os.getloadavg()[0]:.1f}, cores: {os.cpu_count()}\n")


@asynccontextmanager
async def sender(made: Place) -> AsyncIterator[tuple[httpx.AsyncClient, str, str]]:
    """Make a hook; give a client, the hook's address and its secret."""
    async with open_database(made.database("syncline"), size=1) as database:
        headers = {"Authorization": await give_key(database, "bench")}
    url = f"http://127.0.0.1:{made.http_port}/api/v1"
    async with httpx.AsyncClient(base_url=url, trust_env=False, headers=headers) as client:
        hook = (await client.post("/inbound-webhooks", json=HOOK)).raise_for_status().json()
        given = await client.post("/inbound-webhooks/bench/rotate-secret", json={})
        yield client, f"/hooks/{hook['id']}", given.raise_for_status().json()["secret"]


async def send(client: httpx.AsyncClient, path: str, secret: str, body: bytes, id_: str) -> None:
    headers = signed_headers(id_, int(time()), body, [secret])
    (await client.post(path, content=body, headers=headers)).raise_for_status()


async def at_target(target: Database, code: str, name: str) -> None:
    found = "select 1 from public.item where code = $1 and name = $2"
    async with asyncio.timeout(30):
        while True:
            if await target.fetchval(found, code, name):
                return
            await asyncio.sleep(LOOK_EVERY)


def show(what: str, seconds: list[float]) -> None:
    took = sorted(1000 * each for each in seconds)
    sys.stdout.write(
        f"{what:<22} median {median(took):6.1f} ms, shortest {took[0]:6.1f} ms, "
        f"longest {took[-1]:6.1f} ms, of {len(took)}\n"
    )


if __name__ == "__main__":
    asyncio.run(main())
