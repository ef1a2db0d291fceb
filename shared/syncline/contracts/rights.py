"""Which service may do what on which topic: what Kafka's ACLs grant to it, and no more.

The services share the names of consumer groups with nobody: a group is called as its service is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.contracts.topics import (
    CONTROL,
    DLQ,
    INPUT_OF,
    MONITOR_TABLE,
    OUTCOMES,
    READS,
    RETRY_TIERS,
    RUNS,
    SNAPSHOTS,
    STATUS,
    TENANT_TRIGGERS,
    TRIGGERS,
    Stage,
    retry_topic,
)

_RETRIES = [retry_topic(tier) for tier in RETRY_TIERS]
_BUNDLES = list(INPUT_OF.values())


class Rights(msgspec.Struct, frozen=True):
    """What one service may do.

    Attributes:
        writes, reads: logical names of topics; a name that ends with `*` is the beginning of names.
        creates: topics that it may make, in the same words.
        group: the consumer group that it joins, "" for none.
        describes_groups: it looks how far others are behind.
    """

    writes: Sequence[str]
    reads: Sequence[str]
    creates: Sequence[str] = ()
    group: str = ""
    describes_groups: bool = False


def _stage(name: str, writes: Sequence[str]) -> Rights:
    """Return the rights of a stage, which follows commands and tells what it does."""
    reads = [*READS[name], CONTROL] if name in READS else [STATUS, CONTROL]
    return Rights([*writes, DLQ, SNAPSHOTS], reads, group=name)


RIGHTS: Mapping[str, Rights] = {
    "gateway": Rights(
        [TRIGGERS, CONTROL, STATUS, SNAPSHOTS],
        [STATUS, SNAPSHOTS, *_BUNDLES],
        creates=[f"{TENANT_TRIGGERS}*"],
    ),
    "trigger": msgspec.structs.replace(
        _stage("trigger", [RUNS, STATUS, OUTCOMES, CONTROL]),
        reads=[TRIGGERS, f"{TENANT_TRIGGERS}*", CONTROL],
    ),
    "ingest": _stage("ingest", [*_BUNDLES, OUTCOMES]),
    "normalize": _stage("normalize", [INPUT_OF[Stage.TRANSFORM], *_RETRIES, OUTCOMES]),
    "transform": _stage("transform", [INPUT_OF[Stage.EXECUTE], *_RETRIES, OUTCOMES]),
    "execute": _stage("execute", [*_RETRIES, OUTCOMES]),
    "finalize": _stage("finalize", [STATUS, OUTCOMES, CONTROL, TRIGGERS]),
    "retry": _stage("retry", [*_BUNDLES, *_RETRIES, OUTCOMES]),
    "deadletter": _stage("deadletter", [TRIGGERS, CONTROL, OUTCOMES]),
    "scheduler": Rights([TRIGGERS, SNAPSHOTS], []),
    "notifier": _stage("notifier", []),
    "monitor": Rights(
        [MONITOR_TABLE, SNAPSHOTS],
        [SNAPSHOTS, MONITOR_TABLE],
        group="monitor",
        describes_groups=True,
    ),
}
"""The rights of each service by its name."""


class Acl(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of Kafka's access control: what is allowed on a topic, a group or the cluster.

    Attributes:
        type: topic or group.
        name: logical name, or the beginning of names.
        operations: in Kafka's words.
        is_prefix: the name is the beginning of names.
    """

    type: str
    name: str
    operations: tuple[str, ...]
    is_prefix: bool = False


def acls_of(rights: Rights) -> list[Acl]:
    """Return the entries that grant a service's rights, and nothing else."""
    topics: dict[str, set[str]] = {}
    for names, operation in (
        (rights.writes, "Write"),
        (rights.reads, "Read"),
        (rights.creates, "Create"),
    ):
        for name in names:
            topics.setdefault(name, {"Describe"}).add(operation)
    found = [
        Acl("topic", name.removesuffix("*"), tuple(sorted(allowed)), name.endswith("*"))
        for name, allowed in topics.items()
    ]
    if rights.group:
        found.append(Acl("group", rights.group, ("Read",)))
    if rights.describes_groups:
        found += [Acl(kind, "", ("Describe",), is_prefix=True) for kind in ("group", "topic")]
    return found
