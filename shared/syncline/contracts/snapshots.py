"""Snapshots: what each process publishes once a second, for the monitor only.

A snapshot holds all that the process has done since it started. So only the newest one counts:
duplicate, late and lost ones change nothing.
"""

from __future__ import annotations

import msgspec

from syncline.contracts.messages import encode
from syncline.contracts.topics import SNAPSHOTS
from syncline.contracts.wire import Outbound


class Snapshot(msgspec.Struct, frozen=True, rename="camel"):
    """One process up to now.

    Attributes:
        process: ID of the process, new at each start, so that no count ever falls.
        seq: counts the snapshots of the process from 1; the highest wins.
        started_at: RFC 3339, UTC.
        uptime: seconds since then, by a clock that never jumps.
        gone_unread: messages that retention deleted before the process read them.
        leaving: the last one of a process that ends normally.
        version: of Syncline.
        health: `host:port` of its health server; empty if it has none.
        skew: seconds that the clock of its machine is ahead of the database's; 0 where it is right.
    """

    stage: str
    process: str
    seq: int
    host: str
    pid: int
    started_at: str
    uptime: float
    records_in: int = 0
    records_out: int = 0
    failed: int = 0
    retried: int = 0
    messages: int = 0
    busy: float = 0.0
    leaving: bool = False
    version: str = ""
    health: str = ""
    gone_unread: int = 0
    skew: float = 0.0


def snapshot_message(snapshot: Snapshot) -> Outbound:
    """Make a snapshot's message to the monitor."""
    return Outbound(SNAPSHOTS, snapshot.process.encode(), encode(snapshot), 0)
