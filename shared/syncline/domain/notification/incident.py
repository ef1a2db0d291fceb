"""Incidents: streams that fail for one cause, told as one thing. What is told, and when. Pure.

| It was told | Its streams | For | Announcement now |
|---|---|---|---|
| nothing | fail | the window | failing: one message with all of them |
| nothing | do not fail any more | - | nothing, it is over |
| failing | fail, and more of them do | the quiet time | failing, once more |
| failing | do not fail, a run proved it | the hold | recovered, it is over |
| failing | do not fail, no run proved it | ever | nothing |
| any | change for the nth time in the quiet time | as above | flapping, instead of that |
| flapping | fail or not, a run proved it | the quiet time | failing or recovered: what holds |

A run proves it if it read a record. What began and was over within the window, or the hold, was
never told, so it needs no end.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec


class Alert(StrEnum):
    """What a notification tells."""

    RUN_FAILED = "run_failed"
    PARTIAL_SUCCESS = "partial_success"
    DLQ_GROWTH = "dlq_growth"
    RECOVERED = "recovered"
    FLAPPING = "flapping"
    TEST = "test"

    @property
    def label(self) -> str:
        """As people read it."""
        return "DLQ growth" if self is Alert.DLQ_GROWTH else self.replace("_", " ").capitalize()


SUBSCRIBED = (Alert.RUN_FAILED, Alert.PARTIAL_SUCCESS, Alert.DLQ_GROWTH)
"""What one may ask to be told of; the recovery of each comes with it."""


class Subject(msgspec.Struct, frozen=True, order=True):
    """What an alert is about: a stream, or the dead letters of an instance (no entity type)."""

    tenant: str
    instance: str
    entity_type: str = ""


class Cause(msgspec.Struct, frozen=True):
    """Why a run failed, as far as it tells alike failures, whose key is one.

    Attributes:
        system: name of the connection profile at fault, or of the mapping.
    """

    key: str
    system: str | None = None
    words: str | None = None


class AlertState(msgspec.Struct, frozen=True):
    """How a subject fails since it was last well, and until when its runs are counted."""

    open: tuple[Alert, ...] = ()
    judged_at: datetime | None = None


class AlertTiming(msgspec.Struct, frozen=True):
    """How patient notifications are; seconds, and a number of changes.

    Attributes:
        window: a failure is told when it has stood so long, with all that joined it meanwhile.
        hold: a recovery is told when it has stood so long.
        quiet: after a message, further streams of its incident wait so long; and the time in
            which changes are counted.
        flaps: the change that is told as flapping; 0 tells each.
    """

    window: float = 60.0
    hold: float = 300.0
    quiet: float = 3600.0
    flaps: int = 3


class Announcement(StrEnum):
    """What people know of an incident."""

    NOTHING = ""
    FAILING = "failing"
    FLAPPING = "flapping"
    RECOVERED = "recovered"


class Incident(msgspec.Struct, frozen=True):
    """An incident as it stands.

    Attributes:
        failing: streams that fail, `untold` of which nobody was told of.
        proven: a run of one of them read records and succeeded.
        since: when it began to fail, or when the last of them failed no more.
        changes: when state changes were told, of late.
    """

    failing: int
    untold: int
    proven: bool
    since: datetime
    told: Announcement = Announcement.NOTHING
    told_at: datetime | None = None
    changes: tuple[datetime, ...] = ()


class IncidentDecision(msgspec.Struct, frozen=True):
    """What to tell of an incident, what people know then, and when to look again if no run ends."""

    told: Announcement
    tell: Announcement | None = None
    closed: bool = False
    due_at: datetime | None = None
    changes: tuple[datetime, ...] = ()


def decide_incident(incident: Incident, now: datetime, pace: AlertTiming) -> IncidentDecision:
    """Decide what is told of an incident now."""
    fails = incident.failing > 0
    if incident.told is Announcement.NOTHING and not fails:
        return IncidentDecision(Announcement.NOTHING, closed=True, changes=incident.changes)
    if not fails and not incident.proven:
        return _waiting(incident, None)
    after = Announcement.FAILING if fails else Announcement.RECOVERED
    if incident.told is Announcement.FLAPPING:
        # what has held so long is no change of a flapping one
        return _after(pace.quiet, after, incident, now, AlertTiming(flaps=0))
    if fails and incident.told is Announcement.FAILING:
        return _more(incident, now, pace)
    return _after(pace.window if fails else pace.hold, after, incident, now, pace)


def _more(incident: Incident, now: datetime, pace: AlertTiming) -> IncidentDecision:
    """Tell once more of an incident that others have joined since."""
    if not incident.untold or incident.told_at is None:
        return _waiting(incident, None)
    due = incident.told_at + timedelta(seconds=pace.quiet)
    if now < due:
        return _waiting(incident, due)
    return IncidentDecision(Announcement.FAILING, Announcement.FAILING, changes=incident.changes)


def _after(
    seconds: float, what: Announcement, incident: Incident, now: datetime, pace: AlertTiming
) -> IncidentDecision:
    """Tell a change when it has stood so long; as flapping, if it is one too many."""
    due = incident.since + timedelta(seconds=seconds)
    if now < due:
        return _waiting(incident, due)
    recent = [at for at in incident.changes if now - at < timedelta(seconds=pace.quiet)]
    changes = (*recent, now)
    if pace.flaps and len(changes) >= pace.flaps:
        return IncidentDecision(Announcement.FLAPPING, Announcement.FLAPPING, changes=changes)
    closed = what is Announcement.RECOVERED
    return IncidentDecision(
        Announcement.NOTHING if closed else what, what, closed=closed, changes=changes
    )


def _waiting(incident: Incident, due: datetime | None) -> IncidentDecision:
    return IncidentDecision(incident.told, due_at=due, changes=incident.changes)
