"""Decompressing bodies, also with a wrong label or a missing end. Pure.

Servers label plain JSON `UTF-8`, proxies unpack and leave the label, `deflate` means two things.
"""

from __future__ import annotations

import zlib

_NAMED = frozenset({"gzip", "x-gzip", "deflate"})
_OTHERS = frozenset(
    {"br", "zstd", "compress", "x-compress", "bzip2", "x-bzip2", "xz", "lzma", "lz4", "dcb", "dcz"}
)
"""Packings that a server may know and that nobody asked for."""
_GZIP = b"\x1f\x8b"
_STEP = 65_536
_AUTOMATIC, _RAW = 47, -15
"""How zlib is told to look for a gzip or zlib header itself, or that there is none."""


class CutError(ValueError):
    """A body ends before its end, or was damaged on its way: the next one may be whole."""


class PackedError(ValueError):
    """A body is packed in a way that nobody asked for."""


class LargeError(ValueError):
    """A body is larger than allowed."""


def decompress(body: bytes, label: str, limit: int) -> bytes:
    """Return a body as it was before it was packed. Raises CutError, PackedError, LargeError.

    Args:
        label: the `Content-Encoding` header, packings in the order they were applied.
        limit: bytes that the unpacked body may have; unpacking stops there.
    """
    for name in reversed([part.strip().lower() for part in label.split(",")]):
        if name in _OTHERS:
            raise PackedError(f"is packed as {name!r}, and gzip was asked for")
        if body[:2] == _GZIP and name in _NAMED:
            body = _members(body, limit)
        elif name == "deflate" and body:
            body = _inflated(body, limit)
    return _members(body, limit) if body[:2] == _GZIP else body


def _members(body: bytes, limit: int) -> bytes:
    """Unpack gzip: one member after the other, as `cat` and some proxies put them together."""
    parts: list[bytes] = []
    room = limit
    while body:
        if not body.startswith(_GZIP):
            raise CutError("is no whole gzip: it ends in the middle, or something follows it")
        part, body = _one(body, _AUTOMATIC, room)
        room -= len(part)
        parts.append(part)
        body = body.lstrip(b"\0")
    return b"".join(parts)


def _inflated(body: bytes, limit: int) -> bytes:
    """Unpack `deflate`: with zlib's header as the standard says, or bare as some servers do."""
    headed = body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    try:
        return _one(body, _AUTOMATIC if headed else _RAW, limit)[0]
    except CutError:
        if body.lstrip()[:1] in (b"{", b"["):
            return body  # labelled, and not packed
        if headed:
            return _one(body, _RAW, limit)[0]
        raise


def _one(body: bytes, how: int, limit: int) -> tuple[bytes, bytes]:
    """Unpack one stream in steps, so that a bomb stops early; returns what follows it as well."""
    stream = zlib.decompressobj(wbits=how)
    parts: list[bytes] = []
    size = 0
    try:
        while body and not stream.eof:
            part = stream.decompress(body, _STEP)
            size += len(part)
            if size > limit:
                raise LargeError
            parts.append(part)
            body = stream.unconsumed_tail
        parts.append(b"" if stream.eof else stream.flush())
    except zlib.error as error:
        raise CutError(f"was damaged on its way: {error}") from error
    if not stream.eof:
        raise CutError("is cut: its packing does not end")
    return b"".join(parts), stream.unused_data
