"""All Prometheus metrics. Labels have few values: stages, topics, outcomes, no IDs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import Metric

from syncline.telemetry.weighted_histogram import WeightedHistogram

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)


def _counter(name: str, words: str, labels: str = "") -> Counter:
    return Counter(f"syncline_{name}", words, labels.split(), registry=REGISTRY)


def _gauge(name: str, words: str, labels: str = "") -> Gauge:
    return Gauge(f"syncline_{name}", words, labels.split(), registry=REGISTRY)


class _InstallationGauge(Gauge):
    """A figure of the whole installation: only the process that has looked exports it."""

    _is_known = False

    def set(self, value: float) -> None:
        self._is_known = True
        super().set(value)

    def forget(self) -> None:
        """Export it no more: another process has taken over."""
        self._is_known = False

    def collect(self) -> Iterable[Metric]:
        return super().collect() if self._is_known else self.describe()


def _installation(name: str, words: str) -> _InstallationGauge:
    return _InstallationGauge(f"syncline_{name}", words, registry=REGISTRY)


def _histogram(name: str, words: str, buckets: Sequence[float], labels: str = "") -> Histogram:
    name = f"syncline_{name}"
    return Histogram(name, words, labels.split(), registry=REGISTRY, buckets=buckets)


class BoundedValues:
    """Values of a label that people choose: the first `most` are shown, the others as `others`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def bounded(self, value: str) -> str:
        """Return what the label shows."""
        if value not in self._known and len(self._known) >= self._most:
            return "others"
        self._known.add(value)
        return value


class Metrics:
    """The metrics of a process; labels are separated by spaces.

    Attributes:
        has_names: whether labels name tenants and instances (SYNCLINE_METRICS_NAMES).
    """

    has_names = False

    def name_of(self, tenant_or_instance: str) -> str:
        """Return what a label shows of a tenant or an instance: nothing where none are named."""
        return tenant_or_instance if self.has_names else ""

    records = _counter(
        "records",
        "Records by stage and outcome; `passed` are those that a stage sent on. Finalize counts "
        "the outcomes of all stages. A repeated message counts again.",
        "stage outcome",
    )
    batch_seconds = _histogram(
        "batch_seconds",
        "Seconds of a handler call, which handles several messages.",
        (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
        "stage",
    )
    messages = _counter("messages", "Messages taken from topics.", "stage topic")
    lag = _gauge("lag", "Messages of a partition that are not finished.", "stage topic partition")
    retries = _counter("retries", "Records sent to a retry topic.", "stage")
    dead_letters = _counter("dead_letters", "Records given up.", "stage category")
    poison = _counter(
        "poison",
        "Messages sent to the DLQ as they are: unreadable, or with a bug in every attempt.",
        "stage",
    )
    killers = _counter(
        "messages_set_aside",
        "Messages set aside because processes died while they handled them.",
        "stage",
    )
    foreign = _counter(
        "foreign_messages",
        "Messages that were not believed: without our digest, or of a run that is not theirs. "
        "The reader is a stage or another reader of the topic.",
        "reader topic",
    )
    refused_keys = _counter("refused_keys", "Requests to the gateway with a wrong API key.")
    outages = _counter("pauses", "Waits because something needed was away.", "stage")
    rebuilds = _counter("client_rebuilds", "Kafka clients replaced by new ones.", "client")
    gone_unread = _counter(
        "messages_gone_unread",
        "Messages that retention deleted before the stage read them.",
        "stage topic",
    )
    log_lines_lost = _counter(
        "log_lines_lost",
        "Lines of the log that were lost because standard error was blocked or could not be "
        "written.",
    )
    unknown_batches = _counter(
        "unknown_batches",
        "Reports about batches that the database does not have: it was restored to an earlier "
        "time, or retention removed them.",
    )
    clock_skew = _gauge(
        "clock_skew_seconds",
        "Seconds that the clock of the machine is ahead of the database's; 0 where it is right.",
    )
    loop_lag = _gauge("loop_lag_seconds", "How late the event loop woke up.")
    build = Info("syncline_build", "The release of the process.", registry=REGISTRY)
    runs = _counter(
        "runs", "Runs by the state in which they ended. A repeated report counts again.", "state"
    )
    record_seconds = WeightedHistogram(
        "syncline_record_seconds",
        "Seconds from a record's way into the pipeline to its outcome, without records that Ingest "
        "left out as unchanged and those that failed. A repeated message counts again.",
        (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21600),
        REGISTRY,
    )
    call_seconds = _histogram(
        "call_seconds",
        "Seconds of a call of a profile, with the slot that it held: a page read, a bulk looked up "
        "or written.",
        (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
        "tenant profile",
    )
    failed_calls = _counter(
        "failed_calls",
        "Calls that failed as a whole, by the code of their failure.",
        "tenant profile code",
    )
    answers = _counter(
        "answers",
        "Answers to HTTP requests of connectors; the status `none`: no whole answer came.",
        "tenant profile status",
    )
    in_flight = _installation(
        "in_flight_records",
        "Records of open runs without an outcome, of the whole installation; set by finalize.",
    )
    stage_waiting = _gauge(
        "stage_waiting",
        "About how many records (runs for trigger and ingest) wait for a stage; set by monitor.",
        "stage",
    )
    stage_oldest = _gauge(
        "stage_oldest_seconds",
        "Least age of the oldest message that waits for a stage; set by monitor.",
        "stage",
    )
    stage_workers = _gauge(
        "stage_workers", "Processes of a service that work now; set by monitor.", "stage"
    )
    stage_rate = _gauge(
        "stage_records_per_second",
        "Records a second into and out of a stage, over ten seconds; set by monitor.",
        "stage direction",
    )
    schedule_firings = _counter(
        "schedule_firings",
        "Firings of schedules by result: fired, skipped, refused, missed.",
        "result",
    )
    schedule_lateness = _histogram(
        "schedule_lateness_seconds",
        "Seconds between a schedule's slot and its trigger on Kafka, without catch-ups.",
        (0.5, 1, 2, 5, 15, 60),
    )
    hook_deliveries = _counter(
        "hook_deliveries",
        "Signed deliveries to hooks by result: accepted, repeated, ignored.",
        "result",
    )
    hook_refusals = _counter(
        "hook_refusals",
        "Deliveries to hooks that were refused: unknown, signature, too_large, too_many.",
        "reason",
    )
    hook_changes = _counter(
        "hook_changes",
        "Changes that hooks received: taken into a run, or folded with another of their record.",
        "result",
    )
    alerts = _counter("alerts", "Notifications of state changes.", "alert")
    deliveries = _counter(
        "deliveries",
        "Attempts to deliver a notification: delivered, failed (tried again) or given_up.",
        "kind outcome",
    )
    pending_dead_letters = _installation(
        "pending_dead_letters",
        "Dead letters that nobody has dealt with, of the whole installation; set by monitor.",
    )
    open_breakers = _installation(
        "open_breakers",
        "Profiles that are left alone because their system does not answer; set by monitor.",
    )
    open_breaker = _gauge(
        "open_breaker",
        "1 for each profile that is left alone because its system does not answer; set by monitor.",
        "tenant profile",
    )
    failing_streams = _installation(
        "failing_streams", "Streams whose newest run has failed; set by monitor."
    )
    last_success = _gauge(
        "last_success_timestamp_seconds",
        "When a run of the stream last succeeded; without names of instances, of the stream for "
        "which that was longest ago; set by monitor.",
        "tenant instance_name entity_type",
    )
    last_duration = _gauge(
        "last_duration_seconds",
        "How long the newest ended run of the stream took; without names of instances, the longest "
        "of these; set by monitor.",
        "tenant instance_name entity_type",
    )
    database_bytes = _installation("database_bytes", "Size of the database; set by monitor.")
    database_sessions = _installation(
        "database_sessions", "Sessions of the PostgreSQL server; set by monitor."
    )
    database_most_sessions = _installation(
        "database_most_sessions", "Sessions that the PostgreSQL server allows; set by monitor."
    )
    kafka_brokers = _installation("kafka_brokers", "Brokers that are there; set by monitor.")
    kafka_partitions = _gauge(
        "kafka_partitions",
        "Partitions of the stages' topics by state: whole, under_replicated (a replica is behind "
        "or away), leaderless; set by monitor.",
        "state",
    )
    http_seconds = _histogram(
        "http_seconds",
        "Seconds of a request to the gateway, without streams, by its route and answer.",
        (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
        "method route status",
    )
    open_streams = _gauge("open_streams", "Streams of events that the gateway has open.")
    deliveries_waiting = _installation(
        "deliveries_waiting",
        "Notifications that are still to be delivered, of the whole installation.",
    )

    def begin_stage(self, stage: str, topics: Iterable[str]) -> None:
        """Export what goes wrong in a stage from 0 on: an increase from nothing to 1 is none."""
        for counter in (self.retries, self.poison, self.killers, self.outages):
            counter.labels(stage)
        for client in ("consumer", "producer"):
            self.rebuilds.labels(client)
        for topic in topics:
            self.foreign.labels(stage, topic)
            self.gone_unread.labels(stage, topic)


METRICS = Metrics()
METRICS.build.info({"version": version("syncline")})


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
