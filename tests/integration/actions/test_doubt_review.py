"""Doubts about what is stored: told beside it, each at its document, and never in the way."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from syncline.actions.doubts import review
from syncline.actions.doubts.doubt import Doubt, Matter, mapping_doubts
from syncline.actions.doubts.new_targets import new_target_doubts
from syncline.actions.doubts.review import Doubter
from syncline.connectors.port import Surroundings
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import Problem
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import open_database
from syncline.resources.loader import load
from syncline.resources.plan import apply
from syncline.security.secrets import Keyring, generate_key
from tests.support.resource_files import GOOD

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
    around = Surroundings(folders=(str(folder),))
    doubts = await Doubter(store, around).of_files("default", loaded, steps)
    return [str(doubt).removeprefix(f"{folder}/") for doubt in doubts]


async def test_a_doubt_stands_at_its_line(
    store: ConfigurationStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "QUESTIONS", (mapping_doubts,))
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

    monkeypatch.setattr(review, "QUESTIONS", (broken, endless, spoken))
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


SQLITE = """
kind: Profile
name: erp
connector: sqlite
config: {{file: {folder}/erp.db}}
---
kind: Mapping
name: erp-items
entityType: item
extraction: {{table: items, idColumn: code, cursorColumn: changed{more}}}
normalization: {{fields: [{{source: code, target: sku}}, {{source: {source}, target: name}}]}}
transformation:
  matchKey: sku
  fields: [{{source: sku, target: sku}}, {{source: name, target: name}}]
  target: {{table: items}}
---
kind: Instance
name: erp-shop
source: erp
target: erp
mappings: [erp-items]
"""


@pytest.fixture
def erp(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "erp.db") as c:
        c.execute("create table items (code text primary key, name text, changed timestamp, n int)")
    return tmp_path


def sqlite(folder: Path, source: str = "name", more: str = "") -> str:
    return SQLITE.format(folder=folder, source=source, more=more)


async def test_a_sound_mapping_of_a_connected_source_is_not_doubted(
    store: ConfigurationStore, erp: Path
) -> None:
    assert await told(store, erp, sqlite(erp)) == []


@pytest.mark.parametrize(
    ("source", "more", "words"),
    [
        ("naem", "", "$.normalization.fields[1].source: the source gives no `naem`; did"),
        ("NAME", "", "the source gives no `NAME`; did you mean `name`?"),
        ("n", ", columns: [code, naem]", "$.extraction.columns[1]: the source gives no `naem`"),
        ("name", ", columns: [n]", "fields[1].source: the source gives no `name` (`columns`"),
        ("name", ", filters: [{{field: m, value: 1}}]", "$.extraction.filters[0].field: the so"),
        ("name", ", cursorType: id", "'changed' is a column of type timestamp: its cursorTyp"),
    ],
)  # fmt: skip
async def test_what_the_source_does_not_give_is_told(
    source: str, more: str, words: str, store: ConfigurationStore, erp: Path
) -> None:
    more = more.replace("{{", "{").replace("}}", "}")
    said = await told(store, erp, sqlite(erp, source, more))
    assert any(words in line for line in said), said


async def test_a_source_that_is_away_is_told_of_and_its_mapping_stored(
    store: ConfigurationStore, erp: Path
) -> None:
    (erp / "erp.db").unlink()
    said = await told(store, erp, sqlite(erp, "naem"))
    (doubt,) = [line for line in said if "Mapping erp-items" in line]
    assert "Mapping erp-items: $.extraction: the source 'erp' cannot be asked" in doubt
    assert "erp-items" in (await store.stored("default")).mappings


async def test_a_source_that_cannot_tell_its_writers_needs_a_lookback(
    store: ConfigurationStore, tmp_path: Path
) -> None:
    (tmp_path / "items.csv").write_text("code,name,changed\n")
    text = sqlite(tmp_path).replace("connector: sqlite", "connector: file")
    text = text.replace(f"file: {tmp_path}/erp.db", f"folder: {tmp_path}")
    text = text.replace("extraction: {table: items", "extraction: {table: items.csv")
    text = text.replace("target: {table: items}", "target: {path: '{correlationId}.csv'}")
    (doubt,) = await told(store, tmp_path, text)
    assert "$.extraction.lookback: " in doubt
    assert (
        await told(
            store, tmp_path, text.replace("cursorColumn: c", "lookback: PT1H, cursorColumn: c")
        )
        == []
    )


async def test_records_that_keep_their_old_form_are_counted_and_the_remedy_offered(
    store: ConfigurationStore, erp: Path, postgres: str
) -> None:
    await told(store, erp, sqlite(erp))
    connection = await asyncpg.connect(postgres)
    await connection.execute(
        """insert into ledger (stream_id, source_id, tenant, payload_hash)
        select s.id, n::text, 'default', case when n > 3 then gen_random_uuid() end
        from streams s, generate_series(1, 1203) n"""
    )
    await connection.close()
    assert await told(store, erp, sqlite(erp)) == []
    assert await told(store, erp, sqlite(erp, more=", lookback: PT1H")) == []
    (doubt,) = await told(store, erp, sqlite(erp, source="n", more=", lookback: PT1H"))
    assert "Mapping erp-items: $: 1,200 records keep their old form until they change" in doubt
    assert "`syncline trigger erp-shop item --mode reset_cursor`" in doubt


async def test_a_target_that_was_not_written_to_so_far_is_a_doubt(
    store: ConfigurationStore, tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "QUESTIONS", (new_target_doubts,))
    assert await told(store, tmp_path, GOOD) == []
    connection = await asyncpg.connect(postgres)
    await connection.execute("update streams set ledger_system = 'erp.local:5432/erp/items'")
    await connection.close()
    assert await told(store, tmp_path, GOOD) == []

    (doubt,) = await told(store, tmp_path, GOOD.replace("host: erp.local", "host: erp2.local"))
    assert "Profile erp: $: `erp-warehouse item` has written to erp.local:5432/erp/items" in doubt
    assert "will write to erp2.local:5432/erp/items" in doubt
    assert "`syncline trigger erp-warehouse item --mode reset_cursor`" in doubt
    (doubt,) = await told(store, tmp_path, GOOD.replace("table: items}", "table: products}"))
    assert "will write to erp.local:5432/erp/products" in doubt
