"""How people are told of names and values that are wrong: what was given, and what was meant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from difflib import get_close_matches

LONGEST = 100
"""Characters of a name that are compared; longer ones are no slip of the hand."""
NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$"
"""Pattern of the name of a profile, a mapping, an instance or a schedule."""
SHOWN = 80
"""Characters of a wrong value that are repeated."""


def near(name: object, known: Iterable[str], count: int = 1) -> list[str]:
    """Return the known names that a wrong one may have meant, the likeliest first; in any case."""
    folded: dict[str, list[str]] = {}
    for each in known:
        folded.setdefault(each.casefold()[:LONGEST], []).append(each)
    found = get_close_matches(str(name)[:LONGEST].casefold(), folded, count, 0.6)
    return [each for key in found for each in folded[key]][:count]


def meant(name: object, known: Iterable[str], count: int = 1) -> str:
    """Return `; did you mean …?` to stand behind a message, or nothing when no name is near."""
    found = near(name, known, count)
    return f"; did you mean {' or '.join(f'`{each}`' for each in found)}?" if found else ""


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """Say that something of this kind is not known, and which one was meant or which there are."""
    return f"unknown {what}{hint(name, sorted(known))}"


def hint(name: object, known: Sequence[str]) -> str:
    """Return what stands behind a message about a name: which was meant, or which there are."""
    return meant(name, known) or (f"; known: {', '.join(known)}" if known else "; there is none")


def shown(value: object) -> str:
    """Return a wrong value as it may be repeated to a person: text in quotes, the rest as JSON."""
    if isinstance(value, str):
        text = repr(value[: SHOWN + 1])
    elif isinstance(value, Decimal):
        text = str(value)
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
