"""The status of a service: figures, and one colour that a person can act on."""

from __future__ import annotations

from enum import StrEnum

import msgspec

MANY, VERY_MANY = 1_000, 10_000
"""Numbers of waiting records from which a stage's dot is amber, and red."""


class Dot(StrEnum):
    """The state of a service as a colour; `why` gives the reason in words."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Rates(msgspec.Struct, frozen=True, rename="camel"):
    """Records a second, over the last second, the last ten and the last sixty."""

    second: float = 0.0
    ten_seconds: float = 0.0
    minute: float = 0.0


class Worker(msgspec.Struct, frozen=True, rename="camel"):
    """A process that sent a snapshot within the last seconds."""

    process: str
    host: str
    pid: int
    started_at: str


class ServiceStatus(msgspec.Struct, frozen=True, rename="camel"):
    """One service as the monitor sees it.

    Attributes:
        waiting: unfinished work on its topics, in `unit`s; None if it has no topics. Messages are
            counted exactly, records by this stage's usual number in a message.
        oldest_seconds: least age of the oldest message; None if nothing waits.
        members: processes in its consumer group, as the broker says; a killed one stays until its
            session times out.
        busy: seconds in handler calls for each second, over all its processes.
    """

    service: str
    dot: Dot
    why: str
    unit: str = ""
    waiting: int | None = None
    waiting_messages: int | None = None
    oldest_seconds: float | None = None
    members: int | None = None
    workers: list[Worker] = []
    incoming: Rates = Rates()
    outgoing: Rates = Rates()
    failed: Rates = Rates()
    retried: Rates = Rates()
    busy: float = 0.0


def judge_stage(
    waiting: int, unit: str, workers: int, members: int, gone: int = 0
) -> tuple[Dot, str]:
    """Judge a stage by what waits, by its live processes, and by the members of its group.

    Args:
        gone: messages that were deleted unread.
    """
    if gone:
        return Dot.RED, f"retention deleted {_count(gone, 'messages')} that it had not read"
    if not workers:
        who = (
            "no consumer" if not members else f"no consumer is heard, {members} still in its group"
        )
        return (Dot.RED if waiting else Dot.AMBER), f"{who}; {_count(waiting, unit)} waiting"
    if waiting >= VERY_MANY:
        return Dot.RED, f"{_count(waiting, unit)} waiting: start more of it, or its target is slow"
    if waiting >= MANY:
        return Dot.AMBER, f"{_count(waiting, unit)} waiting"
    return Dot.GREEN, "keeps up"


def judge_service(workers: int) -> tuple[Dot, str]:
    """Judge a service that reads none of the pipeline's topics."""
    return (Dot.GREEN, "running") if workers else (Dot.RED, "not running")


def told_skew(seconds: float) -> str:
    """Say how wrong a machine's clock is."""
    way = "ahead of" if seconds > 0 else "behind"
    return f"its clock is {abs(seconds):,.0f} s {way} the database's"


def _count(waiting: int, unit: str) -> str:
    return f"{waiting:,} {unit if waiting != 1 else unit.removesuffix('s')}"
