"""Every topic: its logical name, who writes and reads it, and how it is kept. Spec section 7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from syncline.domain.retry import JITTER

HOUR = 60 * 60 * 1000
DAY = 24 * HOUR


class Topic(msgspec.Struct, frozen=True):
    """One topic.

    Attributes:
        name: logical name; on the broker it carries the installation's prefix (`syncline.raw`).
        purpose: one sentence for people.
        public: a documented contract that others may read or write.
        keep_ms: retention in milliseconds.
        compacted: keep the newest message of each key for ever instead.
        single: one partition, however many other topics have.
        segment_ms: milliseconds after which the broker begins a new file; it deletes or compacts
            old files only.
        broker_time: messages carry the broker's time of arrival, not their sender's time.
    """

    name: str
    purpose: str
    writers: str
    readers: str
    public: bool = False
    keep_ms: int = 7 * DAY
    compacted: bool = False
    single: bool = False
    segment_ms: int | None = None
    broker_time: bool = False


class Stage(StrEnum):
    """The stages that a record passes; outcomes, retries and dead letters name them."""

    INGEST = "ingest"
    NORMALIZE = "normalize"
    TRANSFORM = "transform"
    EXECUTE = "execute"


FINALIZE = "finalize"
"""The stage that counts outcomes; no record fails there."""
INPUT_OF = {Stage.NORMALIZE: "raw", Stage.TRANSFORM: "canonical", Stage.EXECUTE: "payload"}
"""The topic a stage takes its bundles from."""

RETRY_TIERS = (2, 8, 32, 120, 300)
"""Delay of each retry topic in seconds."""

TRIGGERS = "triggers"
TENANT_TRIGGERS = "triggers."
"""Begins the names of the trigger topics of single tenants."""
RUNS = "runs"
OUTCOMES = "outcomes"
DLQ = "dlq"
STATUS = "status"
CONTROL = "control"
SNAPSHOTS = "snapshots"
RETRY_PREFIX = "retry."

MONITOR_TABLE = "monitor-processes-changelog"
"""The monitor's table of processes; Faust makes the name."""


def is_open(topic: str) -> bool:
    """Tell whether anybody who is allowed may write to a topic, not just services of ours."""
    return topic == TRIGGERS or topic.startswith(TENANT_TRIGGERS)


def retry_topic(delay: float) -> str:
    """Return the retry topic for a delay in seconds: the longest tier that is not too long.

    A delay that jitter made shorter than its tier lies there all the same: in the tier below, it
    would stand before messages that are due sooner.
    """
    fitting = [tier for tier in RETRY_TIERS if tier * (1 - JITTER) <= delay] or [RETRY_TIERS[0]]
    return f"{RETRY_PREFIX}{fitting[-1]}s"


def tier_of(topic: str) -> int:
    """Return the delay of a retry topic in seconds."""
    return int(topic.removeprefix(RETRY_PREFIX).removesuffix("s"))


TOPICS: tuple[Topic, ...] = (
    Topic(TRIGGERS, "Asks for a run.", "anyone allowed", "trigger", public=True),
    Topic(RUNS, "Accepted run requests.", "trigger", "ingest"),
    Topic("raw", "Bundles of raw records.", "ingest, retry", "normalize"),
    Topic("canonical", "Bundles of canonical records.", "normalize, ingest, retry", "transform"),
    Topic("payload", "Bundles of target payloads.", "transform, ingest, retry", "execute"),
    Topic(OUTCOMES, "Outcomes of records by batch, and the manifest.", "all stages", "finalize"),
    *(
        Topic(retry_topic(tier), f"Failed records; wait about {tier} s.", "stages", "retry")
        for tier in RETRY_TIERS
    ),
    Topic(
        DLQ,
        "Records that failed for good.",
        "stages",
        "deadletter, anyone",
        public=True,
        keep_ms=30 * DAY,
    ),
    Topic(STATUS, "What happens to runs.", "finalize, trigger", "notifier, anyone", public=True),
    Topic(
        CONTROL,
        "Cancels and pauses, by correlation ID.",
        "CLI, gateway",
        "all stages",
        compacted=True,
        single=True,
    ),
    Topic(
        SNAPSHOTS,
        "What each process has done since it started, once a second.",
        "all services",
        "monitor",
        keep_ms=HOUR,
        single=True,
        segment_ms=HOUR // 4,
        broker_time=True,
    ),
    Topic(
        MONITOR_TABLE,
        "The newest snapshot of each process.",
        "monitor",
        "monitor",
        compacted=True,
        single=True,
        segment_ms=HOUR,
    ),
)


def tenant_triggers(tenant: str) -> Topic:
    """Return the trigger topic of one tenant, which it may have."""
    purpose = "Asks for a run of one tenant."
    who = ("whom its ACL allows", "trigger")
    return Topic(f"{TENANT_TRIGGERS}{tenant}", purpose, *who, public=True, single=True)


READS: Mapping[str, Sequence[str]] = {
    "trigger": [TRIGGERS],
    "ingest": [RUNS],
    **{stage.value: [INPUT_OF[stage]] for stage in INPUT_OF},
    "finalize": [OUTCOMES],
    "retry": [retry_topic(tier) for tier in RETRY_TIERS],
    "deadletter": [DLQ],
}
"""The topics that each stage reads, in the order in which a record passes the stages."""
BY_NAME = {topic.name: topic for topic in TOPICS}


_HEAD = """# Topics

Made from `shared/syncline/contracts/topics.py` by `python -m syncline.contracts.topics`.

Names begin with the installation's prefix, `syncline.` by default. The key of every message is the
correlation ID of its run; what else there is to know of the run, its reader loads. Headers:
`correlation-id`, `tenant`, `attempt` on retries, `stage-timings` (how long each stage had the
records), `traceparent`, and `syncline-digest`, without which a message is believed on `triggers`
alone ([message keys](operations.md#message-keys)). `syncline topics create` makes the topics.

A bundle is one message with several batches of one run and lane. Its records travel by column: one
list for each key. A record that fails leaves its bundle: its retry is a bundle of the failed
records alone.

Public topics are contracts for other programs ([asyncapi.yaml](asyncapi.yaml),
[integration.md](integration.md)); the others may change with any release.

| Topic | Public | Writes | Reads | Kept | What |
|---|---|---|---|---|---|
"""


def page() -> str:
    """Return the page as Markdown."""
    first, *others = TOPICS
    return _HEAD + "".join(map(_row, (first, tenant_triggers("TENANT"), *others)))


def _row(topic: Topic) -> str:
    days = topic.keep_ms // DAY
    time = f"{days} days" if days else f"{topic.keep_ms // HOUR} h"
    kept = "newest of each key" if topic.compacted else time
    kept += ", one partition" if topic.single else ""
    public = "yes" if topic.public else ""
    return (
        f"| `syncline.{topic.name}` | {public} | {topic.writers} | {topic.readers} "
        f"| {kept} | {topic.purpose} |\n"
    )


if __name__ == "__main__":
    Path("docs/topics.md").write_text(page())
