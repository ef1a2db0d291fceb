"""Judges a cluster: its brokers, copies, access control, clocks, and PostgreSQL's standbys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.cli.doctor.answers import CheckAnswer, Level
from syncline.cli.program.texts import number, plural
from syncline.contracts.rights import Acl
from syncline.contracts.topics import DAY, Topic
from syncline.kafka.cluster_state import OFFSETS, ClusterState, TopicCopies
from syncline.kafka.topic_policy import min_in_sync
from syncline.postgres.monitoring.standbys import Replication
from syncline.runtime.clock import LEAST_SKEW

_CONFIGS = "`kafka-configs.sh --alter --entity-type topics --entity-name {} --add-config {}`"
_COPY = (
    "set SYNCLINE_KAFKA_REPLICATION for new topics; `kafka-reassign-partitions.sh` gives those "
    "that exist more"
)
BEHIND = 16 * 1024 * 1024
"""Bytes of the database's log that a standby may lack."""


def judge_brokers(state: ClusterState, bootstrap: str) -> CheckAnswer:
    """Say which brokers are away, and whether clients find the others when one is."""
    live, away = len(state.brokers), sorted(state.away)
    if away:
        ids = ", ".join(map(str, away))
        text = f"{live} of {live + len(away)} answer; away: {ids}"
        return Level.WARN, text, "start them: what has copies there has fewer until then"
    named = {address.strip() for address in bootstrap.split(",")}
    if live > 1 and len(named) == 1 and named <= set(state.brokers.values()):
        text = f"SYNCLINE_KAFKA_BOOTSTRAP names one broker of {live}"
        return Level.WARN, text, "name more of them: while that one is away nothing can start"
    return Level.OK, plural(live, "broker")


def judge_copies(state: ClusterState, replication: int) -> CheckAnswer:
    """Say whether topics have the copies that they should, and whether those are in sync.

    Args:
        replication: copies that new topics get.
    """
    topics, brokers = state.topics, len(state.brokers)
    for topic in topics:
        if topic.leaderless:
            text = f"{topic.name}: {plural(topic.leaderless, 'partition has', 'partitions have')}"
            return Level.FAIL, f"{text} no leader", "start the brokers that have their copies"
    for topic in topics:
        if topic.in_sync < (topic.needed or 1):
            text = (
                f"{topic.name} takes no messages: {topic.in_sync} of {topic.copies} copies are in "
                f"sync, min.insync.replicas is {topic.needed}"
            )
            hint = "start the brokers that are away"
            return Level.FAIL, text, hint if topic.copies >= (topic.needed or 1) else _COPY
    if late := [topic for topic in topics if topic.in_sync < topic.copies]:
        text = f"{plural(len(late), 'topic has', 'topics have')} copies that are not in sync"
        text += f": {late[0].name} {late[0].in_sync} of {late[0].copies}"
        return Level.WARN, text, "wait, or start the broker that is away; restart no other one"
    if brokers > 1 and (few := [t for t in topics if t.copies < min(2, brokers)]):
        text = f"{few[0].name} has one copy on {brokers} brokers: a lost disk loses its messages"
        return Level.WARN, text, _COPY
    ours = [topic for topic in topics if topic.name != OFFSETS]
    if few := [topic for topic in ours if topic.copies < replication]:
        text = f"{few[0].name} has {few[0].copies} copies, SYNCLINE_KAFKA_REPLICATION is "
        return Level.WARN, f"{text}{replication}", _COPY
    return _judge_acknowledgements(ours, brokers)


def _judge_acknowledgements(topics: Sequence[TopicCopies], brokers: int) -> CheckAnswer:
    """Say whether a message has enough copies when it counts as sent, and not too many."""
    told = [(topic, topic.needed) for topic in topics if topic.needed is not None]
    for topic, needed in told:
        if needed < (wanted := min_in_sync(topic.copies)):
            text = f"{topic.name}: {needed} of {topic.copies} copies is enough for a message"
            hint = _CONFIGS.format(topic.name, f"min.insync.replicas={wanted}")
            return Level.WARN, f"{text}, which one lost disk loses", hint
    for topic, needed in told:
        if needed == topic.copies > 1:
            text = f"{topic.name}: all {needed} copies must have a message: it stops while a"
            hint = _CONFIGS.format(topic.name, f"min.insync.replicas={min_in_sync(topic.copies)}")
            return Level.WARN, f"{text} broker restarts", hint
    if not topics:
        return Level.WARN, "no topic of ours exists"
    copies = min(topic.copies for topic in topics)
    text = plural(copies, "copy", "copies") + " of each message"
    if len(told) < len(topics):
        return Level.OK, f"{text}; min.insync.replicas may not be asked for by this user"
    if brokers == 1:
        return Level.OK, f"{text}, as there is one broker"
    return Level.OK, f"{text}, {min(needed for _, needed in told)} in sync are enough"


def judge_retention(
    state: ClusterState, topics: Mapping[str, Topic], oldest: float | None
) -> CheckAnswer:
    """Say whether topics keep messages as long as they should, and longer than runs are open.

    Args:
        topics: ours by their names on the broker.
        oldest: seconds since which a run is open that is not paused; None where none is. What a
            paused run has waits in the database, however long.
    """
    kept = [(topic, topic.keep_ms) for topic in state.topics if topic.name in topics]
    told = [(topic, keep) for topic, keep in kept if keep is not None and keep >= 0]
    for topic, keep in told:
        wanted = topics[topic.name].keep_ms
        if keep < wanted and not topics[topic.name].compacted:
            text = f"{topic.name} keeps messages for {_days(keep)}, {_days(wanted)} are meant"
            return Level.WARN, text, _CONFIGS.format(topic.name, f"retention.ms={wanted}")
    travelling = [keep for topic, keep in told if topics[topic.name].keep_ms >= DAY]
    if not travelling:
        return Level.OK, "no topic deletes by time, as far as this user may ask"
    least = min(travelling)
    if oldest is None:
        return Level.OK, f"{_days(least)}; no run is open"
    text = f"{_days(least)}; the oldest open run began {_days(round(oldest * 1000))} ago"
    if oldest * 1000 > least / 2:
        hint = "end it, or raise retention.ms: what it has on topics is deleted when it is so old"
        return Level.WARN, text, hint
    return Level.OK, text


def _days(milliseconds: int) -> str:
    return f"{milliseconds / DAY:.1f} days"


def judge_rights(missing: Mapping[str, Sequence[Acl]] | None) -> CheckAnswer:
    """Say what services need and Kafka's access control grants to nobody."""
    if missing is None:
        return Level.OK, "Kafka has no authorizer: whoever reaches it may do everything"
    if missing:
        service, acls = next(iter(missing.items()))
        text = (
            f"nobody was granted what {plural(len(missing), 'service needs', 'services need')}: "
            f"{service} {'/'.join(acls[0].operations)} on {acls[0].type} {acls[0].name or '*'}"
        )
        hint = "`syncline topics acls` prints the commands; a super user needs none of them"
        return Level.WARN, text, hint
    return Level.OK, "everything that services need was granted, to somebody"


def judge_clocks(ahead: Mapping[str, float]) -> CheckAnswer:
    """Say which clocks differ from the database's.

    Args:
        ahead: seconds, by whose clock it is.
    """
    wrong = {whose: by for whose, by in ahead.items() if abs(by) >= LEAST_SKEW}
    if wrong:
        said = (
            f"{whose} is {abs(by):,.0f} s {'ahead of' if by > 0 else 'behind'} the database"
            for whose, by in wrong.items()
        )
        return Level.WARN, "; ".join(said), "set the clock by NTP; services go by the database's"
    return Level.OK, f"{', '.join(ahead)}: as the database's"


def judge_replication(found: Replication) -> CheckAnswer:
    """Say what a failover of PostgreSQL would lose, and whether one is under way."""
    if found.is_standby:
        hint = "name every host in SYNCLINE_POSTGRES_DSN, with target_session_attrs=read-write"
        return Level.FAIL, "this is a standby, which takes no changes", hint
    if found.commit in ("off", "local"):
        text = (
            f"synchronous_commit is {found.commit}: a commit may be lost that was said to be safe"
        )
        return Level.WARN, text, "set it to on"
    if found.wanted and found.is_told and not found.synchronous:
        text = f"synchronous_standby_names is {found.wanted}, and none of them is connected"
        return Level.FAIL, f"{text}: every commit waits", "start the standby, or empty the setting"
    return _judge_standbys(found)


def _judge_standbys(found: Replication) -> CheckAnswer:
    if not found.standbys:
        return Level.OK, "no standby is connected: keep backups"
    known = plural(found.standbys, "standby", "standbys")
    if not found.is_told:
        return Level.OK, f"{known}; how they are is for users with the role pg_monitor to see"
    if found.synchronous:
        return (
            Level.OK,
            f"{known}, {number(found.synchronous)} synchronous: a failover loses nothing",
        )
    if found.behind > BEHIND:
        known += f", {number(found.behind // 1024 // 1024)} MB behind"
    text = f"{known}, none synchronous: a failover loses the newest commits"
    return Level.WARN, text, "set synchronous_standby_names, with two standbys or more"
