"""Where the records of a run are that have no outcome yet: how far its stages have got.

The batches of a lane pass a stage in the order of their numbers. So the last one tells of all
before it, and what is told twice or late changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

NONE = -1
"""Stands for a lane of which a stage has no batch yet."""
STAGES = ("normalize", "transform", "execute")
"""The stages that take bundles, in their order."""


class StagePosition(msgspec.Struct, frozen=True, rename="camel"):
    """How many records in flight are at a stage; over all stages they add up to `inFlight`.

    Attributes:
        before: they wait for the stage. Normalize and Transform have a bundle for milliseconds
            only: what they work on counts here.
        inside: the stage has taken them, also those that wait for another attempt.
    """

    stage: str
    before: int
    inside: int = 0


class InFlight(msgspec.Struct, frozen=True):
    """Of a run's records in flight: Normalize, Transform is through with; Execute has taken."""

    normalized: int = 0
    transformed: int = 0
    taken: int = 0

    def positions(self, in_flight: int) -> list[StagePosition]:
        """Return where so many records in flight are; they add up, whatever was counted."""
        normalized = min(self.normalized, in_flight)
        transformed = min(self.transformed, normalized)
        taken = min(self.taken, transformed)
        return [
            StagePosition("normalize", in_flight - normalized),
            StagePosition("transform", normalized - transformed),
            StagePosition("execute", transformed - taken, taken),
        ]


class Span(msgspec.Struct, frozen=True):
    """Batches that a stage has newly reached: of each lane those in `(lows[lane], highs[lane]]`."""

    lows: Sequence[int]
    highs: Sequence[int]

    @property
    def low(self) -> int:
        """The number below all of them."""
        return min(low for low, high in zip(self.lows, self.highs, strict=True) if low < high)

    @property
    def high(self) -> int:
        """The highest of them."""
        return max(self.highs)

    def __contains__(self, batch: tuple[int, int]) -> bool:
        """Tell whether a batch, by lane and number, is one of them."""
        lane, number = batch
        return lane < len(self.highs) and self.lows[lane] < number <= self.highs[lane]


class Reach(msgspec.Struct, frozen=True):
    """How far the stages of a run have got: stage -> number of the last batch of each lane."""

    lanes: Mapping[str, Sequence[int]] = {}

    def has(self, stage: str, lane: int, number: int) -> bool:
        """Tell whether a stage has reached a batch."""
        numbers = self.lanes.get(stage, ())
        return lane < len(numbers) and number <= numbers[lane]

    def joined(self, told: Sequence[tuple[str, int, int]]) -> Reach:
        """Return the reach after what was told: stage, lane and number of its last batch.

        What a later stage has reached, those before it are through with.
        """
        width = 1 + max([lane for _, lane, _ in told], default=-1)
        width = max([width, *map(len, self.lanes.values())])
        lanes = {stage: self._row(stage, width) for stage in STAGES}
        for stage, lane, number in told:
            if stage in lanes:
                lanes[stage][lane] = max(lanes[stage][lane], number)
        for later, earlier in pairwise(reversed(STAGES)):
            lanes[earlier] = list(map(max, lanes[earlier], lanes[later]))
        return Reach(lanes)

    def spans_to(self, newer: Reach) -> dict[str, Span]:
        """Return for each stage that got on what it has newly reached."""
        spans = {}
        for stage, highs in newer.lanes.items():
            lows = self._row(stage, len(highs))
            if lows != list(highs):
                spans[stage] = Span(lows, highs)
        return spans

    def _row(self, stage: str, width: int) -> list[int]:
        numbers = self.lanes.get(stage, ())
        return [*numbers, *[NONE] * (width - len(numbers))]
