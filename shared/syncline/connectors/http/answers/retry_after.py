"""How long an API asks to be left alone: `Retry-After`, RFC 9110 section 10.2.3."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from syncline.domain.retry import LONGEST_PAUSE

_SECONDS = re.compile(r"[+-]?\d+(\.\d*)?")
_MOST = 1e10
"""Seconds; more than any date can lie ahead."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that are asked for, given as seconds or as a date; 0 for a time gone by.

    What cannot be read asks for nothing.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(max(float(value), 0.0), _MOST)
    moment = _moment(value)
    if moment is None:
        return None
    now = _moment(headers.get("date", "").strip())
    since = now.timestamp() if now else time.time()
    return min(max(moment.timestamp() - since, 0.0), _MOST)


def wait_note(seconds: float | None) -> str:
    """Return a note for a wait that is longer than the longest pause; else ""."""
    if seconds is None or seconds <= LONGEST_PAUSE:
        return ""
    hours = LONGEST_PAUSE / 3600
    return (
        f" (it asks to wait for {seconds / 86_400:,.1f} days; it is asked again after {hours:g} h)"
    )


def _moment(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # no date: the retry's own wait holds
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)  # `-0000` says no zone, and is UTC
