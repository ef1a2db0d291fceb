"""Templates as they are written: stored, tried and run between real systems."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from syncline.domain.run import State
from syncline.postgres.database.database import open_database
from syncline.postgres.runs.auditor import audit
from syncline.resources.template import template
from syncline.testing.http_api import HttpApi
from tests.support import postgresql
from tests.support.http_world import listening
from tests.support.installation import installation
from tests.support.kafka import KafkaPlace
from tests.support.mariadb import PASSWORD, config_of, mysql_database
from tests.support.template_place import TemplatePlace
from tests.support.topics_of_others import others_topics


@pytest.fixture(scope="module")
async def place(
    module_kafka: KafkaPlace, module_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TemplatePlace]:
    kafka, folder = module_kafka, tmp_path_factory.mktemp("templates")
    servers = f"127.0.0.0/8,{kafka.bootstrap},127.0.0.1:{urlsplit(module_postgres).port}"
    extra = {"SYNCLINE_FILES_ROOTS": str(folder), "SYNCLINE_OUTBOUND_ALLOW": servers}
    async with (
        installation(kafka, module_postgres, folder, extra) as installed,
        open_database(module_postgres) as db,
    ):
        yield TemplatePlace(installed, db, folder)
        assert await audit(db) == []


@pytest.fixture
async def table(place: TemplatePlace, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The table that a template's own SQL makes."""
    await place.db.execute(template(request.param).files["items.sql"])
    yield "items"
    await place.db.execute("drop table items")


def warehouse(place: TemplatePlace) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the settings of the database that the templates write to, and its secret."""
    dsn = place.installed.dsn
    config = {"config": postgresql.config_of(dsn)}
    return config, {"POSTGRESQL_PASSWORD": urlsplit(dsn).password or "-"}


@pytest.mark.parametrize("table", ["mysql-postgresql"], indirect=True)
async def test_mysql_to_postgresql(
    place: TemplatePlace, table: str, mariadb: str, tmp_path: Path
) -> None:
    columns = "sku varchar(20) primary key, name varchar(50), price decimal(20,4)"
    changed = dt.datetime(2026, 1, 1, 8, 15)
    config, secrets = warehouse(place)
    async with mysql_database(mariadb) as shop:
        await shop.run(f"create table items ({columns}, updated_at datetime(3), key (updated_at))")
        await shop.run(f"insert into items values ('A1', ' Pen ', 2.5, '{changed}')")
        await shop.run(f"insert into items values ('A2', 'Ink', 7, '{changed}')")
        profiles = {"mysql": {"config": config_of(shop.url)}, "postgresql": config}
        secrets |= {"MYSQL_PASSWORD": PASSWORD}
        await place.store("mysql-postgresql", tmp_path, profiles, secrets=secrets)

        tried = await place.dry_run("mysql-postgresql-items")
        assert [(record["sku"], record["name"]) for record in tried] == [("A1", "Pen"), ("A2", "Ink")]
        assert await place.rows(table) == []
        first = await place.run("mysql-postgresql", "item")
        assert (first.state, first.counters.success) == (State.SUCCEEDED, 2), first.failure
        await shop.run("update items set price = 9, updated_at = '2026-02-01' where sku = 'A1'")
        second = await place.run("mysql-postgresql", "item")

    assert second.counters.success == 1
    assert await place.rows(table) == [
        ("A1", "Pen", Decimal(9), dt.datetime(2026, 2, 1)),
        ("A2", "Ink", Decimal(7), changed),
    ]


@pytest.mark.parametrize("table", ["kafka-postgresql"], indirect=True)
async def test_kafka_to_postgresql(place: TemplatePlace, table: str, tmp_path: Path) -> None:
    def event(op: str, before: object, after: object) -> tuple[bytes, bytes]:
        row: Any = after or before
        document = {"op": op, "before": before, "after": after, "source": {}, "ts_ms": 0}
        return json.dumps({"id": row["id"]}).encode(), json.dumps(document).encode()

    bootstrap = place.installed.connection.bootstrap
    config, secrets = warehouse(place)
    async with others_topics(bootstrap) as topics:
        topic = await topics.create()
        pen = {"id": "A1", "name": "Pen", "price": "2.50"}
        ink = {"id": "A2", "name": "Ink", "price": "2.50"}
        await topics.write(topic, [event("r", None, pen), event("c", None, ink)])
        kafka = {"config": {"bootstrapServers": bootstrap}, "secrets": {}}
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


async def test_csv_to_http(place: TemplatePlace, tmp_path: Path) -> None:
    file = place.files / "items.csv"
    file.write_text("sku,name,price\nA1, Pen ,2.50\nA2,Ink,7\n")
    async with listening(HttpApi()) as api:
        api.login = "Bearer t0ken"
        profiles = {
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
