"""Apply and diff against a real database: idempotent, all or nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncline.domain.configuration.comparison import PlanStep
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import open_database
from syncline.resources.export import documents, to_yaml
from syncline.resources.loader import InvalidFilesError, load
from syncline.resources.plan import apply, diff
from syncline.security.secrets import Keyring, generate_key
from tests.support.resource_files import GOOD

ENV = {"ERP_PASSWORD": "s3cret"}


@pytest.fixture
async def store(postgres: str) -> AsyncIterator[ConfigurationStore]:
    async with open_database(postgres) as database:
        yield ConfigurationStore(database, Keyring.parse(generate_key()))


def actions(steps: list[PlanStep]) -> list[str]:
    return [step.action for step in steps]


async def applied(store: ConfigurationStore, folder: Path, text: str) -> list[str]:
    (folder / "a.yaml").write_text(text)
    return actions(await apply(store, load([str(folder / "a.yaml")], ENV), "default", "tester"))


async def test_apply_twice_changes_nothing(store: ConfigurationStore, tmp_path: Path) -> None:
    assert await applied(store, tmp_path, GOOD) == ["created"] * 3
    assert await applied(store, tmp_path, GOOD) == ["unchanged"] * 3


async def test_export_of_what_was_applied_is_no_difference(
    store: ConfigurationStore, tmp_path: Path
) -> None:
    await applied(store, tmp_path, GOOD)
    exported = to_yaml(documents(await store.stored("default")))
    assert await applied(store, tmp_path, exported) == ["unchanged"] * 3


async def test_diff_tells_what_apply_would_do_and_does_nothing(
    store: ConfigurationStore, tmp_path: Path
) -> None:
    await applied(store, tmp_path, GOOD)
    (tmp_path / "b.yaml").write_text(GOOD.replace("OITM", "OITM2"))
    loaded = load([str(tmp_path / "b.yaml")], ENV)
    assert await diff(store, loaded, "default") == await diff(store, loaded, "default")
    steps = await diff(store, loaded, "default")
    assert actions(steps) == ["unchanged", "changed", "unchanged"]
    (difference,) = steps[1].differences
    assert (difference.path, difference.old, difference.new) == (
        "$.extraction.table", "OITM", "OITM2",
    )  # fmt: skip


async def test_one_mistake_keeps_everything_out(store: ConfigurationStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidFilesError):
        await applied(store, tmp_path, GOOD.replace("target: erp\n", "target: nowhere\n"))
    assert (await store.stored("default")).profiles == {}


async def test_changed_secret_is_a_change(store: ConfigurationStore, tmp_path: Path) -> None:
    await applied(store, tmp_path, GOOD)
    (tmp_path / "a.yaml").write_text(GOOD)
    loaded = load([str(tmp_path / "a.yaml")], {"ERP_PASSWORD": "n3w"})
    steps = await apply(store, loaded, "default", "tester")
    assert actions(steps) == ["changed", "unchanged", "unchanged"]
    assert (await store.stored("default")).profiles["erp"].secrets == {"password": "n3w"}
