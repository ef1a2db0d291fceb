"""What the processes of the services say of themselves."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import Sequence
from importlib.metadata import version
from typing import NamedTuple

import msgspec

from syncline.cli.doctor.answers import CheckAnswer, Level
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.texts import plural
from syncline.contracts.snapshots import Snapshot
from syncline.contracts.topics import SNAPSHOTS
from syncline.domain.service_status import told_skew
from syncline.runtime.clock import SystemClock

SILENT = 5.0
"""Seconds after which a process that tells nothing is gone."""
LISTEN = 2.5
"""Seconds that are listened: a process tells of itself once a second."""
ASKED_WITHIN = 3.0
"""Seconds that a process has to say how it is."""
GONE_HINT = "runs of these messages end as stalled: start them again; raise the topics' retention"


class Heard(NamedTuple):
    """What was heard of processes.

    Attributes:
        snapshots: the newest one of every process that lives.
        ahead: seconds that this machine's clock is ahead of the broker's that the snapshots come
            from; None where nothing was heard.
    """

    snapshots: list[Snapshot]
    ahead: float | None


async def heard(shell: Shell) -> Heard:
    """Listen to what processes tell of themselves. Raises RetriableError."""
    from syncline.kafka.reader import KafkaReader  # noqa: PLC0415

    clock = SystemClock()
    since = round((clock.now().timestamp() - SILENT) * 1000)
    reader = KafkaReader(shell.settings.kafka(), SNAPSHOTS, since=since)
    found: dict[str, Snapshot] = {}
    lags: list[float] = []  # of the broker's time of arrival behind ours
    await shell.kafka_answers(reader.start())
    try:
        until = clock.monotonic() + LISTEN
        while clock.monotonic() < until:
            for delivery in await reader.poll(0.5):
                snapshot = msgspec.json.decode(delivery.value or b"{}", type=Snapshot)
                found[snapshot.process] = snapshot
                lags.append(clock.now().timestamp() - delivery.timestamp / 1000)
    finally:
        await reader.stop()
    living = [snapshot for snapshot in found.values() if not snapshot.leaving]
    return Heard(living, min(lags, default=None))


async def check_processes(service: str, snapshots: Sequence[Snapshot]) -> CheckAnswer:
    """Say whether the processes of a service live, what they lack, and their release."""
    own = [snapshot for snapshot in snapshots if snapshot.stage == service]
    if not own:
        hint = f"start it: `{own_name()} run {service}`, or everything with `dev`"
        return Level.FAIL, f"no process was heard within {SILENT:.0f} s", hint
    text = plural(len(own), "process", "processes")
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(_lacks(snapshot)) for snapshot in own]
    if lacking := [task.result() for task in asked if task.result()]:
        return Level.FAIL, f"{text}; {'; '.join(lacking)}", "its log says more"
    if gone := sum(snapshot.gone_unread for snapshot in own):
        words = f"{text}; retention deleted {plural(gone, 'message')} that it had not read"
        return Level.WARN, words, GONE_HINT
    if wrong := [snapshot for snapshot in own if snapshot.skew]:
        said = f"{text}; on {wrong[0].host}: {told_skew(wrong[0].skew)}"
        return (
            Level.WARN,
            said,
            "set the clock of that machine by NTP; services go by the database's",
        )
    here = version("syncline")
    others = sorted({snapshot.version for snapshot in own} - {here, ""})
    if others:
        hint = f"this is {here}: restart the service with it"
        return Level.WARN, f"{text} of release {', '.join(others)}", hint
    return Level.OK, f"{text}, ready"


async def _lacks(snapshot: Snapshot) -> str:
    """Ask a process on this machine what it lacks; one elsewhere cannot be asked from here."""
    if not snapshot.health or snapshot.host != socket.gethostname():
        return ""
    try:
        return await asyncio.to_thread(_asked, snapshot.health)
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        words = str(error) or type(error).__name__
        return f"process {snapshot.pid} does not answer at {snapshot.health}: {words}"


def _asked(health: str) -> str:
    host, _, port = health.rpartition(":")
    local = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - where it listens
    connection = http.client.HTTPConnection(local, int(port), timeout=ASKED_WITHIN)
    try:
        connection.request("GET", "/readyz")
        checks = msgspec.json.decode(connection.getresponse().read(), type=dict[str, str])
    finally:
        connection.close()
    return ", ".join(f"{name}: {said}" for name, said in checks.items() if said != "ok")
