"""A real Prometheus (Debian's package `prometheus`) that scrapes an installation each second."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from math import isnan
from pathlib import Path
from typing import Any

import httpx

from tests.support.eventually import eventually
from tests.support.ports import free_port


class Prometheus:
    """Answers queries."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **query: str) -> Any:
        """Return the data of an answer of its API; an error is its text."""
        answer = (await self._client.get(f"/api/v1/{path}", params=query)).json()
        return answer.get("data", answer.get("error"))

    async def answers(self, query: str) -> bool:
        """Tell whether a query has an answer now that is a number."""
        found = await self.get("query", query=query)
        return isinstance(found, dict) and any(
            not isnan(float(series["value"][1])) for series in found["result"]
        )

    async def scrapes(self, count: int) -> bool:
        """Tell whether it reaches all of so many targets."""
        try:
            found = await self.get("targets", state="active")
        except (httpx.TransportError, ValueError):  # it begins
            return False
        health = [target["health"] for target in found["activeTargets"]]
        return health == ["up"] * count


@asynccontextmanager
async def prometheus(
    targets: Mapping[str, int], rules: Path, folder: Path
) -> AsyncIterator[Prometheus]:
    """Run one until the end of the block.

    Args:
        targets: ports on this machine, by the service that answers there.
        folder: for its settings and its data.
    """
    program = shutil.which("prometheus")
    assert program, "Debian's package `prometheus` has it"
    hosts = [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"service": name}}
        for name, port in targets.items()
    ]
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "syncline", "static_configs": hosts}],
    }
    file, address = folder / "prometheus.json", f"127.0.0.1:{free_port()}"
    file.write_text(json.dumps(settings))  # JSON is YAML
    with (folder / "prometheus.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            program, f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}", stdout=log, stderr=log,
        )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
            asked = Prometheus(client)
            await eventually(lambda: asked.scrapes(len(targets)), within=30)
            yield asked
    finally:
        process.terminate()
        await process.wait()
