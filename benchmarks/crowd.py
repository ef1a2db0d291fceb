"""`python -m benchmarks.crowd`: how long others wait while somebody crowds the gateway.

1,000 sockets with half a request, 300 streams, and mappings that are bombs; beside them another
program asks for its session and a list, 20 times a second.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import httpx

from syncline.domain.access import RoleName
from syncline.domain.record import JsonObject
from syncline.embedded.ports import free_port
from syncline.embedded.postgres import EmbeddedPostgres
from syncline.postgres.access.api_keys import ApiKeys, NewApiKey
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.database.migration import migrate
from syncline.security.secrets import generate_key
from syncline.security.tokens import new_api_key

SOCKETS, STREAMS, STREAMS_EACH, BOMBS = 1000, 300, 30, 4
SECONDS = 15
_TEXT: JsonObject = {"source": "text", "target": "text"}


def mapping(field: JsonObject, sources: int = 1) -> JsonObject:
    """Return the draft of a mapping."""
    return {
        "entityType": "item",
        "extraction": {"table": "t", "idColumn": "id"},
        "normalization": {"fields": [{"source": "id", "target": "id"}, _TEXT]},
        "transformation": {
            "fields": [
                {"source": "id", "target": "id"},
                *[field | {"target": f"t{number}"} for number in range(sources)],
            ],
            "matchKey": "id",
        },
    }


_RECORDS = [{"id": str(number), "text": "a" * 2000} for number in range(20)]
_GROWING: JsonObject = {
    "transform": "replace",
    "options": {"search": "a", "replace": "b" * 900_000},
}
BODIES: tuple[JsonObject, ...] = (
    {"document": mapping(_TEXT | _GROWING), "records": _RECORDS},
    {
        "document": mapping(_TEXT | {"transform": ["upper", "lower"] * 50}, 500),
        "records": [{"id": "1", "text": "a" * 800_000}],
    },
    {"document": mapping({"source": "not_there"}, 1500), "records": _RECORDS},
    {"document": mapping(_TEXT, 1500), "records": [{"id": "1", "text": "a" * 800_000}]},
)


async def give_key(database: Database, name: str, role: RoleName = "platform_admin") -> str:
    key = new_api_key()
    stored = (key.prefix, key.hash)
    await ApiKeys(database).add("default", NewApiKey(name, role), stored, "bench")
    return f"ApiKey {key.text}"


async def measured(url: str, key: str, name: str) -> None:
    """Ask 20 times a second, and print how long the answers took."""
    took = []
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": key}, timeout=60) as calm:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for path in ("/api/v1/session", "/api/v1/mapping-configs"):
                begun = time.perf_counter()
                answer = await calm.get(path)
                took.append(1000 * (time.perf_counter() - begun))
                assert answer.status_code == 200, answer.text
            await asyncio.sleep(0.05)
    took.sort()
    late, most = took[int(len(took) * 0.99)], took[-1]
    sys.stdout.write(
        f"{name:<28} {len(took):>4} answers: median {median(took):6.1f} ms, "
        f"99 % within {late:6.1f} ms, longest {most:6.1f} ms\n"
    )
    sys.stdout.flush()


async def slow_sockets(url: str) -> None:
    """Keep 1,000 sockets open, each with half a request; open another for each that is closed."""
    parts = urlsplit(url)

    async def one() -> None:
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
                writer.write(b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Len")
                await reader.read()
                writer.close()
            await asyncio.sleep(1)

    async with asyncio.TaskGroup() as group:
        for _ in range(SOCKETS):
            group.create_task(one())


async def streams(url: str, keys: list[str]) -> None:
    async def one(client: httpx.AsyncClient) -> None:
        while True:
            with suppress(httpx.HTTPError):
                async with client.stream("GET", "/api/v1/events?topics=runs,dlq") as answer:
                    async for _ in answer.aiter_raw():
                        continue
            await asyncio.sleep(1)

    limits = httpx.Limits(max_connections=STREAMS_EACH + 1)
    async with asyncio.TaskGroup() as group:
        for key in keys:
            headers = {"Authorization": key}
            client = httpx.AsyncClient(base_url=url, headers=headers, timeout=60, limits=limits)
            for _ in range(STREAMS_EACH):
                group.create_task(one(client))


async def bombs(url: str, key: str) -> None:
    async def one(body: JsonObject) -> None:
        headers = {"Authorization": key}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120) as client:
            while True:
                with suppress(httpx.HTTPError):
                    await client.post("/api/v1/mapping-configs/dry-run", json=body)
                await asyncio.sleep(0.2)

    async with asyncio.TaskGroup() as group:
        for number in range(BOMBS):
            group.create_task(one(BODIES[number % len(BODIES)]))


async def crowd(url: str, database: Database) -> None:
    calm = await give_key(database, "calm", "runner")
    greedy = [await give_key(database, f"greedy {n}") for n in range(STREAMS // STREAMS_EACH)]
    await beside(url, calm, "alone")
    attacks: dict[str, list[Callable[[], Awaitable[None]]]] = {
        f"{SOCKETS:,} slow sockets": [lambda: slow_sockets(url)],
        f"{STREAMS} streams": [lambda: streams(url, greedy)],
        "mappings that are bombs": [lambda: bombs(url, greedy[0])],
        "all of them": [
            lambda: slow_sockets(url), lambda: streams(url, greedy), lambda: bombs(url, greedy[0]),
        ],
    }  # fmt: skip
    for name, begin in attacks.items():
        tasks = [asyncio.ensure_future(each()) for each in begin]
        await asyncio.sleep(3)
        await beside(url, calm, name)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await asyncio.sleep(1)


async def main() -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedPostgres(Path(folder) / "postgres", free_port()) as postgres:
            dsn = postgres.dsn()
            await migrate(dsn)
            environment = {
                **os.environ,
                "SYNCLINE_POSTGRES_DSN": dsn,
                "SYNCLINE_KAFKA_BOOTSTRAP": "127.0.0.1:9",
                "SYNCLINE_SECRET_KEYS": generate_key(),
                "SYNCLINE_MESSAGE_KEYS": generate_key(),
                "SYNCLINE_HTTP_PORT": str(port),
                "SYNCLINE_LOG_LEVEL": "WARNING",
            }
            command = (str(Path(sys.executable).with_name("syncline")), "run", "gateway")
            gateway = await asyncio.create_subprocess_exec(*command, env=environment, cwd=folder)
            try:
                async with open_database(dsn) as database, asyncio.timeout(60):
                    await answering(url)
                async with open_database(dsn) as database:
                    await crowd(url, database)
            finally:
                gateway.terminate()
                await gateway.wait()


async def answering(url: str) -> None:
    """Wait until the gateway answers."""
    async with httpx.AsyncClient(base_url=url) as client:
        while True:
            with suppress(httpx.HTTPError):
                await client.get("/api/v1/setup")
                return
            await asyncio.sleep(0.2)


async def beside(url: str, key: str, name: str) -> None:
    """Measure in another process: the crowd keeps this one busy."""
    command = (sys.executable, "-m", "benchmarks.crowd", url, key, name)
    await (await asyncio.create_subprocess_exec(*command)).wait()


if __name__ == "__main__":
    asyncio.run(measured(*sys.argv[1:]) if sys.argv[1:] else main())
