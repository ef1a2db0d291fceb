"""Texts that every store and reader takes: no NUL, no half of a surrogate pair."""

from __future__ import annotations

from collections.abc import Iterator


def is_storable(text: str) -> bool:
    """Tell whether databases and readers of JSON take a text."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:  # the answer is No
        return False
    return True


def unstorable(value: object, path: str = "$") -> Iterator[str]:
    """Yield the JSON path of each text that is not storable; of a key that of its object."""
    if isinstance(value, str):
        if not is_storable(value):
            yield path
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from unstorable(name, path)
            yield from unstorable(part, f"{path}.{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from unstorable(part, f"{path}[{number}]")
