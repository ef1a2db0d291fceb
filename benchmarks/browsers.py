"""`python -m benchmarks.browsers`: what 100 browsers that follow one run cost the gateway.

Each does what a page with a live run does: one stream of what it follows, and what it asks for
while the run goes on. The run stands still in the database; its status events are sent as
Finalize sends them, four times a second.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import httpx
import msgspec

from benchmarks.console import Place, client_of, gateway
from benchmarks.measurement import Cost, measured
from syncline.contracts.events import PROGRESS
from syncline.contracts.status import status_message, status_of
from syncline.kafka.producer import KafkaProducer
from syncline.postgres.runs.runs import Runs

GOAL = 0.3
"""Of one core."""
_EVERY = 0.25
"""Seconds between status events."""
_REPORT_EVERY = 2.0
"""Seconds after which a page asks for the run's report again, while the run goes on."""


class Seen(msgspec.Struct):
    """What the browsers got."""

    events: int = 0
    answers: int = 0
    wrong: int = 0


async def run(browsers: int, seconds: float) -> tuple[Cost, Seen]:
    async with gateway(1_200_000) as place, client_of(place) as client:
        run_id = place.filled.small[0]
        await place.database.execute(
            "update runs set state = 'in_progress', finished_at = null where id = $1", UUID(run_id)
        )
        seen = Seen()
        async with _telling(place, run_id):
            following = [
                asyncio.create_task(_browser(client, run_id, seen, n / browsers))
                for n in range(browsers)
            ]
            await asyncio.sleep(5)  # until all of them follow
            with measured({"gateway": place.pid}) as cost:
                await asyncio.sleep(seconds)
            for task in following:
                task.cancel()
            await asyncio.wait(following)
    return cost, seen


@asynccontextmanager
async def _telling(place: Place, run_id: str) -> AsyncIterator[None]:
    """Send status events of the run inside the block."""
    status = status_of(await Runs(place.database).get("default", run_id))
    producer = KafkaProducer(place.kafka)

    async def tell() -> None:
        while True:
            status.seq += 1
            status.success += 1
            now = datetime.now(UTC)  # noqa: TID251 - a run that really goes on
            await producer.send([status_message(PROGRESS, "finalize", status, now)])
            await asyncio.sleep(_EVERY)

    task = asyncio.create_task(tell())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        await producer.stop()


async def _browser(client: httpx.AsyncClient, run_id: str, seen: Seen, offset: float) -> None:
    asking = asyncio.create_task(_ask(client, run_id, seen, offset))
    try:
        topics = {"topics": f"runs,dlq,run:{run_id}"}
        async with client.stream("GET", "/events", params=topics, timeout=None) as stream:
            async for line in stream.aiter_lines():
                seen.events += line == "event: run"
    finally:
        asking.cancel()


async def _ask(client: httpx.AsyncClient, run_id: str, seen: Seen, offset: float) -> None:
    await asyncio.sleep(offset * _REPORT_EVERY)  # browsers do not ask all at once
    while True:
        answer = await client.get(f"/runs/{run_id}")
        seen.answers += 1
        seen.wrong += answer.status_code != 200
        await asyncio.sleep(_REPORT_EVERY)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.browsers", description=__doc__)
    parser.add_argument("--browsers", type=int, default=100, help="(100)")
    parser.add_argument("--seconds", type=float, default=20, help="that are measured (20)")
    asked = parser.parse_args()
    cost, seen = asyncio.run(run(asked.browsers, asked.seconds))
    share = cost.cpu["gateway"] / cost.wall
    print(
        f"{asked.browsers} browsers: {share:.1%} of a core "
        f"({seen.events:,} events and {seen.answers:,} answers, {seen.wrong} of them wrong)"
    )
    if share > GOAL or seen.wrong:
        sys.exit(f"above {GOAL:.0%}, or wrong")


if __name__ == "__main__":
    main()
