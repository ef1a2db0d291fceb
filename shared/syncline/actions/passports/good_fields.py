"""What a mapping stage makes of the good fields of a record that it gave up, and what broke others.

The stage itself sends nothing on of such a record; this is made anew, by the same code.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from syncline.contracts.messages import decoder_of, encode
from syncline.contracts.topics import Stage
from syncline.domain.columns import Columns
from syncline.domain.errors import Failure
from syncline.domain.mapping.document import Mapping
from syncline.domain.mapping.engine.compiler import compile_mapping
from syncline.domain.record import Record

_decode = decoder_of(Record).decode


class GoodFields(msgspec.Struct, frozen=True):
    """A stage's output without the fields that broke.

    Attributes:
        made: the output as JSON; None where nothing can be made of the record.
        broken: place of a field in the mapping -> why it broke.
    """

    made: bytes | None = None
    broken: dict[int, Failure] = {}


def good_fields(mapping: Mapping, stage: Stage, given: bytes) -> GoodFields:
    """Map a record as a stage does, and leave out the fields that it breaks."""
    try:
        record = _decode(given)
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


def _without(mapping: Mapping, stage: Stage, broken: dict[int, Failure]) -> Mapping:
    """Return a mapping without some fields of a stage; what excludes a record was asked before."""
    if stage is Stage.NORMALIZE:
        block = mapping.normalization
        kept = tuple(f for place, f in enumerate(block.fields) if place not in broken)
        return replace(mapping, normalization=replace(block, fields=kept))
    into = mapping.transformation
    left = tuple(f for place, f in enumerate(into.fields) if place not in broken)
    return replace(mapping, transformation=replace(into, fields=left, exclude=None))
