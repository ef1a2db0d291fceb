"""Every Prometheus metric, named once. Labels are bounded: stages, topics, outcomes, no IDs."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()


class Metrics:
    """The metrics of a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.records = Counter(
            "syncline_records",
            "Records by stage and outcome; what a stage handed on is `passed`. Finalize counts the "
            "outcomes of all stages. A repeated message counts again.",
            ["stage", "outcome"],
            registry=registry,
        )
        self.batch_seconds = Histogram(
            "syncline_batch_seconds",
            "Seconds a handler call took, a batch of messages each.",
            ["stage"],
            registry=registry,
            buckets=(0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
        )
        self.messages = Counter(
            "syncline_messages",
            "Messages taken from topics.",
            ["stage", "topic"],
            registry=registry,
        )
        self.lag = Gauge(
            "syncline_lag",
            "Messages of a partition that are not finished.",
            ["stage", "topic", "partition"],
            registry=registry,
        )
        self.retries = Counter(
            "syncline_retries", "Records sent to a retry topic.", ["stage"], registry=registry
        )
        self.dead_letters = Counter(
            "syncline_dead_letters", "Records given up.", ["stage", "category"], registry=registry
        )
        self.poison = Counter(
            "syncline_poison",
            "Messages sent to the DLQ as they are: unreadable, or with a bug in every try.",
            ["stage"],
            registry=registry,
        )
        self.outages = Counter(
            "syncline_pauses",
            "Waits because something that is needed was away.",
            ["stage"],
            registry=registry,
        )
        self.rebuilds = Counter(
            "syncline_client_rebuilds",
            "Kafka clients replaced by new ones.",
            ["client"],
            registry=registry,
        )
        self.gone_unread = Counter(
            "syncline_messages_gone_unread",
            "Messages that retention deleted before the stage read them.",
            ["stage", "topic"],
            registry=registry,
        )
        self.loop_lag = Gauge(
            "syncline_loop_lag_seconds", "How late the event loop woke up.", registry=registry
        )
        self.in_flight = Gauge(
            "syncline_in_flight_records",
            "Records of open runs without an outcome, of the whole installation; told by finalize.",
            registry=registry,
        )
        self.stage_waiting = Gauge(
            "syncline_stage_waiting",
            "Records (runs of trigger and ingest) that wait for a stage, about; told by monitor.",
            ["stage"],
            registry=registry,
        )
        self.stage_oldest = Gauge(
            "syncline_stage_oldest_seconds",
            "Age of the oldest message that waits for a stage, at least; told by monitor.",
            ["stage"],
            registry=registry,
        )
        self.stage_workers = Gauge(
            "syncline_stage_workers",
            "Processes of a service that were heard of late; told by monitor.",
            ["stage"],
            registry=registry,
        )
        self.stage_rate = Gauge(
            "syncline_stage_records_per_second",
            "Records into and out of a stage, over ten seconds; told by monitor.",
            ["stage", "direction"],
            registry=registry,
        )  # fmt: skip
        self.schedule_firings = Counter(
            "syncline_schedule_firings",
            "Firings of schedules by what became of them: fired, skipped, refused, missed.",
            ["result"],
            registry=registry,
        )
        self.schedule_lateness = Histogram(
            "syncline_schedule_lateness_seconds",
            "Seconds between a schedule's slot and its trigger lying on Kafka; catch-ups left out.",
            registry=registry,
            buckets=(0.5, 1, 2, 5, 15, 60),
        )
        self.alerts = Counter(
            "syncline_alerts", "State changes that were told.", ["alert"], registry=registry
        )
        self.deliveries = Counter(
            "syncline_deliveries",
            "Attempts to deliver a notification: delivered, failed (comes again) or given_up.",
            ["kind", "outcome"],
            registry=registry,
        )
        self.deliveries_waiting = Gauge(
            "syncline_deliveries_waiting",
            "Notifications that are still to be delivered, of the whole installation.",
            registry=registry,
        )


METRICS = Metrics(REGISTRY)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
