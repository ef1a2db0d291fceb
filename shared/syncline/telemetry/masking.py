"""Masks secret values of profiles in texts that leave this process."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""Shorter values are not masked: they would be part of too many harmless words. Docs say so."""
MASK = "***"
_JSON_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


class Secrets:
    """Secret values, also as they are written in URLs. A value once known stays known."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def know(self, values: Iterable[str]) -> None:
        """Mask these values from now on."""
        known = {form for value in values if len(value) >= SHORTEST for form in _forms(value)}
        if known <= self._forms:
            return
        self._forms |= known
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def mask(self, text: str) -> str:
        """Return the text without any secret value."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def mask_json(self, text: str) -> str:
        """Return JSON without any secret value inside its texts; it stays JSON.

        A number that equals a secret is not masked.
        """
        if self._pattern is None:
            return text
        return _JSON_TEXT.sub(lambda found: f'"{self.mask(found[0][1:-1])}"', text)


def _forms(value: str) -> set[str]:
    """Return a value as it is, URL-quoted, as `repr` writes it in a traceback, in JSON, base64."""
    raw = value.encode("utf-8", "replace")
    quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw), repr(value)[1:-1]}
    plain = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    return plain | quoted | set(_in_base64(raw))


def _in_base64(raw: bytes) -> Iterator[str]:
    """Give what base64 has of a value within something longer, as `user:password` in a header.

    Where it begins in a group of three bytes decides; characters that its neighbours share are
    left out, and two or three of those stay to be seen.
    """
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode()
        yield encoded[-(-before * 4 // 3) : (before + len(raw)) * 4 // 3]


SECRETS = Secrets()
"""All secrets that this process has opened; logs and failures are masked with them. What people of
a tenant see is masked with that tenant's secrets only: else they could guess another tenant's."""
