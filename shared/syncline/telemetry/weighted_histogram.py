"""A histogram that takes many equal observations at once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector


class WeightedHistogram(Collector):
    """Prometheus' own histogram takes one observation at a time; the records of a batch are many.

    Args:
        buckets: upper bounds, rising; the one without a bound is added.
    """

    def __init__(
        self, name: str, words: str, buckets: Sequence[float], registry: CollectorRegistry
    ) -> None:
        self._name = name
        self._words = words
        self._bounds = [*buckets, float("inf")]
        self._counts = [0] * len(self._bounds)
        self._sum = 0.0
        registry.register(self)

    def observe(self, value: float, count: int) -> None:
        """Add `count` observations of `value`."""
        self._counts[bisect_left(self._bounds, value)] += count
        self._sum += value * count

    def collect(self) -> Iterable[Metric]:
        counts = accumulate(self._counts)
        names = [*map(str, map(float, self._bounds[:-1])), "+Inf"]
        buckets = list(zip(names, counts, strict=True))
        yield HistogramMetricFamily(self._name, self._words, buckets, self._sum)
