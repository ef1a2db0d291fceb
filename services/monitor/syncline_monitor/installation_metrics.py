"""Metrics of the whole installation: exported while this monitor is the one that looks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from syncline.domain.service_status import ServiceStatus
from syncline.kafka.lag import Replication
from syncline.postgres.limits.breakers import OpenBreaker
from syncline.postgres.monitoring.installation_figures import ServerFigures, StreamFigures
from syncline.telemetry.metrics import METRICS

_BY_LABEL = (
    METRICS.stage_workers,
    METRICS.stage_waiting,
    METRICS.stage_oldest,
    METRICS.stage_rate,
    METRICS.open_breaker,
    METRICS.last_success,
    METRICS.last_duration,
    METRICS.kafka_partitions,
)
_SINGLE = (
    METRICS.pending_dead_letters,
    METRICS.open_breakers,
    METRICS.failing_streams,
    METRICS.database_bytes,
    METRICS.database_sessions,
    METRICS.database_most_sessions,
    METRICS.kafka_brokers,
)


def forget() -> None:
    """Export nothing any more: another monitor looks, and these figures grow old."""
    for labelled in _BY_LABEL:
        labelled.clear()
    for single in _SINGLE:
        single.forget()


def export_services(statuses: Sequence[ServiceStatus]) -> None:
    for each in statuses:
        METRICS.stage_workers.labels(each.service).set(len(each.workers))
        if each.waiting is None:
            continue
        METRICS.stage_waiting.labels(each.service).set(each.waiting)
        METRICS.stage_oldest.labels(each.service).set(each.oldest_seconds or 0.0)
        for direction, rates in (("in", each.incoming), ("out", each.outgoing)):
            METRICS.stage_rate.labels(each.service, direction).set(rates.ten_seconds)


def export_problems(pending_dead_letters: int, breakers: Sequence[OpenBreaker]) -> None:
    METRICS.pending_dead_letters.set(pending_dead_letters)
    METRICS.open_breakers.set(len(breakers))
    METRICS.open_breaker.clear()
    for breaker in breakers:
        METRICS.open_breaker.labels(METRICS.name_of(breaker.tenant), breaker.name).set(1)


def export_streams(streams: Sequence[StreamFigures]) -> None:
    """Export each stream; those that look alike without names as the worst of them."""
    alike: dict[tuple[str, str, str], list[StreamFigures]] = defaultdict(list)
    for stream in streams:
        names = METRICS.name_of(stream.tenant), METRICS.name_of(stream.instance)
        alike[*names, stream.entity_type].append(stream)
    METRICS.failing_streams.set(sum(stream.is_failing for stream in streams))
    METRICS.last_success.clear()
    METRICS.last_duration.clear()
    for labels, same in alike.items():
        METRICS.last_duration.labels(*labels).set(max(stream.seconds for stream in same))
        succeeded = [s.succeeded_at.timestamp() for s in same if s.succeeded_at is not None]
        if succeeded:
            METRICS.last_success.labels(*labels).set(min(succeeded))


def export_servers(server: ServerFigures, kafka: Replication) -> None:
    METRICS.database_bytes.set(server.bytes)
    METRICS.database_sessions.set(server.sessions)
    METRICS.database_most_sessions.set(server.most_sessions)
    METRICS.kafka_brokers.set(kafka.brokers)
    METRICS.kafka_partitions.labels("whole").set(kafka.whole)
    METRICS.kafka_partitions.labels("under_replicated").set(kafka.under_replicated)
    METRICS.kafka_partitions.labels("leaderless").set(kafka.leaderless)
