"""ISO-8601 durations, as `lookback` takes them: `PT15M`, `P1D`, `PT1H30M`."""

from __future__ import annotations

import re

_FORM = re.compile(
    r"P(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?"
)
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}


def parse_duration(text: str) -> float:
    """Return the seconds. Raises ValueError: no duration, or months and years (no fixed length)."""
    found = _FORM.fullmatch(text.strip().upper())
    if found is None or not any(found.groupdict().values()):
        raise ValueError(f"{text!r} is no duration such as PT15M or P1D")
    parts = found.groupdict(default="0")
    return sum(float(parts[name]) * seconds for name, seconds in _SECONDS.items())
