"""The message in an error's body that has none in the usual places, or is no JSON at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 500
_FEW = 3
_HIDDEN = re.compile(r"<(script|style|head)\b.*?(?:</\1>|$)|<!--.*?(?:-->|$)", re.I | re.S)
_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.I)
_TAG = re.compile(r"<[^>]*(?:>|$)")
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": " "}


def words_of(document: object) -> str:
    """Return the first texts of a JSON body, each with its name: `sku: has already been taken`."""
    found: list[str] = []
    for text in _texts(document, ""):
        found.append(text)
        if len(found) == _FEW:
            break
    return "; ".join(found)[:LONGEST]


def _texts(value: object, name: str, depth: int = 6) -> Iterator[str]:
    if isinstance(value, str) and value.strip():
        words = " ".join(value.split())
        yield f"{name}: {words}" if name else words
    if depth == 0:
        return
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _texts(part, str(key), depth - 1)
    elif isinstance(value, list):
        for part in value[:_FEW]:
            yield from _texts(part, name, depth - 1)


def plain_words(text: str) -> str:
    """Return the words of a body that is no JSON: its first line, or an HTML page's title."""
    if not text.lstrip().startswith("<"):
        lines = (" ".join(line.split()) for line in text.splitlines())
        first = next(filter(None, lines), "")
        return first[:LONGEST] if first.isprintable() and "\ufffd" not in first else ""
    title = _TITLE.search(text)
    words = title[1] if title else _TAG.sub(" ", _HIDDEN.sub(" ", text))
    for entity, char in _ENTITIES.items():
        words = words.replace(entity, char)
    return " ".join(words.split())[:LONGEST]
