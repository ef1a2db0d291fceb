"""`python -m benchmarks.console`: how soon the REST API answers what the console's pages ask.

Fills a database with finished runs (10,000,000 outcomes), starts a gateway on it, and asks one
request after the other, as one person's browser does. Nothing of the pipeline runs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

import httpx
import msgspec

from benchmarks.console_data import BIG, FAILED, SMALL, Filled, add_pending, fill
from syncline.embedded.kafka import EmbeddedKafka
from syncline.embedded.ports import free_port
from syncline.embedded.postgres import EmbeddedPostgres
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.connection import KafkaConnection
from syncline.postgres.access.api_keys import ApiKeys, NewApiKey
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.database.migration import migrate
from syncline.security.message_keys import MessageKeys
from syncline.security.secrets import generate_key
from syncline.security.tokens import new_api_key

RESULTS = Path(__file__).parent / "results"
GOAL = 300
MESSAGE_KEY = generate_key()
"""Milliseconds at the 95th percentile."""
_MANY = httpx.Limits(max_connections=None)
Ask = Callable[[], tuple[str, dict[str, str]]]


class Measured(msgspec.Struct):
    """Times of one question, in milliseconds."""

    question: str
    p50: float
    p95: float
    longest: float
    wrong: int


class Place(NamedTuple):
    """A gateway and what it stands on.

    Attributes:
        address: of the API.
        pid: of the gateway.
    """

    filled: Filled
    database: Database
    kafka: KafkaConnection
    address: str
    pid: int


@asynccontextmanager
async def gateway(outcomes: int) -> AsyncIterator[Place]:
    """Start servers and a gateway over so many outcomes, in a folder that goes with them."""
    with _folder() as folder:
        async with _servers(folder) as (connection, dsn), open_database(dsn) as database:
            began = time.perf_counter()
            filled = await fill(database, outcomes)
            await database.execute("analyze")
            print(f"{filled.outcomes:,} outcomes after {time.perf_counter() - began:.0f} s")
            with process(folder, dsn, connection.bootstrap) as (address, pid):
                yield Place(filled, database, connection, address, pid)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="syncline-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL does not run as root
        yield folder


@asynccontextmanager
async def _servers(folder: Path) -> AsyncIterator[tuple[KafkaConnection, str]]:
    """Run Kafka with topics and PostgreSQL with tables; yield where they are."""
    kafka = EmbeddedKafka(folder / "kafka", free_port())
    postgres = EmbeddedPostgres(folder / "postgres", free_port())
    await postgres.start()
    await kafka.start()
    try:
        await migrate(postgres.dsn())
        keys = MessageKeys.parse(MESSAGE_KEY)
        connection = KafkaConnection(bootstrap=kafka.bootstrap, keys=keys)
        await KafkaAdmin(connection).create_topics(4, 1)
        yield connection, postgres.dsn()
    finally:
        await kafka.stop()
        await postgres.stop()
        await postgres.remove()


@contextmanager
def process(folder: Path, dsn: str, bootstrap: str) -> Iterator[tuple[str, int]]:
    """Run the gateway inside the block; yield the API's address and the PID."""
    port = free_port()
    environment = os.environ | {
        "SYNCLINE_POSTGRES_DSN": dsn,
        "SYNCLINE_KAFKA_BOOTSTRAP": bootstrap,
        "SYNCLINE_SECRET_KEYS": generate_key(),
        "SYNCLINE_MESSAGE_KEYS": MESSAGE_KEY,
        "SYNCLINE_HTTP_PORT": str(port),
        "SYNCLINE_HEALTH_PORT": str(free_port()),
    }
    with (folder / "gateway.log").open("ab") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "syncline.cli", "run", "gateway"],
            env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}/api/v1", running.pid
    finally:
        running.terminate()
        running.wait()


@asynccontextmanager
async def client_of(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client with an API key, once the gateway answers."""
    key = new_api_key()
    wanted = NewApiKey("benchmark", "platform_admin")
    await ApiKeys(place.database).add("default", wanted, (key.prefix, key.hash), "benchmark")
    headers = {"Authorization": f"ApiKey {key.text}"}
    async with httpx.AsyncClient(
        base_url=place.address, headers=headers, trust_env=False, timeout=60, limits=_MANY
    ) as client:
        async with asyncio.timeout(60):
            while not await _answers(client):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.2)
        yield client


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/runs/count")).status_code == 200
    except httpx.TransportError:
        return False


def questions(filled: Filled, chance: Random) -> dict[str, Ask]:
    """Return what is asked, each time about another record or run."""
    failures, big = filled.big[0], filled.big[-1]

    def frequent() -> str:
        return f"ITEM-{chance.randrange(SMALL):08}"

    def rare() -> str:
        return f"ITEM-{chance.randrange(SMALL, BIG):08}"

    return {
        "runs, newest": lambda: ("/runs", {}),
        "runs in one state": lambda: ("/runs", {"state": "partial_success"}),
        "runs counted": lambda: ("/runs/count", {}),
        "run detail, 1,000,000 records, 100,000 failed": lambda: (f"/runs/{failures}", {}),
        "its records": lambda: (f"/runs/{big}/records", {"limit": "100"}),
        "its failed records": lambda: (f"/runs/{failures}/records", {"outcome": "failed"}),
        "failed records where there are none": lambda: (
            f"/runs/{big}/records", {"outcome": "failed"},
        ),
        "one record of the run": lambda: (f"/runs/{big}/records", {"sourceId": rare()}),
        "records given up in a stage": lambda: (f"/runs/{failures}/records", {"stage": "execute"}),
        "search: source ID of few runs": lambda: ("/search", {"q": rare()}),
        "search: source ID of 700 runs": lambda: ("/search", {"q": frequent()}),
        "search: unknown ID": lambda: ("/search", {"q": f"none-{chance.random()}"}),
        "search: target ID": lambda: (
            "/search", {"q": f"gid://shop/Product/{chance.randrange(BIG)}"},
        ),
        "search: beginning of a correlation ID": lambda: (
            "/search", {"q": chance.choice(filled.small or filled.big)[:8]},
        ),
        "history of a record in 700 runs": lambda: ("/records", {"sourceId": frequent()}),
        "DLQ list, 100,000 entries": lambda: ("/dlq", {}),
        "those of a stage": lambda: ("/dlq", {"stage": "execute"}),
        "those with a text that few errors have": lambda: (
            "/dlq", {"text": f"'v{chance.randrange(FAILED)}'"},
        ),
        "those with a text that none has": lambda: ("/dlq", {"text": f"none-{chance.random()}"}),
        "DLQ groups, 100,000 entries": lambda: ("/dlq/groups", {}),
        "groups with a text that few errors have": lambda: (
            "/dlq/groups", {"text": f"'v{chance.randrange(FAILED)}'"},
        ),
        "groups with a text that a fifth has": lambda: ("/dlq/groups", {"text": "FIELD_1"}),
        "what a filter selects, 100,000 entries": lambda: ("/dlq/selection", {}),
        "DLQ in one look": lambda: ("/dlq/summary", {}),
    }  # fmt: skip


async def measure(client: httpx.AsyncClient, name: str, ask: Ask, times: int) -> Measured:
    """Ask so often, one after the other."""
    taken, wrong = [], 0
    for _ in range(times):
        path, query = ask()
        began = time.perf_counter()
        answer = await client.get(path, params=query)
        taken.append((time.perf_counter() - began) * 1000)
        wrong += answer.status_code != 200
    taken.sort()
    p50, p95 = taken[times // 2], taken[times * 95 // 100]
    found = Measured(name, p50, p95, taken[-1], wrong)
    print(f"  {name:48} p50 {found.p50:7.1f}  p95 {found.p95:7.1f} ms {wrong or ''}", flush=True)
    return found


def table(results: list[Measured]) -> str:
    """Return the results as a table in Markdown."""
    rows = [
        f"| {r.question} | {r.p50:.0f} | {r.p95:.0f} | {r.longest:.0f} |"
        + (f" {r.wrong} answers were no 200" if r.wrong else "")
        for r in results
    ]
    return "\n".join(["| | p50, ms | p95, ms | longest, ms |", "|---|---|---|---|", *rows]) + "\n"


async def run(outcomes: int, times: int) -> list[Measured]:
    async with gateway(outcomes) as place, client_of(place) as client:
        asked = questions(place.filled, Random(7))
        results = [await measure(client, *one, times) for one in asked.items()]
        await add_pending(place.database)  # as right after a big run, before vacuum came by
        for name in [name for name in asked if name.startswith("search: source")]:
            after = f"{name}, right after a big run"
            results.append(await measure(client, after, asked[name], times))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("--outcomes", type=int, default=10_000_000, help="(10000000)")
    parser.add_argument("--times", type=int, default=200, help="that each is asked (200)")
    asked = parser.parse_args()
    results = asyncio.run(run(asked.outcomes, asked.times))
    at = datetime.now(UTC)  # noqa: TID251 - names the file
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"console-{at:%Y%m%d-%H%M%S}.md"
    head = f"# {asked.outcomes:,} outcomes, each asked {asked.times} times"
    file.write_text(f"{head}\n\n{table(results)}")
    print(f"\n{table(results)}\nkept as {RESULTS.name}/{file.name}")
    slow = [r.question for r in results if r.p95 > GOAL or r.wrong]
    if slow:
        sys.exit(f"above {GOAL} ms, or wrong: {', '.join(slow)}")


if __name__ == "__main__":
    main()
