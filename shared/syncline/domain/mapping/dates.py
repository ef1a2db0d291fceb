"""Date formats in the `yyyy MM dd HH mm ss fff zzz` family, compiled once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime


def _offset(time: datetime) -> str:
    offset = time.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


_TOKENS: dict[str, Callable[[datetime], str]] = {
    "yyyy": lambda t: f"{t.year:04d}",
    "yy": lambda t: f"{t.year % 100:02d}",
    "MM": lambda t: f"{t.month:02d}",
    "M": lambda t: str(t.month),
    "dd": lambda t: f"{t.day:02d}",
    "d": lambda t: str(t.day),
    "HH": lambda t: f"{t.hour:02d}",
    "H": lambda t: str(t.hour),
    "mm": lambda t: f"{t.minute:02d}",
    "m": lambda t: str(t.minute),
    "ss": lambda t: f"{t.second:02d}",
    "s": lambda t: str(t.second),
    "fff": lambda t: f"{t.microsecond // 1000:03d}",
    "ffffff": lambda t: f"{t.microsecond:06d}",
    "zzz": _offset,
    "Z": lambda t: "Z" if t.utcoffset() in (None, UTC.utcoffset(None)) else _offset(t),
}
_PART = re.compile(
    r"'([^']*)'|(yyyy|yy|MM?|dd?|HH?|mm?|ss?|ffffff|fff|zzz|Z)|([A-Za-z]+)|([^A-Za-z']+)"
)


def compile_format(pattern: str) -> Callable[[datetime], str]:
    """Return a function that writes a time in a format.

    Raises:
        ValueError: the format holds letters that mean nothing, outside of quotes.
    """
    parts: list[Callable[[datetime], str]] = []
    position = 0
    while position < len(pattern):
        found = _PART.match(pattern, position)
        if found is None or found[3]:
            rest = pattern[position:]
            raise ValueError(
                f"{pattern!r} is no date format at {rest!r}; known: {' '.join(_TOKENS)}, "
                "other letters in quotes"
            )
        parts.append(_TOKENS[found[2]] if found[2] else _literal(found[1] or found[4] or ""))
        position = found.end()
    return lambda time: "".join(part(time) for part in parts)


def _literal(text: str) -> Callable[[datetime], str]:
    return lambda _time: text
