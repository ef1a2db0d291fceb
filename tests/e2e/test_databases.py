"""Databases end to end, while Execute is killed: into PostgreSQL and back into MySQL, and into SQL
Server, at its stand-in, within a statement.
"""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg
import pytest

from syncline.domain.run import State
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.auditor import audit
from syncline.resources.loader import load
from syncline.resources.plan import apply
from syncline.security.secrets import Keyring
from tests.support import mariadb, mssql, postgresql
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.lent_databases import LentDatabases
from tests.support.mariadb import MysqlDatabase, mysql_database
from tests.support.postgresql import config_of

ROWS = 12_000
CONFIGURATION = """
kind: Profile
name: shop
connector: mysql
config: {mysql}
secrets: {{password: {{fromEnv: MYSQL_PASSWORD}}}}
---
kind: Profile
name: erp
connector: postgresql
config: {postgresql}
secrets: {{password: {{fromEnv: POSTGRESQL_PASSWORD}}}}
"""
STREAM = """
---
kind: Mapping
name: {name}
entityType: item
extraction: {{table: {source}, idColumn: sku, cursorColumn: changed, lookback: PT1M}}
normalization:
  fields:
    - {{source: sku, target: sku, required: true}}
    - {{source: name, target: name}}
    - {{source: price, target: price, type: decimal}}
    - {{source: changed, target: changed, type: datetime}}
transformation:
  matchKey: sku
  fields:
    - {{source: sku, target: sku}}
    - {{source: name, target: name}}
    - {{source: price, target: price}}
    - {{source: changed, target: changed}}
  target: {{table: {target}}}
---
kind: Instance
name: {name}
source: {from_}
target: {to}
mappings: [{name}]
"""
INTO_SQL_SERVER = """
kind: Profile
name: warehouse
connector: postgresql
config: {postgresql}
secrets: {{password: {{fromEnv: POSTGRESQL_PASSWORD}}}}
---
kind: Profile
name: store
connector: mssql
config: {mssql}
secrets: {{password: {{fromEnv: MSSQL_PASSWORD}}}}
---
kind: Mapping
name: store-goods
entityType: item
extraction: {{table: stock, idColumn: sku}}
normalization:
  fields:
    - {{source: sku, target: sku, required: true}}
    - {{source: price, target: price, type: decimal}}
transformation:
  matchKey: sku
  fields: [{{source: sku, target: sku}}, {{source: price, target: price}}]
  target: {{table: items}}
---
kind: Instance
name: store-goods
source: warehouse
target: store
mappings: [store-goods]
"""
EFFECTS = """
create table effects (sku text, what text);
--
create function note_effect() returns trigger language plpgsql as
  $$ begin
    if new.sku = 'A2500' then perform pg_advisory_xact_lock(7); end if;
    insert into effects values (new.sku, tg_op); return new;
  end $$;
--
create trigger noted after insert or update on items for each row execute function note_effect();
"""
"""Notes each effect on a row, within the transaction that has it. The statement that has one of the
rows waits in its midst for as long as a test holds a lock."""
_WAITS = """select count(*) from pg_stat_activity
where wait_event = 'advisory' and datname = current_database()"""
COLUMNS = "(sku varchar(20) primary key, name varchar(50), price decimal(20,4), changed {})"


@pytest.fixture(scope="module")
def place(module_place: Installation) -> Installation:
    return module_place


@pytest.fixture
async def shop(mariadb: str) -> AsyncIterator[MysqlDatabase]:
    async with mysql_database(mariadb) as world:
        for table in ("items", "copies"):
            await world.run(f"create table {table} {COLUMNS.format('timestamp(3) null')}")
        await world.run(
            "insert into items select concat('A', seq), concat('Näme ', seq), seq + 0.25, "
            f"timestampadd(second, seq, '2026-01-01') from seq_1_to_{ROWS}"
        )
        yield world


@pytest.fixture
async def db(place: Installation, shop: MysqlDatabase, tmp_path: Path) -> AsyncIterator[Database]:
    config = tmp_path / "config.yaml"
    profiles = {"mysql": config_of(shop.url), "postgresql": postgresql.config_of(place.dsn)}
    text = CONFIGURATION.format(**{n: json.dumps(c) for n, c in profiles.items()})
    text += STREAM.format(name="out", source="items", target="goods", from_="shop", to="erp")
    text += STREAM.format(name="back", source="goods", target="copies", from_="erp", to="shop")
    config.write_text(text)
    secrets = {
        "MYSQL_PASSWORD": mariadb.PASSWORD,
        "POSTGRESQL_PASSWORD": urlsplit(place.dsn).password or "",
    }
    keys = Keyring.parse(place.environment["SYNCLINE_SECRET_KEYS"])
    async with open_database(place.dsn) as database:
        await database.execute(f"create table goods {COLUMNS.format('timestamptz')}")
        store = ConfigurationStore(database, keys)
        await apply(store, load([str(config)], secrets), "default", "test")
        yield database
        assert await audit(database) == []


async def test_records_go_out_and_come_back_whole_however_execute_dies(
    place: Installation, db: Database, shop: MysqlDatabase
) -> None:
    async def out() -> bool:
        return bool(await db.fetchval("select exists (select from goods)"))

    async def back() -> bool:
        return await shop.run("select 1 from copies limit 1") != []

    for name, has_begun in (("out", out), ("back", back)):
        run_id = await place.trigger(instance=name, entityType="item", batchSize=500)
        await eventually(has_begun, within=60)
        await place.stop("execute", signal.SIGKILL)
        await place.start("execute")
        run = await place.ended(run_id)
        assert (run.state, run.counters.success) == (State.SUCCEEDED, ROWS)

    assert await shop.run("select * from copies order by sku") == await shop.run(
        "select * from items order by sku"
    )
    await shop.run(
        "update items set name = 'new', changed = '2026-06-01' where sku in ('A7', 'a8')"
    )
    changed = await place.run(instance="out", entityType="item")
    assert changed.counters.success == 2
    rows = await db.fetch("select sku from goods where name = 'new' order by sku")
    assert [row["sku"] for row in rows] == ["A7", "A8"]


@pytest.fixture
async def store(empty_databases: LentDatabases) -> AsyncIterator[tuple[mssql.Backend, str]]:
    """SQL Server's stand-in, and the database behind it."""
    async with empty_databases.borrowed() as dsn, mssql.backend(dsn, None) as own:
        await own.run("create table items (sku varchar(20) primary key, price numeric(20,4))")
        for statement in EFFECTS.split("--\n"):
            await own.run(statement)
        yield own, dsn


async def test_execute_dies_within_a_merge_and_every_row_is_created_once(
    place: Installation, store: tuple[mssql.Backend, str], tmp_path: Path
) -> None:
    (own, dsn), rows = store, 3000
    profiles = {
        "mssql": config_of(own.url) | {"sslmode": "require"},
        "postgresql": postgresql.config_of(place.dsn),
    }
    config = tmp_path / "config.yaml"
    config.write_text(INTO_SQL_SERVER.format(**{n: json.dumps(c) for n, c in profiles.items()}))
    secrets = {
        "MSSQL_PASSWORD": unquote(urlsplit(own.url).password or ""),
        "POSTGRESQL_PASSWORD": urlsplit(place.dsn).password or "",
    }

    async def waits() -> bool:
        return await own.run(_WAITS) == [(1,)]

    async with open_database(place.dsn) as database:
        await database.execute(
            "create table stock as select 'A' || n as sku, n + 0.25 as price "
            f"from generate_series(1, {rows}) n"
        )
        keys = Keyring.parse(place.environment["SYNCLINE_SECRET_KEYS"])
        configured = ConfigurationStore(database, keys)
        await apply(configured, load([str(config)], secrets), "default", "test")
        other = await asyncpg.connect(dsn)
        await other.execute("select pg_advisory_lock(7)")
        run_id = await place.trigger(instance="store-goods", entityType="item", batchSize=250)
        await eventually(waits, within=60)
        await place.stop("execute", signal.SIGKILL)
        await other.close()
        await place.start("execute")
        run = await place.ended(run_id)

        assert (run.state, run.counters.success) == (State.SUCCEEDED, rows)
        sent = await database.fetch("select sku, price from stock order by sku")
    assert await own.run("select * from items order by sku") == [tuple(row) for row in sent]
    made = "select sku from effects where what = 'INSERT' order by sku"
    assert await own.run(made) == [(row["sku"],) for row in sent]
