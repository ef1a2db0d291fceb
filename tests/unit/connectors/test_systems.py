"""How connectors name the systems that profiles lead to."""

from __future__ import annotations

from typing import Any

import pytest

from syncline.connectors.registry import connector_class

POSTGRESQL = {"host": "DB.local", "database": "shop", "user": "u"}


@pytest.mark.parametrize(
    ("connector", "config", "target", "name"),
    [
        ("postgresql", POSTGRESQL, None, "db.local:5432/shop"),
        ("postgresql", POSTGRESQL, {"table": "items"}, "db.local:5432/shop/items"),
        ("postgresql", {**POSTGRESQL, "user": "v"}, {"table": "a.b"}, "db.local:5432/shop/a.b"),
        ("postgresql", {**POSTGRESQL, "schema": "s"}, {"table": "b"}, "db.local:5432/shop/s.b"),
        ("mssql", POSTGRESQL, {"table": "dbo.items"}, "db.local:1433/shop/dbo.items"),
        ("hana", {"host": "B1", "user": "u", "schema": "DEMO"}, None, "b1:30015/DEMO"),
        ("oracle", POSTGRESQL, {"table": 'shop."Items"'}, "db.local:1521/shop/SHOP.Items"),
        ("mysql", POSTGRESQL, {"table": "items"}, "db.local:3306/shop/items"),
        ("mysql", POSTGRESQL, {"table": "a.b"}, "db.local:3306/a/b"),
        ("http", {"baseUrl": "https://API.example/v1"}, {"endpoint": "/x"}, "api.example/v1"),
        ("http", {"baseUrl": "http://api.example/v1"}, None, "api.example/v1"),
        ("sqlite", {"file": "/data/a.db"}, {"table": "items"}, "/data/a.db/items"),
        (
            "business-one",
            {"url": "https://B1.local:50000", "company": "Demo", "username": "u"},
            {"entity": "salesorder"},
            "b1.local:50000/Demo",
        ),
        ("kafka", {"bootstrapServers": "K1:9092, k2:9092"}, None, "k1:9092"),
        ("kafka", {"bootstrapServers": "k1:9092"}, {"topic": "items"}, "k1:9092/items"),
        ("file", {"folder": "/data"}, {}, ""),
    ],
)
def test_a_system_has_one_name(
    connector: str, config: dict[str, Any], target: dict[str, Any] | None, name: str
) -> None:
    assert connector_class(connector).system_of(config, target) == name
