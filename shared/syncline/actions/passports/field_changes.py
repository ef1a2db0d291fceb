"""What a mapping stage made of each field of a record, by the mapping that the run pinned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from syncline.contracts.messages import decoder_of, encode
from syncline.contracts.topics import Stage
from syncline.domain.columns import Columns
from syncline.domain.errors import Failure
from syncline.domain.mapping.document import Mapping as MappingDocument
from syncline.domain.mapping.document import Normalization, Transformation
from syncline.domain.mapping.engine.compiler import compile_mapping
from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.record import Record

_decode = decoder_of(object).decode


class FieldChange(msgspec.Struct, frozen=True, rename="camel"):
    """One field of a stage's output.

    Attributes:
        source: path in the input; None for a fixed value.
        target: path in the output.
        before, after: JSON texts of the values; None where there is none, or nothing was kept.
        changed: the two values differ, or only one of them is there.
        error: why nothing was made of it, where it broke.
        on_create: the target gets it only where it creates the record.
    """

    source: str | None
    target: str
    before: str | None
    after: str | None
    changed: bool
    error: str | None = None
    on_create: bool = False


def changes_of(
    block: Normalization | Transformation,
    given: bytes | None,
    made: bytes | None,
    broken: Mapping[int, str] | None = None,
) -> list[FieldChange]:
    """Return what became of each field that the stage's block of the mapping names.

    `given` and `made` are JSON, None where it is not known; `broken` says by the place of a field
    why it broke.
    """
    before, after = _read(given), _read(made)
    pairs: list[tuple[str | None, str]] = [(field.source, field.target) for field in block.fields]
    if isinstance(block, Transformation):
        pairs += [(None, fixed.target) for fixed in block.static]
    errors = broken or {}
    once = block.on_create if isinstance(block, Transformation) else ()
    return [
        _change(source, target, before, after, errors.get(place), on_create=_top(target) in once)
        for place, (source, target) in enumerate(pairs)
    ]


def _top(target: str) -> str | None:
    return parse_path(target)[0].key


def unused(fields: Iterable[Any], given: bytes | None) -> list[str]:
    """Name the top-level fields of an input that no field of the mapping reads."""
    record = _read(given)
    read = {parse_path(field.source)[0].key for field in fields} | {f.source for f in fields}
    return [name for name in record if name not in read] if isinstance(record, dict) else []


def _change(
    source: str | None,
    target: str,
    before: object,
    after: object,
    error: str | None,
    *,
    on_create: bool,
) -> FieldChange:
    old = None if source is None else _value(source, before)
    new = None if error else _value(target, after)
    return FieldChange(source, target, old, new, old != new, error, on_create)


def _value(path: str, record: object) -> str | None:
    value = reader(parse_path(path))(record)
    return None if value is None else encode(value).decode()


def _read(text: bytes | None) -> object:
    try:
        return None if text is None else _decode(text)
    except (msgspec.DecodeError, RecursionError):  # no JSON, so no field of it can be compared
        return None


_decode_record = decoder_of(Record).decode


class GoodFields(msgspec.Struct, frozen=True):
    """A stage's output as JSON without its broken fields (None: nothing), and why each broke."""

    made: bytes | None = None
    broken: dict[int, Failure] = {}


def good_fields(mapping: MappingDocument, stage: Stage, given: bytes) -> GoodFields:
    """Map a record as a stage does, and leave out the fields that it breaks."""
    try:
        record = _decode_record(given)
    except (msgspec.DecodeError, RecursionError):  # no JSON, so no field of it is good
        return GoodFields()
    compiled = compile_mapping(mapping)
    normalizes = stage is Stage.NORMALIZE
    find = compiled.broken_normalization if normalizes else compiled.broken_transformation
    broken = dict(find(record))
    good = compile_mapping(_without(mapping, stage, broken))
    part = good.normalize if normalizes else good.transform
    made = part(Columns.of([record])).outputs.records()
    return GoodFields(encode(made[0]) if made else None, broken)


def _without(mapping: MappingDocument, stage: Stage, broken: dict[int, Failure]) -> MappingDocument:
    """Return a mapping without some fields of a stage; what excludes a record was asked before."""
    if stage is Stage.NORMALIZE:
        block = mapping.normalization
        kept = tuple(f for place, f in enumerate(block.fields) if place not in broken)
        return replace(mapping, normalization=replace(block, fields=kept))
    into = mapping.transformation
    left = tuple(f for place, f in enumerate(into.fields) if place not in broken)
    return replace(mapping, transformation=replace(into, fields=left, exclude=None))
