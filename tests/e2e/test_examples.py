"""docs/connectors/examples.md and templates as they stand: tried and run between real systems.

And records into a topic, while Execute is killed.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from syncline.domain.run import State
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.auditor import audit
from syncline.resources.template import template
from syncline.testing.http_api import HttpApi
from tests.support.eventually import eventually
from tests.support.excel_files import write_book
from tests.support.http_world import listening
from tests.support.installation import Installation, installation
from tests.support.kafka import KafkaPlace
from tests.support.mariadb import PASSWORD, mysql_database
from tests.support.postgresql import config_of
from tests.support.template_place import TemplatePlace
from tests.support.topics_of_others import OthersTopics, others_topics

PAGE = Path(__file__).parents[2] / "docs" / "connectors" / "examples.md"
TOPIC = "inventory.public.items"


def blocks(kind: str) -> list[str]:
    found = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(found) == 2
    return found


PAGE_DOCUMENTS = "---\n".join(blocks("yaml"))
TO_TOPICS = """
kind: Mapping
name: MODE-items
entityType: item
extraction: {table: items.csv, idColumn: sku}
normalization: {fields: [{source: sku, target: sku}]}
transformation:
  matchKey: sku
  fields: [{source: sku, target: sku}]
  target: {topic: TOPIC, upsert: UPSERT}
---
kind: Instance
name: MODE
source: exchange
target: changes
mappings: [MODE-items]
"""


class Place(TemplatePlace):
    """An installation with the page's configuration, and the page's systems."""

    def __init__(
        self, installed: Installation, db: Database, topics: OthersTopics, files: Path
    ) -> None:
        super().__init__(installed, db, files)
        self.topics = topics
        self.topic = ""

    async def configure(self, text: str) -> None:
        """Apply documents, with the systems of this test in place of the page's."""
        self.topic = self.topic or await self.topics.create(3)
        dsn = urlsplit(self.installed.dsn)
        for there, here in {
            "kafka.example.com:9092": f"{self.topics.bootstrap}\n  timeout: 2",
            "db.example.com": dsn.hostname or "",
            "port: 5432": f"port: {dsn.port}",
            "database: warehouse": f"database: {dsn.path.strip('/')}",
            "user: syncline": f"user: {dsn.username}",
            "/srv/exchange": str(self.files),
            TOPIC: self.topic,
        }.items():
            text = text.replace(there, here)
        file = self.files / "config.yaml"
        file.write_text(text)
        await self.apply(file, {"WAREHOUSE_PASSWORD": dsn.password or "-"})

    async def change(self, op: str, before: object, after: object, partition: int) -> None:
        """Publish a change as Debezium does, with its key and the tombstone of a deletion."""
        row: Any = after or before
        key = json.dumps({"schema": {}, "payload": {"id": row["id"]}}).encode()
        event = {"op": op, "before": before, "after": after, "source": {}, "ts_ms": 0}
        value = json.dumps({"schema": {}, "payload": event}).encode()
        messages: list[tuple[bytes | None, bytes | None]] = [(key, value)]
        messages += [(key, None)] if op == "d" else []
        await self.topics.write(self.topic, messages, partition)


@pytest.fixture(scope="module")
async def place(
    module_kafka: KafkaPlace, module_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    kafka, folder = module_kafka, tmp_path_factory.mktemp("examples")
    servers = f"127.0.0.0/8,{kafka.bootstrap},127.0.0.1:{urlsplit(module_postgres).port}"
    extra = {"SYNCLINE_FILES_ROOTS": str(folder), "SYNCLINE_OUTBOUND_ALLOW": servers}
    async with (
        installation(kafka, module_postgres, folder, extra) as installed,
        open_database(module_postgres) as db,
        others_topics(kafka.bootstrap) as topics,
    ):
        place = Place(installed, db, topics, folder)
        await place.configure(PAGE_DOCUMENTS)
        for table in blocks("sql"):
            await db.execute(table)
        yield place
        assert await audit(db) == []


def item(n: int, **changes: Any) -> dict[str, Any]:
    return {"id": n, "name": f"Item {n}", "price": f"{n}.50"} | changes


async def test_changes_of_a_database_are_tried_and_run(place: Place) -> None:
    for n in range(6):
        await place.change("r", None, item(n), n % 3)

    tried = await place.dry_run("changed-items")
    expected = [item(n, price=n + 0.5, is_deleted=False) for n in range(6)]
    assert tried  # some of them: which partition is read first is not known
    assert all(record in expected for record in tried)
    assert await place.rows("warehouse_items") == []

    first = await place.run("changes-to-warehouse", "item")
    assert (first.state, first.counters.success) == (State.SUCCEEDED, 6), first.failure
    assert first.cursor_after == '{"0":2,"1":2,"2":2}'
    assert (await place.run("changes-to-warehouse", "item")).counters.total == 0

    await place.change("u", item(1), item(1, name="new"), 1)
    await place.change("d", item(2), None, 2)
    await place.change("c", None, item(7), 1)
    second = await place.run("changes-to-warehouse", "item")
    assert (second.state, second.counters.success) == (State.SUCCEEDED, 3)
    assert second.cursor_after == '{"0":2,"1":4,"2":4}'
    assert sorted(await place.rows("warehouse_items"))[1:3] == [
        (1, "new", Decimal("1.50"), False),
        (2, "Item 2", Decimal("2.50"), True),
    ]

    await place.topics.forget(place.topic, {1: 4})
    await place.change("u", item(1), item(1, name="lost"), 1)
    await place.topics.forget(place.topic, {1: 5})
    lost = await place.run("changes-to-warehouse", "item")
    assert lost.state is State.FAILED
    assert lost.cursor_after in (None, second.cursor_after)


async def test_a_sheet_is_tried_and_run(place: Place) -> None:
    path = place.files / "prices.xlsx"
    rows: Any = [["Price list 2026"], [], ["SKU", "Price", "Valid from"]]
    rows += [[f"{n:05}", n + 0.25, dt.date(2026, 1, 1 + n)] for n in range(5)]
    write_book(path, {"Notes": [["do not read"]], "Prices": rows})

    tried = await place.dry_run("excel-prices")
    assert tried[1] == {"sku": "00001", "price": 1.25, "valid_from": "2026-01-02"}
    assert await place.rows("price_list") == []

    first = await place.run("excel-to-pricing", "price")
    assert (first.state, first.counters.success) == (State.SUCCEEDED, 5)
    rows[4][1] = 99
    rows.append(["00009", "ask us", None])
    write_book(path, {"Notes": [["do not read"]], "Prices": rows})
    second = await place.run("excel-to-pricing", "price")

    assert second.state is State.PARTIAL_SUCCESS
    counted = second.counters
    assert (counted.total, counted.skipped, counted.success, counted.failed) == (6, 4, 1, 1)
    assert sorted(await place.rows("price_list"))[:2] == [
        ("00000", Decimal("0.25"), dt.date(2026, 1, 1)),
        ("00001", Decimal(99), dt.date(2026, 1, 2)),
    ]


@pytest.mark.parametrize("upsert", [True, False])
async def test_a_killed_execute_loses_no_message_and_doubles_none_unasked(
    place: Place, upsert: bool
) -> None:
    count, topic = 4000, await place.topics.create(3)
    mode = "upsert" if upsert else "append"
    (place.files / "items.csv").write_text("sku\n" + "".join(f"A{n}\n" for n in range(count)))
    text = TO_TOPICS.replace("MODE", mode).replace("TOPIC", topic)
    await place.configure(PAGE_DOCUMENTS + "---" + text.replace("UPSERT", str(upsert).lower()))

    run_id = await place.installed.trigger(instance=mode, entityType="item")
    await eventually(lambda: place.topics.read(topic), within=30)
    await place.installed.stop("execute", signal.SIGKILL)
    await place.installed.start("execute")
    run = await place.installed.ended(run_id)

    messages = await place.topics.read(topic)
    keys = Counter(message.key.decode() for message in messages)
    repeats = {(m.key, dict(m.headers)["syncline-key"]) for m in messages}
    assert len(repeats) == len(keys)  # a reader can tell them from versions
    doubts = await place.db.fetch(
        "select source_id, code from dead_letters where run_id = $1", run_id
    )
    assert {row["code"] for row in doubts} <= {"ambiguous_write"}
    assert run.counters.success + len(doubts) == count
    missing = {f"A{n}" for n in range(count)} - keys.keys()
    assert missing <= {row["source_id"] for row in doubts}
    assert not (upsert and doubts)
    assert upsert or max(keys.values()) == 1


@pytest.fixture
async def table(place: Place, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The table that a template's own SQL makes."""
    await place.db.execute(template(request.param).files["items.sql"])
    yield "items"
    await place.db.execute("drop table items")


def warehouse(place: Place) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the settings of the database that the templates write to, and its secret."""
    dsn = place.installed.dsn
    config = {"config": config_of(dsn)}
    return config, {"POSTGRESQL_PASSWORD": urlsplit(dsn).password or "-"}


@pytest.mark.parametrize("table", ["mysql-postgresql"], indirect=True)
async def test_mysql_to_postgresql(place: Place, table: str, mariadb: str, tmp_path: Path) -> None:
    columns = "sku varchar(20) primary key, name varchar(50), price decimal(20,4)"
    changed = "2026-01-01 08:15:00"
    config, secrets = warehouse(place)
    async with mysql_database(mariadb) as shop:
        await shop.run(f"create table items ({columns}, updated_at datetime(3), key (updated_at))")
        await shop.run(f"insert into items values ('A1', ' Pen ', 2.5, '{changed}')")
        await shop.run(f"insert into items values ('A2', 'Ink', 7, '{changed}')")
        profiles = {"mysql": {"config": config_of(shop.url)}, "postgresql": config}
        secrets |= {"MYSQL_PASSWORD": PASSWORD}
        await place.store("mysql-postgresql", tmp_path, profiles, secrets=secrets)

        tried = await place.dry_run("mysql-postgresql-items")
        assert [record["name"] for record in tried] == ["Pen", "Ink"]
        assert await place.rows(table) == []
        first = await place.run("mysql-postgresql", "item")
        assert (first.state, first.counters.success) == (State.SUCCEEDED, 2), first.failure
        await shop.run("update items set price = 9, updated_at = '2026-02-01' where sku = 'A1'")
        second = await place.run("mysql-postgresql", "item")

    assert second.counters.success == 1
    assert await place.rows(f"(select sku, name, price, changed::text from {table}) t") == [
        ("A1", "Pen", Decimal(9), "2026-02-01 00:00:00"),
        ("A2", "Ink", Decimal(7), changed),
    ]


@pytest.mark.parametrize("table", ["kafka-postgresql"], indirect=True)
async def test_kafka_to_postgresql(place: Place, table: str, tmp_path: Path) -> None:
    def event(op: str, before: object, after: object) -> tuple[bytes, bytes]:
        row: Any = after or before
        document = {"op": op, "before": before, "after": after, "source": {}, "ts_ms": 0}
        return json.dumps({"id": row["id"]}).encode(), json.dumps(document).encode()

    config, secrets = warehouse(place)
    topics = place.topics
    topic = await topics.create()
    pen = {"id": "A1", "name": "Pen", "price": "2.50"}
    ink = {"id": "A2", "name": "Ink", "price": "2.50"}
    await topics.write(topic, [event("r", None, pen), event("c", None, ink)])
    kafka = {"config": {"bootstrapServers": topics.bootstrap}, "secrets": {}}
    profiles = {"kafka": kafka, "postgresql": config}
    theirs = {"inventory.public.items": topic}
    await place.store("kafka-postgresql", tmp_path, profiles, theirs, secrets)

    tried = await place.dry_run("kafka-postgresql-items")
    assert tried == [
        {"id": "A1", "is_deleted": False, "name": "Pen", "price": 2.5},
        {"id": "A2", "is_deleted": False, "name": "Ink", "price": 2.5},
    ]
    assert await place.rows(table) == []
    first = await place.run("kafka-postgresql", "item")
    assert (first.state, first.counters.success) == (State.SUCCEEDED, 2), first.failure
    await topics.write(topic, [event("d", pen, None)])
    second = await place.run("kafka-postgresql", "item")

    assert second.counters.success == 1
    assert await place.rows(table) == [
        ("A1", "Pen", Decimal("2.50"), True),
        ("A2", "Ink", Decimal("2.50"), False),
    ]


async def test_csv_to_http(place: Place, tmp_path: Path) -> None:
    file = place.files / "items.csv"
    file.write_text("sku,name,price\nA1, Pen ,2.50\nA2,Ink,7\n")
    async with listening(HttpApi()) as api:
        api.login = "Bearer t0ken"
        profiles: dict[str, dict[str, Any]] = {
            "files": {"config": {"folder": str(place.files)}},
            "api": {"config": {"baseUrl": api.url, "auth": {"type": "bearer"}}},
        }
        secrets = {"API_TOKEN": "t0ken"}
        await place.store("csv-http", tmp_path, profiles, secrets=secrets)

        tried = await place.dry_run("csv-http-items")
        assert tried[0] == {"name": "Pen", "price": 2.5, "sku": "A1"}
        assert api.asked == []
        first = await place.run("csv-http", "item")
        assert (first.state, first.counters.success) == (State.SUCCEEDED, 2), first.failure
        file.write_text("sku,name,price\nA1,Pen,3\nA2,Ink,7\n")
        second = await place.run("csv-http", "item")

    assert (second.counters.success, second.counters.skipped) == (1, 1)
    kept = sorted((i["sku"], i["name"], float(i["price"])) for i in api.items.values())
    assert kept == [("A1", "Pen", 3.0), ("A2", "Ink", 7.0)]
