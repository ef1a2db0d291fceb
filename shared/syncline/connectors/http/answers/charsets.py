"""The charset of a body. Pure.

JSON is UTF-8 (RFC 8259, 8.1), whatever a server calls it; else `charset`, a mark or zeros tell.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

_CHARSET = re.compile(r"""(?i);\s*charset\s*=\s*["']?\s*([^"';,\s]+)""")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LATIN = frozenset({"iso8859-1", "ascii"})
_SEVEN_BITS = ("iso2022", "utf-7", "hz")
"""Charsets whose bytes pass for UTF-8 and mean something else."""


def as_utf8(body: bytes, content_type: str) -> bytes:
    """Return a body in UTF-8 and without a mark; what cannot be told is returned as it is."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            rest = body[len(mark) :]
            return rest if name == "utf-8" else _recoded(rest, name)
    if len(body) > 1 and 0 in body[:2]:
        return _recoded(body, _by_zeros(body[:4]))
    charset = _charset(content_type)
    if charset is None or charset == "utf-8":
        return body
    tried = [charset] if charset.startswith(_SEVEN_BITS) else ["utf-8", charset]
    if charset in _LATIN:  # as browsers read it: what is no letter of Latin 1 is one of Windows
        tried = ["utf-8", "cp1252", "iso8859-1"]
    return _recoded(body, *tried)


def _recoded(body: bytes, *charsets: str) -> bytes:
    for charset in charsets:
        with suppress(UnicodeError):  # it is not this one: the next is tried
            return body.decode(charset).encode()
    return body  # as it came: the parser refuses it by place


def _by_zeros(start: bytes) -> str:
    """JSON begins with ASCII: where its zeros lie tells the form (RFC 4627, 3)."""
    if start[:3] == b"\0\0\0":
        return "utf-32-be"
    if start[1:] == b"\0\0\0":
        return "utf-32-le"
    return "utf-16-be" if start[0] == 0 else "utf-16-le"


def _charset(content_type: str) -> str | None:
    """Return the name of the charset that a Content-Type names; None for none that is known."""
    found = _CHARSET.search(content_type)
    if found is None:
        return None
    try:
        codec = codecs.lookup(found[1])
        b"".decode(found[1])  # no charset, but a packing such as base64
    except (LookupError, ValueError):  # an unknown name: read as UTF-8, or refused as no JSON
        return None
    return codec.name
