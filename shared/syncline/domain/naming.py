"""Messages about wrong names and values: what was given, and what was probably meant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from difflib import get_close_matches

LONGEST = 100
"""Characters of a name that are compared; a longer name is not a typing error."""
NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$"
"""Pattern of the name of a profile, a mapping, an instance, a schedule or a hook."""
SHOWN = 80
"""Characters of a wrong value that a message shows."""


def near(name: object, known: Iterable[str], count: int = 1) -> list[str]:
    """Return known names similar to a wrong one in any case, the most similar first."""
    folded: dict[str, list[str]] = {}
    for each in known:
        folded.setdefault(each.casefold()[:LONGEST], []).append(each)
    found = get_close_matches(str(name)[:LONGEST].casefold(), folded, count, 0.6)
    return [each for key in found for each in folded[key]][:count]


def meant(name: object, known: Iterable[str], count: int = 1) -> str:
    """Return `; did you mean …?` for the end of a message, or nothing if no name is similar."""
    found = near(name, known, count)
    return f"; did you mean {' or '.join(f'`{each}`' for each in found)}?" if found else ""


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """Return the message that a name of this kind is unknown, with a similar one or all names."""
    return f"unknown {what}{hint(name, sorted(known))}"


def hint(name: object, known: Sequence[str]) -> str:
    """Return the end of a message about a name: a similar one, or all names."""
    return meant(name, known) or (f"; known: {', '.join(known)}" if known else "; there is none")


def shown(value: object) -> str:
    """Return a wrong value for a message: text in quotes, other values as JSON."""
    if isinstance(value, str):
        text = repr(value[: SHOWN + 1])
    elif isinstance(value, Decimal):
        text = str(value)
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
