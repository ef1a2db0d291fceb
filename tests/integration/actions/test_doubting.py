"""Doubts about what is stored: told beside it, each at its document, and never in the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncline.actions import doubting
from syncline.actions.doubting import Doubter
from syncline.actions.doubts import Doubt, Matter, of_mappings
from syncline.connectors.port import Surroundings
from syncline.domain.configuration import Kind
from syncline.domain.errors import Problem
from syncline.postgres.configuring import ConfigurationStore
from syncline.postgres.database import open_database
from syncline.resources.applying import apply
from syncline.resources.loading import load
from syncline.security.secrets import Keyring, generate_key
from tests.unit.resources.conftest import GOOD

ENV = {"ERP_PASSWORD": "s3cret-passw0rd"}


@pytest.fixture
async def store(postgres: str) -> AsyncIterator[ConfigurationStore]:
    async with open_database(postgres) as database:
        yield ConfigurationStore(database, Keyring.parse(generate_key()))


async def told(store: ConfigurationStore, folder: Path, text: str) -> list[str]:
    """Apply a file and return the doubts about it."""
    (folder / "a.yaml").write_text(text)
    loaded = load([str(folder / "a.yaml")], ENV)
    steps = await apply(store, loaded, "default", "tester")
    doubts = await Doubter(store, Surroundings()).of_files("default", loaded, steps)
    return [str(doubt).removeprefix(f"{folder}/") for doubt in doubts]


async def test_a_doubt_stands_at_its_line(
    store: ConfigurationStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubting, "QUESTIONS", (of_mappings,))
    text = GOOD.replace("target: sku}", "target: sku, transform: toBool}", 1)
    (doubt,) = await told(store, tmp_path, text)
    line = next(n for n, line in enumerate(text.splitlines(), 1) if "toBool" in line)
    assert doubt.startswith(f"a.yaml:{line}: Mapping ")
    assert ".transform: `toBool` makes" in doubt


async def test_a_question_that_breaks_is_told_and_stops_no_other(
    store: ConfigurationStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_matter: Matter) -> list[Doubt]:
        raise ZeroDivisionError

    async def endless(_matter: Matter) -> list[Doubt]:
        raise TimeoutError

    async def spoken(_matter: Matter) -> list[Doubt]:
        return [Doubt(Kind.PROFILE, "erp", Problem("$.config", f"refused {ENV['ERP_PASSWORD']}"))]

    monkeypatch.setattr(doubting, "QUESTIONS", (broken, endless, spoken))
    first, second, third = await told(store, tmp_path, GOOD)
    assert "not everything could be looked at: ZeroDivisionError" in first
    assert "not everything could be looked at: no end within 10 s" in second
    assert third.endswith("Profile erp: $.config: refused ***")


async def test_a_database_that_is_away_afterwards_does_not_undo_the_word(
    store: ConfigurationStore, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    loaded = load([str(tmp_path / "a.yaml")], ENV)
    (doubt,) = await Doubter(store, Surroundings()).of_files("nowhere", loaded, [])
    assert "not everything could be looked at: no tenant 'nowhere'" in doubt.message
