"""What `syncline doctor` says of a cluster, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from syncline.cli.doctor.answers import Level
from syncline.cli.doctor.cluster import (
    judge_brokers,
    judge_clocks,
    judge_copies,
    judge_replication,
    judge_retention,
    judge_rights,
)
from syncline.contracts.rights import RIGHTS, acls_of
from syncline.contracts.topics import BY_NAME, DAY
from syncline.kafka.cluster_state import OFFSETS, ClusterState, TopicCopies
from syncline.kafka.granted_rights import Grant, missing_rights
from syncline.postgres.monitoring.standbys import Replication

BROKERS = {1: "a:9092", 2: "b:9092", 3: "c:9092"}
RAW = TopicCopies("syncline.raw", 3, 3, 0, 2, 7 * DAY)
TOPICS = {f"syncline.{name}": topic for name, topic in BY_NAME.items()}
TYPES = {"topic": 2, "group": 3}
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8}


def cluster(*topics: TopicCopies, brokers: int = 3, away: Sequence[int] = ()) -> ClusterState:
    living = {id_: address for id_, address in BROKERS.items() if id_ <= brokers}
    return ClusterState(living, frozenset(away), topics)


@pytest.mark.parametrize(
    ("state", "bootstrap", "level", "words"),
    [
        (cluster(), "a:9092, b:9092", Level.OK, "3 brokers"),
        (cluster(), "kafka-bootstrap:9092", Level.OK, "3 brokers"),  # of all together
        (cluster(), "b:9092", Level.WARN, "names one broker of 3"),
        (cluster(brokers=1), "a:9092", Level.OK, "1 broker"),
        (cluster(brokers=2, away=[3]), "a:9092", Level.WARN, "2 of 3 answer; away: 3"),
    ],
)
def test_brokers(state: ClusterState, bootstrap: str, level: Level, words: str) -> None:
    found, text, *hint = judge_brokers(state, bootstrap)
    assert (found, bool(hint)) == (level, level is not Level.OK)
    assert words in text


@pytest.mark.parametrize(
    ("topic", "level", "words"),
    [
        (RAW, Level.OK, "3 copies of each message, 2 in sync are enough"),
        (replace(RAW, leaderless=2), Level.FAIL, "syncline.raw: 2 partitions have no leader"),
        (replace(RAW, in_sync=1), Level.FAIL, "takes no messages: 1 of 3 copies are in sync"),
        (replace(RAW, copies=1, in_sync=1), Level.FAIL, "min.insync.replicas is 2"),
        (replace(RAW, in_sync=2), Level.WARN, "1 topic has copies that are not in sync"),
        (replace(RAW, copies=1, in_sync=1, needed=1), Level.WARN, "one copy on 3 brokers"),
        (replace(RAW, copies=2, in_sync=2, needed=1), Level.WARN, "SYNCLINE_KAFKA_REPLICATION is"),
        (replace(RAW, needed=1), Level.WARN, "1 of 3 copies is enough"),
        (replace(RAW, needed=3), Level.WARN, "stops while a broker restarts"),
        (replace(RAW, needed=None), Level.OK, "may not be asked for"),
    ],
)
def test_copies(topic: TopicCopies, level: Level, words: str) -> None:
    offsets = TopicCopies(OFFSETS, 3, 3, 0, 1)
    found, text, *hint = judge_copies(cluster(offsets, topic), 3)
    assert (found, bool(hint)) == (level, level is not Level.OK)
    assert words in text


def test_one_broker_needs_one_copy() -> None:
    topic = TopicCopies("syncline.raw", 1, 1, 0, 1)
    answer = judge_copies(cluster(topic, brokers=1), 1)
    assert answer == (Level.OK, "1 copy of each message, as there is one broker")


@pytest.mark.parametrize(
    ("keep", "oldest", "level", "words"),
    [
        (7 * DAY, None, Level.OK, "7.0 days; no run is open"),
        (7 * DAY, 86_400.0, Level.OK, "the oldest open run began 1.0 days ago"),
        (7 * DAY, 4 * 86_400.0, Level.WARN, "the oldest open run began 4.0 days ago"),
        (30 * DAY, 4 * 86_400.0, Level.OK, "30.0 days"),
        (-1, 400 * 86_400.0, Level.OK, "no topic deletes by time"),
        (DAY, None, Level.WARN, "syncline.raw keeps messages for 1.0 days, 7.0 days are meant"),
    ],
)
def test_retention(keep: int, oldest: float | None, level: Level, words: str) -> None:
    state = cluster(replace(RAW, keep_ms=keep), TopicCopies("syncline.control", 3, 3, 0, 2))
    found, text, *hint = judge_retention(state, TOPICS, oldest)
    assert (found, bool(hint)) == (level, level is not Level.OK)
    assert words in text


def grants() -> list[Grant]:
    """Return what `syncline topics acls` would have granted."""
    return [
        Grant(TYPES[acl.type], f"syncline.{acl.name}", 4 if acl.is_prefix else 3, OPERATIONS[what])
        for rights in RIGHTS.values()
        for acl in acls_of(rights)
        for what in acl.operations
    ]


def test_what_nobody_was_granted_is_named() -> None:
    assert missing_rights(grants(), "syncline.") == {}
    assert judge_rights({})[0] is Level.OK
    left = [grant for grant in grants() if grant != Grant(3, "syncline.execute", 3, 3)]
    level, text, *_ = judge_rights(missing_rights(left, "syncline."))
    assert (level, text) == (
        Level.WARN, "nobody was granted what 1 service needs: execute Read on group execute",
    )  # fmt: skip


@pytest.mark.parametrize(
    "all_in_one",
    [
        [Grant(2, "*", 3, 2), Grant(3, "*", 3, 2)],  # All on everything
        [Grant(kind, "syncline.", 4, what) for kind in (2, 3) for what in (3, 4, 5)],
    ],
)
def test_one_user_for_all_services_has_what_they_need(all_in_one: list[Grant]) -> None:
    assert missing_rights(all_in_one, "syncline.") == {}


def test_a_right_on_other_names_is_none() -> None:
    lacking = missing_rights([Grant(2, "sync", 3, 2), Grant(3, "syncline.", 4, 4)], "syncline.")
    assert lacking.keys() == RIGHTS.keys()


def test_without_access_control_nothing_is_missing() -> None:
    assert judge_rights(None)[0] is Level.OK


def test_a_wrong_clock_is_named() -> None:
    assert judge_clocks({"this machine": 0.4, "the broker": -1.0})[0] is Level.OK
    level, text, *_ = judge_clocks({"this machine": 0.4, "the broker": -90.0})
    assert (level, text) == (Level.WARN, "the broker is 90 s behind the database")


@pytest.mark.parametrize(
    ("found", "level", "words"),
    [
        (Replication(), Level.OK, "no standby is connected"),
        (Replication(is_standby=True), Level.FAIL, "this is a standby"),
        (Replication(commit="off"), Level.WARN, "synchronous_commit is off"),
        (Replication(wanted="a", standbys=1), Level.FAIL, "every commit waits"),
        (Replication(wanted="a", standbys=1, is_told=False), Level.OK, "pg_monitor"),
        (Replication(wanted="a", standbys=2, synchronous=1), Level.OK, "a failover loses nothing"),
        (Replication(standbys=1), Level.WARN, "a failover loses the newest commits"),
        (Replication(standbys=1, behind=99 * 1024**2), Level.WARN, "99 MB behind"),
    ],
)
def test_standbys(found: Replication, level: Level, words: str) -> None:
    judged, text, *hint = judge_replication(found)
    assert (judged, bool(hint)) == (level, level is not Level.OK)
    assert words in text
