"""Dry runs over a real SQLite source: three forms side by side, errors at their fields."""

from __future__ import annotations

import copy
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from syncline.actions.trials.dry_run import DryRunner, DryRunRequest
from syncline.connectors.port import Surroundings
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import InvalidInputError, NotFoundError
from syncline.postgres.audit.log import AuditFilter, AuditLog
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database, open_database
from syncline.resources.edits import Edit, save
from syncline.security.secrets import Keyring, generate_key
from tests.support.postgresql import config_of

MAPPING: dict[str, Any] = {
    "entityType": "item",
    "extraction": {"table": "items", "idColumn": "code"},
    "normalization": {
        "fields": [
            {"source": "code", "target": "sku", "required": True},
            {"source": "name", "target": "name", "required": True},
            {"source": "price", "target": "price", "type": "decimal"},
        ]
    },
    "transformation": {
        "matchKey": "sku",
        "exclude": {"field": "name", "op": "eq", "value": "internal"},
        "fields": [
            {"source": "sku", "target": "sku"},
            {"source": "name", "target": "product.title", "transform": "upper"},
            {"source": "price", "target": "price"},
        ],
        "target": {"table": "items"},
    },
}
ROWS = [
    ("A1", "Nut", "1.10"),
    ("A2", None, "many"),
    ("A3", "internal", "2"),
    ("A4", "Bolt", "23958446825181076828"),
]


@pytest.fixture
async def database(postgres: str, tmp_path: Path) -> AsyncIterator[Database]:
    file = tmp_path / "erp.db"
    with sqlite3.connect(file) as c:
        c.execute("create table items (code text primary key, name text, price text)")
        c.executemany("insert into items values (?, ?, ?)", ROWS)
    async with open_database(postgres) as database:
        store = ConfigurationStore(database, KEYS)
        profile = {"connector": "sqlite", "config": {"file": str(file)}}
        await save(store, Edit("default", "t", Kind.PROFILE, "erp"), profile)
        await save(store, Edit("default", "t", Kind.MAPPING, "items"), MAPPING)
        instance = {"source": "erp", "target": "erp", "mappings": ["items"]}
        await save(store, Edit("default", "t", Kind.INSTANCE, "erp-shop"), instance)
        yield database


KEYS = Keyring.parse(generate_key())


@pytest.fixture
def runner(database: Database, tmp_path: Path) -> DryRunner:
    return DryRunner(database, KEYS, Surroundings(folders=(str(tmp_path),)))


def changed(**parts: Any) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(MAPPING))
    for name, values in parts.items():
        copy[name] |= values
    return copy


def reading(**extraction: Any) -> DryRunRequest:
    return DryRunRequest(document=changed(extraction=extraction))


async def test_three_forms_stand_side_by_side(runner: DryRunner) -> None:
    result = await runner.run("default", "items", DryRunRequest(limit=20), "ann")
    assert result.source == "erp"
    by_id = {record.source_id: record for record in result.records}
    assert [by_id[row[0]].outcome for row in ROWS] == ["mapped", "failed", "excluded", "mapped"]
    assert by_id["A1"].raw == '{"code":"A1","name":"Nut","price":"1.10"}'
    assert by_id["A1"].canonical == '{"name":"Nut","price":1.10,"sku":"A1"}'
    assert by_id["A1"].payload == '{"price":1.10,"product":{"title":"NUT"},"sku":"A1"}'
    assert "23958446825181076828" in (by_id["A4"].payload or "")


async def test_every_field_at_fault_is_named_with_its_place(runner: DryRunner) -> None:
    result = await runner.run("default", "items", DryRunRequest(source_ids=["A2", "nope"]), "ann")
    first, unknown = result.records
    assert [(e.path, e.field, e.code) for e in first.errors] == [
        ("$.normalization.fields[1]", "name", "required_field_empty"),
        ("$.normalization.fields[2]", "price", "conversion_failed"),
    ]
    assert (first.canonical, first.payload) == (None, None)
    assert (unknown.outcome, unknown.errors[0].code) == ("failed", "unknown_source_id")


async def test_draft_is_tried_and_nothing_is_stored(runner: DryRunner, database: Database) -> None:
    draft = changed()
    draft["transformation"]["fields"][1]["transform"] = "toDecimal"
    result = await runner.run("default", "items", DryRunRequest(document=draft, limit=1), "ann")
    assert [(e.stage, e.path) for e in result.records[0].errors] == [
        ("transform", "$.transformation.fields[1]")
    ]
    assert await database.fetchval("select count(*) from mapping_versions") == 1
    assert await database.fetchval("select count(*) from runs") == 0
    assert await database.fetchval("select count(*) from profile_slots where until > now()") == 0


async def test_fields_of_creations_alone_are_made_and_named(runner: DryRunner) -> None:
    draft = changed(transformation={"onCreate": ["price"]})
    result = await runner.run("default", "items", DryRunRequest(document=draft, limit=1), "ann")
    assert result.on_create == ("price",)
    assert "price" in (result.records[0].payload or "")


async def test_reading_a_source_is_audited(runner: DryRunner, database: Database) -> None:
    await runner.run("default", "items", DryRunRequest(source_ids=["A1"]), "ann")
    log = AuditLog(database)
    (entry,) = await log.page(["default"], AuditFilter(action="mapping.dry_run"), 9)
    assert (entry.actor, entry.object) == ("ann", "items")
    assert entry.details == {"profile": "erp", "sourceIds": ["A1"]}


async def test_pasted_records_need_no_source(runner: DryRunner) -> None:
    request = DryRunRequest(document=MAPPING, records=[{"code": "X", "name": "n"}, {"name": "?"}])
    result = await runner.run("default", None, request, "ann")
    assert result.source is None
    assert [record.outcome for record in result.records] == ["mapped", "failed"]
    assert result.records[1].errors[0].code == "missing_source_id"


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (DryRunRequest(limit=21), "$.limit"),
        (DryRunRequest(limit=0), "$.limit"),
        (DryRunRequest(source_ids=["x"] * 21), "$.sourceIds"),
        (DryRunRequest(records=[]), "$.records"),
        (DryRunRequest(document={}), "$.entityType"),
        (reading(idColumn="nope"), "$.extraction.idColumn"),
        (reading(columns=["nope"]), "$.extraction.columns[0]"),
        (reading(table="nope"), "$.extraction"),
        (reading(mode="api", endpoint="/x"), "$.extraction.mode"),
    ],
)
async def test_mistake_is_named_with_its_path(
    runner: DryRunner, request_: DryRunRequest, path: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await runner.run("default", "items", request_, "ann")
    assert refused.value.problems[0].path == path


async def test_unknown_names_are_told(runner: DryRunner) -> None:
    with pytest.raises(NotFoundError, match="no mapping 'nope'"):
        await runner.run("default", "nope", DryRunRequest(), "ann")
    with pytest.raises(NotFoundError, match="no mapping"):
        await runner.run("other", "items", DryRunRequest(), "ann")
    with pytest.raises(NotFoundError, match="version 9"):
        await runner.run("default", "items", DryRunRequest(version=9), "ann")
    with pytest.raises(NotFoundError, match="no profile"):
        await runner.run("default", "items", DryRunRequest(profile="nope"), "ann")
    with pytest.raises(InvalidInputError, match="no instance uses it"):
        await runner.run("default", None, DryRunRequest(document=MAPPING), "ann")


async def test_what_the_source_does_not_give_is_named(runner: DryRunner) -> None:
    document = copy.deepcopy(MAPPING)
    fields = document["normalization"]["fields"]
    fields[1]["source"], fields[2]["source"] = "naem", "Price"
    fields.append({"source": "sizes[].w", "target": "w"})
    found = await runner.run(
        "default", None, DryRunRequest(document=document, profile="erp"), "ann"
    )
    said = [f"{doubt.path}: {doubt.message}" for doubt in found.warnings]
    assert [line for line in said if "naem" in line and "did you mean `name`?" in line]
    assert [line for line in said if "`Price`; did you mean `price`?" in line]
    assert [line for line in said if line.startswith("$.normalization.fields[3].source: ")]

    pasted = [{"code": "A", "name": "n", "price": 1, "size": {"width": 1}}]
    fields[1]["source"], fields[2]["source"] = "name", "price"
    fields[3] = {"source": "size.widht", "target": "w"}
    request = DryRunRequest(document=document, records=pasted)
    (doubt,) = (await runner.run("default", None, request, "ann")).warnings
    assert doubt.path == "$.normalization.fields[3].source"
    assert doubt.message == "none of 1 records has `size.widht`; did you mean `size.width`?"


async def test_a_field_that_no_record_can_hold_is_named(
    database: Database, empty_postgres: str
) -> None:
    """Its bytes stay in the source: a gateway that tries a mapping could not hold them."""
    source = await asyncpg.connect(empty_postgres)
    await source.execute(
        "create table items as select 'A1' code, repeat('x', 50000000) as name, 1 as price"
    )
    await source.close()
    store = ConfigurationStore(database, KEYS)
    password = urlsplit(empty_postgres).password or ""
    wanted = {"connector": "postgresql", "config": config_of(empty_postgres)}
    secrets = {"secrets": {"password": password}} if password else {}
    await save(store, Edit("default", "t", Kind.PROFILE, "erp"), wanted | secrets)
    runner = DryRunner(database, KEYS, Surroundings(outbound_allow=("127.0.0.0/8",)))
    (record,) = (await runner.run("default", "items", DryRunRequest(), "ann")).records
    (error,) = record.errors
    assert (record.outcome, error.field, error.code) == ("failed", "name", "record_too_large")
    assert "name has 50,000,000 bytes" in error.message


async def test_a_canonical_schema_judges_each_record(runner: DryRunner) -> None:
    fields = [*MAPPING["normalization"]["fields"], {"source": "name", "target": "currency"}]
    draft = changed(normalization={"schema": "item", "fields": fields})
    made = await runner.run("default", "items", DryRunRequest(document=draft, limit=1), "t")
    (error,) = made.records[0].errors
    assert (error.path, error.field, error.code) == (
        "$.normalization.fields[3]", "name", "schema_mismatch",
    )  # fmt: skip
    assert "`currency` of the schema `item`, which must be three capitals" in error.message
