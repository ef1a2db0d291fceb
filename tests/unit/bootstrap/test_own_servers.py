"""The installation's own servers are named from its settings, and no connector may call them."""

from __future__ import annotations

import pytest

from syncline.bootstrap.own_servers import own_servers
from syncline.bootstrap.settings import Settings


@pytest.mark.parametrize(
    ("dsn", "servers"),
    [
        ("postgresql://u:p@db.local:5433/d", ["db.local:5433"]),
        ("postgresql://u:p@db.local/d?sslmode=require", ["db.local:5432"]),
        ("postgresql://u@one:1,two/d", ["one:1", "two:5432"]),
        ("postgresql://u@[fd00::7]:5433/d", ["[fd00::7]:5433"]),
        ("postgresql://u@[fd00::7]/d", ["[fd00::7]:5432"]),
        ("postgresql:///d?host=db.local&port=5433", ["db.local:5433"]),
        ("postgresql:///d?host=/var/run/postgresql", ["127.0.0.1:5432"]),
        ("postgresql:///d", ["127.0.0.1:5432"]),
        ("postgresql://u@%2Fvar%2Frun:5433/d", ["127.0.0.1:5433"]),
    ],
)
def test_the_database_is_where_the_dsn_leads(dsn: str, servers: list[str]) -> None:
    assert own_servers(dsn, "kafka:9092", "127.0.0.1", 0) == (*servers, "kafka:9092")


def test_brokers_and_the_health_port_are_own_servers_too() -> None:
    found = own_servers("postgresql://db/d", "a:9092, b:9093", "0.0.0.0", 8080)
    assert found == ("db:5432", "a:9092", "b:9093", "0.0.0.0:8080")


def test_connectors_are_told_what_they_may_not_call() -> None:
    settings = Settings(
        kafka_bootstrap="kafka:9092",
        outbound_allow="10.0.0.0/8, db.local:5432",
        outbound_deny="10.0.0.53",
        health_port=0,
    )
    around = settings.surroundings("default")
    assert around.outbound_allow == ("10.0.0.0/8", "db.local:5432")
    assert around.outbound_deny == ("127.0.0.1:15432", "kafka:9092", "10.0.0.53")
