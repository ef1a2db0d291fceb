"""How much larger a mapping may make what it is given: a record, and a batch in memory.

Only what can grow is measured: transformers that add text, arrays, and mappings that write long
fixed texts or the same source many times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from syncline.domain.mapping.document import NormalizationField, TransformationField
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.transformers.registry import READS
from syncline.domain.mapping.values.weight import weight_of
from syncline.domain.record import Value

MOST_GROWN = 32_000_000
"""Characters that a mapping may add to one batch; a batch comes in at most 1,000,000 bytes."""
MOST_ELEMENTS = 2_000_000
"""Values inside arrays that a mapping may make of one batch."""
_FEW_LITERALS = 16_000
_FEW_READS = 4


class Growth:
    """What was added to one batch so far."""

    def __init__(self) -> None:
        self.characters = 0
        self.elements = 0

    def add(self, characters: int) -> None:
        """Count characters. Raises ValueRefusedError where they are too many for a batch."""
        if characters > 0:
            self.characters += characters
            if self.characters > MOST_GROWN:
                self.characters -= characters
                raise ValueRefusedError(
                    f"would grow by {characters:,} characters, more than are left of the "
                    f"{MOST_GROWN:,} that a mapping may add to one batch: make its values shorter",
                    code="value_too_large",
                )

    def add_elements(self, count: int) -> None:
        """Count values inside arrays. Raises ValueRefusedError where they are too many."""
        if self.elements + count > MOST_ELEMENTS:
            raise ValueRefusedError(
                f"would make {count:,} values in arrays, more than are left of the "
                f"{MOST_ELEMENTS:,} that a mapping may make of one batch: map shorter arrays",
                code="value_too_large",
            )
        self.elements += count


def repeats(
    fields: Sequence[NormalizationField | TransformationField],
    static: Sequence[Value] = (),
) -> bool:
    """Tell whether records may come out far larger than they came in, though no value grows.

    So it is where a mapping has long texts of its own, or writes one source several times.
    """
    literals = weight_of(list(static)) + sum(map(_literals, fields))
    reads = Counter(path for field in fields for path in _sources(field))
    return literals > _FEW_LITERALS or any(count > _FEW_READS for count in reads.values())


def _literals(field: NormalizationField | TransformationField) -> int:
    return weight_of([field.default, *(dict(options) for _, options in field.chain)])


def _sources(field: NormalizationField | TransformationField) -> Iterator[Value]:
    yield field.source
    for name, options in field.chain:
        for option in READS.get(name.lower(), ()):
            read = options.get(option)
            yield from read if isinstance(read, list) else [read]
