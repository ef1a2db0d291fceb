"""Schedules as files: applied twice, exported, changed, and every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import ConflictError
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database
from syncline.resources.edits import Edit, delete
from syncline.resources.export import documents, to_yaml
from syncline.resources.loader import InvalidFilesError, load
from syncline.resources.plan import apply
from syncline.security.secrets import Keyring, generate_key
from tests.support.resource_files import GOOD

SCHEDULE = """---
kind: Schedule
name: nightly
instance: erp-warehouse
entityType: Item
cron: "30  2 * * mon-fri"
timezone: Europe/Berlin
"""


@pytest.fixture
def store(database: Database) -> ConfigurationStore:
    return ConfigurationStore(database, Keyring.parse(generate_key()))


async def applied(store: ConfigurationStore, folder: Path, text: str) -> list[str]:
    (folder / "a.yaml").write_text(text)
    loaded = load([str(folder / "a.yaml")], {"ERP_PASSWORD": "s3cret"})
    return [step.action for step in await apply(store, loaded, "default", "tester")]


async def test_apply_export_apply_changes_nothing(
    store: ConfigurationStore, database: Database, tmp_path: Path
) -> None:
    assert await applied(store, tmp_path, GOOD + SCHEDULE) == ["created"] * 4
    assert await applied(store, tmp_path, GOOD + SCHEDULE) == ["unchanged"] * 4
    exported = to_yaml(documents(await store.stored("default")))
    assert "cron: 30 2 * * MON-FRI" in exported
    assert await applied(store, tmp_path, exported) == ["unchanged"] * 4
    assert await database.fetchval("select next_at > now() from schedules")


async def test_a_disabled_schedule_has_no_next_slot(
    store: ConfigurationStore, database: Database, tmp_path: Path
) -> None:
    await applied(store, tmp_path, GOOD + SCHEDULE)
    off = SCHEDULE + "enabled: false\n"
    assert (await applied(store, tmp_path, GOOD + off))[-1] == "changed"
    assert await database.fetchval("select next_at from schedules") is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("30  2", "30 24", "cron: field 2 (hour)"),
        ("Europe/Berlin", "Europe/Berln", "timezone: must be an IANA time zone"),
        ("instance: erp-warehouse", "instance: nope", "instance: there is no instance 'nope'"),
        ("entityType: Item", "entityType: bp", "entityType: instance 'erp-warehouse' has no 'bp'"),
        ("timezone:", "timeZone:", "timeZone: unknown field; did you mean `timezone`?"),
    ],
)
async def test_a_mistake_is_named_with_its_line(
    store: ConfigurationStore, tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises(InvalidFilesError) as refused:
        await applied(store, tmp_path, GOOD + SCHEDULE.replace(old, new))
    (mistake,) = refused.value.mistakes
    assert (mistake.line or 0) > GOOD.count("\n")
    assert words in f"{mistake.path.removeprefix('$.')}: {mistake.message}"


async def test_what_a_schedule_syncs_never_changes(
    store: ConfigurationStore, tmp_path: Path
) -> None:
    await applied(store, tmp_path, GOOD + SCHEDULE)
    other = GOOD.replace("name: erp-warehouse", "name: other")
    with pytest.raises(InvalidFilesError, match="cannot change from 'erp-warehouse'"):
        await applied(store, tmp_path, other + SCHEDULE.replace("erp-warehouse", "other"))
    with pytest.raises(ConflictError, match="'nightly' is there"):
        await applied(store, tmp_path, GOOD + SCHEDULE.replace("nightly", "again"))


async def test_an_instance_with_a_schedule_stays_until_that_is_gone(
    store: ConfigurationStore, database: Database, tmp_path: Path
) -> None:
    await applied(store, tmp_path, GOOD + SCHEDULE)
    instance = Edit("default", "tester", Kind.INSTANCE, "erp-warehouse")
    with pytest.raises(ConflictError, match="schedule 'nightly'"):
        await delete(store, instance)
    await delete(store, Edit("default", "tester", Kind.SCHEDULE, "nightly"))
    await delete(store, instance)
    assert await database.fetchval("select count(*) from schedules where next_at is not null") == 0
