"""Incidents: streams that fail for one cause, and when people are notified of them. Pure.

| Notified last | Its streams | For | Notified now |
|---|---|---|---|
| nothing | fail | the window | failing: one message with all of them |
| nothing | do not fail any more | - | nothing, it is over |
| failing | fail, and more of them do | the quiet time | failing, once more |
| failing | do not fail, a run proved it | the hold | recovered, it is over |
| failing | do not fail, no run proved it | ever | nothing |
| any | change for the nth time in the quiet time | as above | flapping, instead of that |
| flapping | fail or not, a run proved it | the quiet time | failing or recovered: what holds |

A run proves it if it read a record. What begins and ends within the window, or the hold, is never
notified.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec


class Alert(StrEnum):
    """The kind of a notification."""

    RUN_FAILED = "run_failed"
    PARTIAL_SUCCESS = "partial_success"
    DLQ_GROWTH = "dlq_growth"
    NEEDS_ATTENTION = "needs_attention"
    SYSTEM_AWAY = "system_away"
    NOT_SYNCED = "not_synced"
    SCHEDULE_MISSED = "schedule_missed"
    PROFILE_WAITING = "profile_waiting"
    RECOVERED = "recovered"
    FLAPPING = "flapping"
    TEST = "test"

    @property
    def label(self) -> str:
        """As people read it."""
        return "DLQ growth" if self is Alert.DLQ_GROWTH else self.replace("_", " ").capitalize()

    def event(self, cause: str) -> str:
        """Return the event by which people subscribe to this alert in an incident of a cause.

        The cause of an alert that depends on the time begins with its event.
        """
        if self in OVERDUE:
            return cause.partition("/")[0]
        stops = self in (Alert.NEEDS_ATTENTION, Alert.SYSTEM_AWAY)
        return str(Alert.RUN_FAILED if stops else self)


OVERDUE = (Alert.NOT_SYNCED, Alert.SCHEDULE_MISSED, Alert.PROFILE_WAITING)
"""Alerts that no event begins or ends, but that something has not happened for a time."""


class Subject(msgspec.Struct, frozen=True, order=True):
    """What an alert is about: a stream; or, without entity type, an instance as a whole."""

    tenant: str
    instance: str
    entity_type: str = ""


class Cause(msgspec.Struct, frozen=True):
    """Why a run failed: the profile (or mapping) at fault; similar failures have the same key."""

    key: str
    system: str | None = None
    words: str | None = None


class AlertState(msgspec.Struct, frozen=True):
    """How a subject has failed since it last worked, and the end of the newest run counted."""

    open: tuple[Alert, ...] = ()
    judged_at: datetime | None = None


class AlertTiming(msgspec.Struct, frozen=True):
    """How long notifications wait, in seconds, and after how many changes they say flapping.

    Attributes:
        window: a failure is notified when it has lasted so long, with all that joined it.
        hold: a recovery is notified when it has lasted so long.
        quiet: after a message, further streams of its incident wait so long; changes are counted
            within this time.
        flaps: the number of the change that is notified as flapping; 0 notifies each change.
    """

    window: float = 60.0
    hold: float = 300.0
    quiet: float = 3600.0
    flaps: int = 3


class Announcement(StrEnum):
    """What people were last notified of."""

    NOTHING = ""
    FAILING = "failing"
    FLAPPING = "flapping"
    RECOVERED = "recovered"


class Incident(msgspec.Struct, frozen=True):
    """The state of an incident.

    Attributes:
        failing: number of streams that fail; `untold` of them are not notified yet.
        proven: a run of one of them read records and succeeded.
        since: when it began to fail, or when the last of them stopped failing.
        changes: when the last state changes were notified.
    """

    failing: int
    untold: int
    proven: bool
    since: datetime
    told: Announcement = Announcement.NOTHING
    told_at: datetime | None = None
    changes: tuple[datetime, ...] = ()


class IncidentDecision(msgspec.Struct, frozen=True):
    """What to notify, what people know then, and when to check again if no run ends."""

    told: Announcement
    tell: Announcement | None = None
    closed: bool = False
    due_at: datetime | None = None
    changes: tuple[datetime, ...] = ()


def decide_incident(incident: Incident, now: datetime, pace: AlertTiming) -> IncidentDecision:
    """Decide what to notify of an incident now."""
    fails = incident.failing > 0
    if incident.told is Announcement.NOTHING and not fails:
        return IncidentDecision(Announcement.NOTHING, closed=True, changes=incident.changes)
    if not fails and not incident.proven:
        return _waiting(incident, None)
    after = Announcement.FAILING if fails else Announcement.RECOVERED
    if incident.told is Announcement.FLAPPING:
        # a state that has lasted so long is no longer flapping
        return _after(pace.quiet, after, incident, now, AlertTiming(flaps=0))
    if fails and incident.told is Announcement.FAILING:
        return _more(incident, now, pace)
    return _after(pace.window if fails else pace.hold, after, incident, now, pace)


def _more(incident: Incident, now: datetime, pace: AlertTiming) -> IncidentDecision:
    """Notify once more of an incident that other streams have joined since."""
    if not incident.untold or incident.told_at is None:
        return _waiting(incident, None)
    due = incident.told_at + timedelta(seconds=pace.quiet)
    if now < due:
        return _waiting(incident, due)
    return IncidentDecision(Announcement.FAILING, Announcement.FAILING, changes=incident.changes)


def _after(
    seconds: float, what: Announcement, incident: Incident, now: datetime, pace: AlertTiming
) -> IncidentDecision:
    """Notify a change when it has lasted so long; as flapping, if there were too many."""
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
