"""Files end to end: a CSV file with broken rows into an XML file, also if Execute is killed."""

from __future__ import annotations

import signal
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncline.domain.run import State
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.auditor import audit
from syncline.resources.loader import load
from syncline.resources.plan import apply
from syncline.security.secrets import Keyring
from tests.support.eventually import eventually
from tests.support.installation import Installation, installation
from tests.support.kafka import KafkaPlace

CONFIGURATION = """
kind: Profile
name: exchange
connector: file
config: {{folder: {folder}}}
---
kind: Mapping
name: items
entityType: item
extraction: {{table: items.csv, idColumn: sku, cursorColumn: changed}}
normalization:
  fields:
    - {{source: sku, target: sku, required: true}}
    - {{source: name, target: name}}
    - {{source: price, target: price, type: decimal}}
transformation:
  fields:
    - {{source: sku, target: sku}}
    - {{source: name, target: texts.en}}
    - {{source: price, target: price}}
  target: {{path: "{{correlationId}}.xml"}}
---
kind: Instance
name: file-file
source: exchange
target: exchange
mappings: [items]
"""
HEADER = "sku,name,price,changed\n"


@pytest.fixture
async def place(kafka: KafkaPlace, postgres: str, tmp_path: Path) -> AsyncIterator[Installation]:
    extra = {"SYNCLINE_FILES_ROOTS": str(tmp_path)}
    async with installation(kafka, postgres, tmp_path, extra) as place:
        yield place


@pytest.fixture
async def db(place: Installation, tmp_path: Path) -> AsyncIterator[Database]:
    (tmp_path / "exchange").mkdir()
    config = tmp_path / "config.yaml"
    config.write_text(CONFIGURATION.format(folder=tmp_path / "exchange"))
    keys = Keyring.parse(place.environment["SYNCLINE_SECRET_KEYS"])
    async with open_database(place.dsn) as database:
        await apply(ConfigurationStore(database, keys), load([str(config)], {}), "default", "test")
        yield database
        assert await audit(database) == []


def row(n: int) -> str:
    return f"A{n},Näme <{n}>,{n}.50,2026-01-01T10:{n // 60 % 60:02}:{n % 60:02}Z\n"


def skus(path: Path) -> list[str]:
    return sorted(item.findtext("sku") or "" for item in ET.parse(path).getroot())


async def test_good_rows_are_written_once_and_bad_ones_wait_for_a_person(
    place: Installation, db: Database, tmp_path: Path
) -> None:
    source = tmp_path / "exchange" / "items.csv"
    rows = [row(n) for n in range(3000)]
    rows[7:7] = ["B1,too,1,2,many\n", "B2,x,not a price,2026-01-01T10:00:00Z\n", 'B3,"open\n']
    source.write_text(HEADER + "".join(rows))

    run_id = await place.trigger(instance="file-file", entityType="item")
    target = tmp_path / "exchange" / f"{run_id}.xml"
    await eventually(target.exists, within=30)
    await place.stop("execute", signal.SIGKILL)
    await place.start("execute")
    run = await place.ended(run_id)

    assert run.state is State.PARTIAL_SUCCESS
    assert (run.counters.total, run.counters.success, run.counters.failed) == (3003, 3000, 3)
    assert skus(target) == sorted(f"A{n}" for n in range(3000))
    letters = await db.fetch("select source_id, code, error from dead_letters order by code")
    assert [(r["source_id"], r["code"]) for r in letters] == [
        ("B2", "conversion_failed"),
        ("", "invalid_row"),
        ("B1", "row_length"),
    ]
    assert "line 11 is no CSV row" in letters[1]["error"]


async def test_a_run_by_id_and_a_second_file(
    place: Installation, db: Database, tmp_path: Path
) -> None:
    source = tmp_path / "exchange" / "items.csv"
    source.write_text(HEADER + "".join(row(n) for n in range(50)))
    some = await place.run(instance="file-file", entityType="item", sourceIds="A1,A7,nope")
    first = await place.run(instance="file-file", entityType="item")
    source.write_text(HEADER + "".join(row(n) for n in range(53)))
    second = await place.run(instance="file-file", entityType="item")

    assert (some.counters.total, some.counters.failed) == (3, 1)
    assert skus(tmp_path / "exchange" / f"{some.id}.xml") == ["A1", "A7"]
    assert (first.state, first.counters.total) == (State.SUCCEEDED, 50)
    assert skus(tmp_path / "exchange" / f"{second.id}.xml") == ["A50", "A51", "A52"]
    assert second.counters.failed == 0
