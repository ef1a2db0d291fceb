"""Every Prometheus metric, named once. Labels are bounded: stages, topics, outcomes, no IDs."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()


def _counter(name: str, words: str, *labels: str) -> Counter:
    return Counter(name, words, labels, registry=REGISTRY)


def _gauge(name: str, words: str, *labels: str) -> Gauge:
    return Gauge(name, words, labels, registry=REGISTRY)


def _histogram(name: str, words: str, buckets: Sequence[float], *labels: str) -> Histogram:
    return Histogram(name, words, labels, registry=REGISTRY, buckets=buckets)


class Metrics:
    """The metrics of a process."""

    records = _counter(
        "syncline_records",
        "Records by stage and outcome; what a stage handed on is `passed`. Finalize counts the "
        "outcomes of all stages. A repeated message counts again.",
        "stage",
        "outcome",
    )
    batch_seconds = _histogram(
        "syncline_batch_seconds",
        "Seconds a handler call took, a batch of messages each.",
        (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
        "stage",
    )
    messages = _counter("syncline_messages", "Messages taken from topics.", "stage", "topic")
    lag = _gauge(
        "syncline_lag",
        "Messages of a partition that are not finished.",
        "stage",
        "topic",
        "partition",
    )
    retries = _counter("syncline_retries", "Records sent to a retry topic.", "stage")
    dead_letters = _counter("syncline_dead_letters", "Records given up.", "stage", "category")
    poison = _counter(
        "syncline_poison",
        "Messages sent to the DLQ as they are: unreadable, or with a bug in every try.",
        "stage",
    )
    outages = _counter(
        "syncline_pauses", "Waits because something that is needed was away.", "stage"
    )
    rebuilds = _counter("syncline_client_rebuilds", "Kafka clients replaced by new ones.", "client")
    gone_unread = _counter(
        "syncline_messages_gone_unread",
        "Messages that retention deleted before the stage read them.",
        "stage",
        "topic",
    )
    loop_lag = _gauge("syncline_loop_lag_seconds", "How late the event loop woke up.")
    in_flight = _gauge(
        "syncline_in_flight_records",
        "Records of open runs without an outcome, of the whole installation; told by finalize.",
    )
    stage_waiting = _gauge(
        "syncline_stage_waiting",
        "Records (runs of trigger and ingest) that wait for a stage, about; told by monitor.",
        "stage",
    )
    stage_oldest = _gauge(
        "syncline_stage_oldest_seconds",
        "Age of the oldest message that waits for a stage, at least; told by monitor.",
        "stage",
    )
    stage_workers = _gauge(
        "syncline_stage_workers",
        "Processes of a service that were heard of late; told by monitor.",
        "stage",
    )
    stage_rate = _gauge(
        "syncline_stage_records_per_second",
        "Records into and out of a stage, over ten seconds; told by monitor.",
        "stage",
        "direction",
    )
    schedule_firings = _counter(
        "syncline_schedule_firings",
        "Firings of schedules by what became of them: fired, skipped, refused, missed.",
        "result",
    )
    schedule_lateness = _histogram(
        "syncline_schedule_lateness_seconds",
        "Seconds between a schedule's slot and its trigger lying on Kafka; catch-ups left out.",
        (0.5, 1, 2, 5, 15, 60),
    )
    alerts = _counter("syncline_alerts", "State changes that were told.", "alert")
    deliveries = _counter(
        "syncline_deliveries",
        "Attempts to deliver a notification: delivered, failed (comes again) or given_up.",
        "kind",
        "outcome",
    )
    deliveries_waiting = _gauge(
        "syncline_deliveries_waiting",
        "Notifications that are still to be delivered, of the whole installation.",
    )


METRICS = Metrics()


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
