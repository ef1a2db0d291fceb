"""The `Link` header: RFC 8288, read as generously as it is written. Pure."""

from __future__ import annotations

import re

_TARGET = re.compile(r"\s*<([^>]*)>")
_PARAMETER = re.compile(
    r"""\s*;\s*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*
    (?:=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s;,"]*)))?)?""",
    re.VERBOSE,
)
_BETWEEN = re.compile(r"\s*(?:,[\s,]*|$)")


class LinkError(ValueError):
    """A header that cannot be read; the message says where."""


def next_link(header: str) -> str | None:
    """Return the URL that all Link lines, joined by commas, name as next. Raises LinkError."""
    found, place = None, 0
    header = header.strip().strip(",").strip()
    while place < len(header):
        target = _TARGET.match(header, place)
        if target is None:
            raise LinkError(f"the Link header cannot be read at {header[place:][:80]!r}")
        place, rel = target.end(), ""
        while parameter := _PARAMETER.match(header, place):
            place = parameter.end()
            name, *values = parameter.groups()
            if name and name.lower() == "rel" and not rel:
                rel = next((value for value in values if value is not None), "")
        between = _BETWEEN.match(header, place)
        if between is None:
            raise LinkError(f"the Link header cannot be read at {header[place:][:80]!r}")
        place = between.end()
        if found is None and "next" in rel.lower().split():
            found = target[1].strip()
    if found == "":
        raise LinkError("the Link header names an empty address as the next page")
    return found
