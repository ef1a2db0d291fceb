"""What the monitor exports of the installation, and that it stops when another one looks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from syncline.domain.service_status import Dot, ServiceStatus
from syncline.kafka.lag import Replication
from syncline.postgres.limits.breakers import OpenBreaker
from syncline.postgres.monitoring.installation_figures import ServerFigures, StreamFigures
from syncline.telemetry.metrics import METRICS, REGISTRY, exposition
from syncline_monitor import installation_metrics

EARLY, LATE = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2))
STREAMS = [
    StreamFigures("acme", "erp-shop", "item", EARLY, 5.0, False),
    StreamFigures("acme", "erp-hub", "item", LATE, 70.0, True),
    StreamFigures("acme", "erp-hub", "order", None, 1.0, True),
]


@pytest.fixture(autouse=True)
def names() -> Iterator[None]:
    METRICS.has_names = True
    yield
    METRICS.has_names = False
    installation_metrics.forget()


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"syncline_{name}", labels)


def stream(name: str, instance: str, entity: str) -> float | None:
    return value(name, tenant="acme", instance_name=instance, entity_type=entity)


def test_each_stream_has_its_figures() -> None:
    installation_metrics.export_streams(STREAMS)
    assert stream("last_success_timestamp_seconds", "erp-hub", "item") == LATE.timestamp()
    assert stream("last_success_timestamp_seconds", "erp-hub", "order") is None, "it never did"
    assert stream("last_duration_seconds", "erp-hub", "order") == 1.0
    assert value("failing_streams") == 2
    installation_metrics.export_streams(STREAMS[:1])
    assert stream("last_duration_seconds", "erp-hub", "order") is None, "it was removed"


def test_without_names_the_worst_stream_of_an_entity_type_counts() -> None:
    METRICS.has_names = False
    installation_metrics.export_streams(STREAMS)
    labels = {"tenant": "", "instance_name": "", "entity_type": "item"}
    assert value("last_success_timestamp_seconds", **labels) == EARLY.timestamp()
    assert value("last_duration_seconds", **labels) == 70.0


def test_a_breaker_that_closes_is_gone() -> None:
    breaker = OpenBreaker("p", "acme", "shop", EARLY, "away", 1.0, has_parked=False)
    installation_metrics.export_problems(3, [breaker])
    assert value("open_breaker", tenant="acme", profile="shop") == 1
    installation_metrics.export_problems(3, [])
    assert value("open_breaker", tenant="acme", profile="shop") is None
    assert (value("open_breakers"), value("pending_dead_letters")) == (0, 3)


def test_nothing_of_the_installation_is_exported_when_another_monitor_looks() -> None:
    services = [ServiceStatus("execute", Dot.GREEN, "works", waiting=3, oldest_seconds=9.0)]
    installation_metrics.export_services(services)
    installation_metrics.export_problems(3, [])
    installation_metrics.export_streams(STREAMS)
    installation_metrics.export_servers(ServerFigures(1, 2, 3), Replication(1, 8, 0, 0))
    assert value("stage_oldest_seconds", stage="execute") == 9.0
    assert value("kafka_partitions", state="whole") == 8
    installation_metrics.forget()
    own = [name for name in METRICS_OF_MONITOR if f"\n{name}" in exposition().decode()]
    assert own == []


METRICS_OF_MONITOR = [
    f"syncline_{name}"
    for name in (
        "stage_oldest_seconds{", "stage_waiting{", "stage_workers{", "kafka_partitions{",
        "kafka_brokers ", "database_bytes ", "pending_dead_letters ", "failing_streams ",
        "last_duration_seconds{",
    )
]  # fmt: skip
