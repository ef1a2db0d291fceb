"""An upgrade from the release before during a run, service by service, and one step back."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from syncline.domain.run import State
from syncline.embedded.kafka import EmbeddedKafka
from syncline.embedded.postgres import EmbeddedPostgres
from syncline.kafka.admin import KafkaAdmin
from syncline.postgres.database.database import open_database
from syncline.postgres.database.migration import migrate
from syncline.postgres.runs.auditor import audit
from tests.support.chaos import release
from tests.support.chaos.fault_table import FaultRow
from tests.support.chaos.numbered_place import Numbers
from tests.support.chaos.progress import Progress
from tests.support.chaos.strikes import WITHIN, Strikes
from tests.support.eventually import eventually
from tests.support.folders import server_folder
from tests.support.installation import Installation
from tests.support.kafka import KafkaPlace
from tests.support.numbered import API, CALL, RETRY, TABLE_OF_NUMBERS, NumberedApi, document
from tests.support.ports import free_port
from tests.support.service_roles import give_roles

ORDER = (
    "finalize", "deadletter", "retry", "execute", "transform", "normalize", "ingest", "trigger",
    "scheduler", "notifier", "monitor", "gateway",
)  # fmt: skip
"""Of an upgrade: docs/deployment.md. Going back begins at its end."""
RECORDS = int(os.environ.get("SYNCLINE_UPGRADE_RECORDS", "40000"))
SECONDS = 300.0
"""That the run takes at least: the rate of the target is chosen by it."""
API_CALL = 20
"""Records of one call."""
TROUBLE = 0.02
"""Share of the target's writes that fail or lose their answers, so that retries travel, too."""
BEGUN = 500
"""Records at the target by which the run is under way."""


@pytest.fixture
def older() -> Path:
    """`syncline` of the release before."""
    commit = release.previous_release()
    if not release.has_commit(commit):
        pytest.skip(f"this clone is shallow: it lacks {commit}, the release before this one")
    return release.build(commit)


@pytest.fixture
async def numbers(older: Path, tmp_path: Path) -> AsyncIterator[Numbers]:
    """An installation of the release before, on servers of its own, and its target."""
    api = NumberedApi(secrets.randbelow(10**6))
    await api.start()
    async with (
        server_folder("kafka") as kafka_folder,
        server_folder("postgres") as postgres_folder,
        EmbeddedKafka(kafka_folder, free_port(), heap="384m") as kafka,
        EmbeddedPostgres(postgres_folder, free_port()) as postgres,
        open_database(postgres.dsn(), size=2) as database,
    ):
        where = KafkaPlace(kafka.bootstrap, "upgrade.")
        place = Installation(where, postgres.dsn(), tmp_path, {})
        place.ready_within = WITHIN
        place.environment["SYNCLINE_HTTP_PORT"] = str(free_port())
        place.environment["SOURCE_PASSWORD"] = urlsplit(postgres.dsn()).password or ""
        await database.execute(TABLE_OF_NUMBERS)
        file = tmp_path / "numbers.yaml"
        file.write_text(configuration(postgres.dsn(), api.url))
        for words in (("migrate",), ("topics", "create"), ("apply", "-f", str(file))):
            await release.command(older, place.environment, *words)
        place.programs = dict.fromkeys(ORDER, older)
        try:
            for service in ORDER:
                await place.start(service)
            await place.ready()
            api.trouble_rate = TROUBLE
            yield Numbers(place=place, api=api, database=database, source=database)
        finally:
            await place.producer.stop()
            for name in list(place.processes):
                await place.stop(name)
    await api.close()


def configuration(dsn: str, url: str) -> str:
    """Return the configuration as files hold it, which every release reads."""
    parts = urlsplit(dsn)
    here = {
        "host": parts.hostname, "port": parts.port, "database": parts.path.strip("/"),
        "user": parts.username,
    }  # fmt: skip
    rate = RECORDS / API_CALL / SECONDS
    return yaml.safe_dump_all([
        {"kind": "Profile", "name": "numbers", "connector": "postgresql", "config": here,
         "secrets": {"password": {"fromEnv": "SOURCE_PASSWORD"}}},
        {"kind": "Profile", "name": "copies", "connector": "http", "rate": rate, "retry": RETRY,
         "config": {"baseUrl": url, "timeouts": CALL}},
        {"kind": "Mapping", "name": "numbers", **document("sku", API)},
        {"kind": "Instance", "name": "numbers", "source": "numbers", "target": "copies",
         "mappings": ["numbers"]},
    ])  # fmt: skip


@pytest.mark.chaos
@pytest.mark.timeout(1800)
async def test_an_upgrade_during_a_run_and_one_step_back(
    numbers: Numbers, rows: list[FaultRow]
) -> None:
    place = numbers.place
    older = place.programs["finalize"]
    wanted = await numbers.add(RECORDS)
    run_id = await numbers.trigger()
    await eventually(lambda: len(numbers.api.items) > BEGUN, within=WITHIN)
    await migrate(place.dsn)
    await give_roles(place.dsn)
    await KafkaAdmin(place.connection).create_topics(4, 1)
    async with Progress(numbers.database, run_id) as progress:
        strikes = Strikes(progress, RECORDS)
        for service in ORDER:
            async with strikes.by(f"{service}: upgraded"):
                await place.stop(service)
                del place.programs[service]
                await place.start(service)
                await place.ready()
        for service in reversed(ORDER):
            async with strikes.by(f"{service}: back"):
                await place.stop(service)
                place.programs[service] = older
                await place.start(service)
                await place.ready()
        run = await place.ended(run_id, within=2 * WITHIN)
    row = await numbers.counted("", run, wanted)
    rows += strikes.rows(row)
    assert (row.lost, row.doubled, row.end) == (0, 0, State.PARTIAL_SUCCESS)
    assert await audit(numbers.database) == []
