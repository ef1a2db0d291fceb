"""Bodies and variables that a person wrote with placeholders: filled for one call. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from syncline.domain.record import JsonObject

PLACEHOLDER = re.compile(r"\{([A-Za-z]+)\}")


def texts_in(value: object) -> str:
    """Return all texts of a value as one."""
    return " ".join(texts(value))


def texts(value: object) -> Iterator[str]:
    """Yield all texts of a value."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)
    elif isinstance(value, str):
        yield value


def filled(value: object, values: Mapping[str, str], alone: Mapping[str, object]) -> object:
    """Fill placeholders: a text that is one alone becomes its value in `alone`.

    What is filled in is not looked at again.
    """
    if isinstance(value, dict):
        return {name: filled(part, values, alone) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, values, alone) for part in value]
    if not isinstance(value, str):
        return value
    if value in alone:
        return alone[value]
    return PLACEHOLDER.sub(lambda found: values.get(found[0], found[0]), value)


def without(body: Mapping[str, object], placeholder: str) -> JsonObject:
    """Leave out the texts that hold a placeholder, and objects and lists with nothing else."""
    return {name: _rest(v, placeholder) for name, v in body.items() if not _is_of(v, placeholder)}


def _is_of(value: object, placeholder: str) -> bool:
    """Tell whether nothing is left of a value without the texts that hold a placeholder."""
    if isinstance(value, dict | list):
        parts = list(value.values() if isinstance(value, dict) else value)
        return bool(parts) and all(_is_of(part, placeholder) for part in parts)
    return isinstance(value, str) and placeholder in value


def _rest(value: object, placeholder: str) -> object:
    if isinstance(value, dict):
        return without(value, placeholder)
    if isinstance(value, list):
        return [_rest(part, placeholder) for part in value if not _is_of(part, placeholder)]
    return value


def placed(body: Mapping[str, object], keys: Sequence[str], value: object) -> JsonObject:
    """Put a value into a body, in objects by these names."""
    first, *rest = keys
    inner = body.get(first)
    below = placed(inner if isinstance(inner, dict) else {}, rest, value) if rest else value
    return {**body, first: below}
