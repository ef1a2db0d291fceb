"""Random tokens: API keys, sessions, one-time links. Only their (fast) hashes are stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import zlib

import msgspec

_KEY = re.compile(r"(syn_[0-9a-f]{12})_([0-9A-Za-z]{40})([0-9a-f]{8})")
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TOKEN = re.compile(r"[0-9A-Za-z_-]{43}")
_CSRF = b"syncline-csrf:"


class ApiKeyToken(msgspec.Struct, frozen=True):
    """A key at the one moment when it is known; it is found by its prefix, its hash is stored."""

    text: str
    prefix: str
    hash: bytes

    def __repr__(self) -> str:
        return f"NewKey({self.prefix!r})"


def new_api_key() -> ApiKeyToken:
    """Make an API key: `syn_<12>_<40 random><8 of a checksum>`."""
    prefix = f"syn_{secrets.token_hex(6)}"
    body = f"{prefix}_{''.join(secrets.choice(_LETTERS) for _ in range(40))}"
    text = body + _checksum(body)
    return ApiKeyToken(text, prefix, token_hash(text))


def key_prefix(text: str) -> str | None:
    """Return a key's prefix, or None for what no key can be: a typing error costs no query."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    prefix, secret, checksum = match.groups()
    return prefix if checksum == _checksum(f"{prefix}_{secret}") else None


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def new_token() -> str:
    """Make a token for a session or a link: 256 random bits."""
    return secrets.token_urlsafe(32)


def is_token(text: str) -> bool:
    """Tell whether a text has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


def token_hash(text: str) -> bytes:
    """Return what is stored of a key or token."""
    return hashlib.sha256(text.encode()).digest()


def is_hash_of(text: str, stored: bytes) -> bool:
    """Compare a key with a stored hash; takes the same time wherever they differ."""
    return hmac.compare_digest(token_hash(text), stored)


def csrf_token(session: str) -> str:
    """Return a session's CSRF token, derived from its cookie, which scripts cannot read."""
    digest = hashlib.sha256(_CSRF + session.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_csrf_token(given: str, session: str) -> bool:
    """Compare a given CSRF token with a session's."""
    return hmac.compare_digest(given.encode(), csrf_token(session).encode())
