"""What a mapping stage made of each field of a record, by the mapping that the run pinned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from syncline.contracts.messages import decoder_of, encode
from syncline.domain.mapping.document import Normalization, Transformation
from syncline.domain.mapping.paths import parse_path, reader

_decode = decoder_of(object).decode


class FieldChange(msgspec.Struct, frozen=True, rename="camel"):
    """One field of a stage's output.

    Attributes:
        source: path in the input; None for a fixed value.
        target: path in the output.
        before, after: JSON texts of the values; None where there is none, or nothing was kept.
        changed: the two values differ, or only one of them is there.
        error: why nothing was made of it, where it broke.
    """

    source: str | None
    target: str
    before: str | None
    after: str | None
    changed: bool
    error: str | None = None


def changes_of(
    block: Normalization | Transformation,
    given: bytes | None,
    made: bytes | None,
    broken: Mapping[int, str] | None = None,
) -> list[FieldChange]:
    """Return what became of each field that the stage's block of the mapping names.

    Args:
        given, made: the stage's input and output as JSON, None where it is not known.
        broken: place of a field in the block -> why it broke.
    """
    before, after = _read(given), _read(made)
    pairs: list[tuple[str | None, str]] = [(field.source, field.target) for field in block.fields]
    if isinstance(block, Transformation):
        pairs += [(None, fixed.target) for fixed in block.static]
    errors = broken or {}
    return [
        _change(source, target, before, after, errors.get(place))
        for place, (source, target) in enumerate(pairs)
    ]


def unused(fields: Iterable[Any], given: bytes | None) -> list[str]:
    """Name the top-level fields of an input that no field of the mapping reads."""
    record = _read(given)
    read = {parse_path(field.source)[0].key for field in fields} | {f.source for f in fields}
    return [name for name in record if name not in read] if isinstance(record, dict) else []


def _change(
    source: str | None, target: str, before: object, after: object, error: str | None
) -> FieldChange:
    old = None if source is None else _value(source, before)
    new = None if error else _value(target, after)
    return FieldChange(source, target, old, new, old != new, error)


def _value(path: str, record: object) -> str | None:
    value = reader(parse_path(path))(record)
    return None if value is None else encode(value).decode()


def _read(text: bytes | None) -> object:
    try:
        return None if text is None else _decode(text)
    except (msgspec.DecodeError, RecursionError):  # no JSON, so no field of it can be compared
        return None
