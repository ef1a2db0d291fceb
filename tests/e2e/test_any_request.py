"""Any request at all: no answer is a 500 or one that the OpenAPI document does not describe."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from syncline.postgres.database.database import open_database
from tests.support.erp_shop import store_erp_shop
from tests.support.installation import Installation, installation
from tests.support.kafka import KafkaPlace

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance", "response_headers_conformance",
)  # fmt: skip
CONFIGURATION = """
[parameters]
"path.instance" = "erp-shop"
"path.name" = "erp-shop"

[phases.coverage]
unexpected-methods = []

[[operations]]
include-path-regex = "/dlq/(groups|selection|discard|.*restore)$|/runs/count$|/export$"
phases.coverage.enabled = false

[[operations]]
include-path-regex = "/(test|validate|versions|mapping-configs/dry-run)$"
phases.coverage.enabled = false

[[operations]]
include-method = "PUT"
phases.coverage.enabled = false
"""
"""What is there, so that requests get behind the 404s. Every boundary is tried once: wrong methods
reach no route, filters are those of the lists, what PUT takes POST takes too, and a test, a check
or a new version takes what the first one does."""


@pytest.fixture(scope="module")
async def place(
    module_kafka: KafkaPlace, module_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    """The gateway is asked; Trigger stores runs, so that lists show some."""
    logs = tmp_path_factory.mktemp("logs")
    async with (
        installation(module_kafka, module_postgres, logs, services=("trigger",)) as place,
        open_database(place.dsn) as database,
    ):
        await store_erp_shop(database, place)
        yield place


@pytest.mark.timeout(600)
async def test_no_request_breaks_the_api_or_its_document(
    api: httpx.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [
        sys.executable, "-m", "schemathesis.cli",
        "--config-file", str(tmp_path / "schemathesis.toml"),
        "run", f"{api.base_url}/api/v1/openapi.json",
        "--header", f"Authorization: {api.headers['Authorization']}",
        "--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing",
        "--max-examples", "2", "--generation-deterministic", "--no-color",
        # Streams do not end; a session or a key that is taken away would end the test.
        "--exclude-path-regex", "/stream$|/events$|/session|/api-keys|/setup",
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode().partition(" FAILURES ")[2][:6000]
    assert b"0 generated" not in out


async def test_hostile_paths_are_problems(api: httpx.AsyncClient) -> None:
    for path in ("%00", "..%2f..%2fetc%2fpasswd", "a" * 5000, "%ff%fe", "%F0%9F%92%A9", "'--"):
        answer = await api.get(f"/api/v1/sync-events/{path}")
        assert answer.status_code in (404, 422), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        page = await api.get(f"/{path}")
        assert page.status_code in (200, 404)
