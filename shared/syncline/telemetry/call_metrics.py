"""What is counted of the calls of a profile."""

from __future__ import annotations

from syncline.telemetry.metrics import METRICS, BoundedValues

_PROFILES = BoundedValues(200)
_CODES = BoundedValues(100)


class CallMetrics:
    """The calls of one profile, by its name. Without a name nothing is counted."""

    def __init__(self, tenant: str, profile: str) -> None:
        self._is_counted = bool(profile)
        self._labels = (METRICS.name_of(tenant), _PROFILES.bounded(profile))
        if profile:
            METRICS.call_seconds.labels(*self._labels)

    def took(self, seconds: float) -> None:
        """Count a call that has ended."""
        if self._is_counted:
            METRICS.call_seconds.labels(*self._labels).observe(seconds)

    def failed(self, code: str) -> None:
        """Count a call that failed as a whole, by the code of its failure."""
        if self._is_counted:
            METRICS.failed_calls.labels(*self._labels, _CODES.bounded(code)).inc()

    def answered(self, status: str) -> None:
        """Count an answer of an API by its status; `none`: no whole answer came."""
        if self._is_counted:
            METRICS.answers.labels(*self._labels, status).inc()
