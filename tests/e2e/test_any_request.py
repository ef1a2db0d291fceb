"""Any request at all: no answer is a 500 or one that the OpenAPI document does not describe."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from syncline.postgres.database.database import open_database
from syncline.postgres.runs.auditor import audit
from tests.support.erp_shop import store_erp_shop
from tests.support.installation import installation
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
"""
"""What is there, so that requests get behind the 404s; wrong methods never reach a route."""


@pytest.fixture(scope="module")
async def api(
    module_kafka: KafkaPlace, module_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    logs = tmp_path_factory.mktemp("logs")
    async with (
        installation(module_kafka, module_postgres, logs) as place,
        open_database(place.dsn) as db,
    ):
        await store_erp_shop(db, place)
        async with await place.start_gateway() as client:
            yield client
        assert await audit(db) == []


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
        "--max-examples", "4", "--generation-deterministic", "--no-color",
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
    assert process.returncode == 0, out.decode()[-6000:]
    assert b"0 generated" not in out


async def test_hostile_paths_are_problems(api: httpx.AsyncClient) -> None:
    for path in ("%00", "..%2f..%2fetc%2fpasswd", "a" * 5000, "%ff%fe", "%F0%9F%92%A9", "'--"):
        answer = await api.get(f"/api/v1/sync-events/{path}")
        assert answer.status_code in (404, 422), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        page = await api.get(f"/{path}")
        assert page.status_code in (200, 404)
