"""What systems say of their tables and fields, asked within limits and audited."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from syncline.actions.connections import system_fields
from syncline.actions.connections.system_fields import FieldReader, FieldsRequest, SystemFields
from syncline.connectors.port import Surroundings
from syncline.connectors.sqlite import SqliteConnector
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import InvalidInputError, NotFoundError, ThrottledError
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database, open_database
from syncline.resources.edits import Edit, save
from syncline.security.secrets import Keyring, generate_key

KEYS = Keyring.parse(generate_key())
SECRET = "s3cret-passw0rd"


@pytest.fixture
async def database(postgres: str, tmp_path: Path) -> AsyncIterator[Database]:
    with sqlite3.connect(tmp_path / "erp.db") as c:
        c.execute("create table items (code text primary key, price integer)")
        c.execute("create view dear as select * from items")
    (tmp_path / "orders.csv").write_text("id,total\n1,2\n")
    (tmp_path / ".journal").write_text("")
    profiles: dict[str, dict[str, Any]] = {
        "erp": {"connector": "sqlite", "config": {"file": str(tmp_path / "erp.db")}},
        "files": {"connector": "file", "config": {"folder": str(tmp_path)}},
        "api": {
            "connector": "http",
            "config": {"baseUrl": "http://127.0.0.1:9", "auth": {"type": "bearer"}},
            "secrets": {"token": SECRET},
        },
    }
    async with open_database(postgres) as database:
        store = ConfigurationStore(database, KEYS)
        for name, body in profiles.items():
            await save(store, Edit("default", "t", Kind.PROFILE, name), body)
        yield database


@pytest.fixture
def reader(database: Database, tmp_path: Path) -> FieldReader:
    around = Surroundings(outbound_allow=("127.0.0.0/8",), folders=(str(tmp_path),))
    return FieldReader(database, KEYS, around)


async def asked(reader: FieldReader, profile: str, **request: Any) -> SystemFields:
    return await reader.read("default", "anna", profile, FieldsRequest(**request))


def types(found: SystemFields) -> dict[str, str]:
    return {field.name: field.type for field in found.fields or []}


async def test_tables_and_typed_fields_of_both_directions(
    reader: FieldReader, database: Database
) -> None:
    read = await asked(reader, "erp", extraction={"table": "dear"})
    written = await asked(reader, "erp", target={"table": "items"})
    assert sorted(read.tables or []) == ["dear", "items"]
    assert types(read) == types(written) == {"code": "TEXT", "price": "INTEGER"}
    found = await asked(reader, "files", extraction={"table": "orders.csv", "idColumn": "id"})
    assert (types(found), found.tables) == (
        {"id": "text", "total": "text"},
        ["erp.db", "orders.csv"],
    )
    entries = await database.fetch(
        "select object from audit_log where action = 'profile.described' order by id"
    )
    assert [entry["object"] for entry in entries] == ["erp", "erp", "files"]


async def test_a_draft_that_names_nothing_yet_is_told_the_tables(reader: FieldReader) -> None:
    for table in ("", "nothing_there"):
        found = await asked(reader, "erp", extraction={"table": table})
        assert "items" in (found.tables or [])
        assert found.fields is None
        assert found.unknown


async def test_what_cannot_be_known_has_a_reason_without_a_secret(reader: FieldReader) -> None:
    target = {"method": "POST", "endpoint": "/items"}
    away = await asked(reader, "api", extraction={"mode": "api", "endpoint": "/items"})
    silent = await asked(reader, "api", target=target)
    assert (away.fields, away.tables, silent.fields) == (None, None, None)
    assert away.unknown
    assert SECRET not in away.unknown
    assert silent.unknown == "HTTP API does not tell its fields"


async def test_one_block_is_asked_about_of_a_profile_that_is_there(reader: FieldReader) -> None:
    requests: list[dict[str, Any]] = [{}, {"extraction": {}, "target": {}}]
    for request in requests:
        with pytest.raises(InvalidInputError, match="one of"):
            await asked(reader, "erp", **request)
    with pytest.raises(NotFoundError):
        await asked(reader, "nobody", target={})


async def test_a_system_that_is_slow_or_breaks_is_not_waited_for(
    reader: FieldReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> None:
        raise KeyError(SECRET)

    async def waits(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(SqliteConnector, "describe", breaks)
    broken = await asked(reader, "erp", extraction={"table": "items"})
    assert (broken.fields, broken.unknown) == (None, "the connector broke: KeyError")
    monkeypatch.setattr(SqliteConnector, "describe", waits)
    slow = await asked(reader, "erp", extraction={"table": "items"})
    assert (slow.fields, slow.unknown) == (None, "no answer within 10 s")
    assert slow.tables is not None


async def test_whoever_asks_too_often_waits(
    reader: FieldReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = system_fields.DESCRIPTIONS._replace(times=1)
    monkeypatch.setattr(system_fields, "DESCRIPTIONS", once)
    await asked(reader, "erp", target={"table": "items"})
    with pytest.raises(ThrottledError):
        await asked(reader, "erp", target={"table": "items"})
