"""Records through a mapping, one result for each: what most tests look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from syncline.domain.columns import Columns
from syncline.domain.errors import Failure
from syncline.domain.mapping.engine.compiler import MappedBatch
from syncline.domain.record import Record


class MappedRecords(msgspec.Struct):
    """What a mapping made of records.

    Attributes:
        outputs: parallel to the records; None where one failed or was excluded.
        failures: place -> why.
        excluded: places of records that the mapping leaves out.
    """

    outputs: list[Record | None]
    failures: dict[int, Failure]
    excluded: list[int]


def mapped(map_: Callable[[Columns], MappedBatch], records: Sequence[Record]) -> MappedRecords:
    """Map records by column, and hold the result to what a batch of columns promises."""
    batch = Columns.of(records)
    result = map_(batch)
    assert batch.records() == Columns.of(records).records(), "the batch was changed"
    made = result.outputs
    assert len(made) == len(result.places)
    assert list(made.values) == sorted(made.values)
    assert all(list(record) == sorted(record) for record in made.rest)
    outputs: list[Record | None] = [None] * len(records)
    for place, output in zip(result.places, made.records(), strict=True):
        outputs[place] = dict(sorted(output.items()))
    without = sorted([*result.failures, *result.excluded])
    assert without == [place for place, output in enumerate(outputs) if output is None]
    return MappedRecords(outputs, result.failures, result.excluded)
