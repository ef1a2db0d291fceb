"""The weighted histogram: as Prometheus' own, had it observed each value so many times."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from syncline.telemetry.weighted_histogram import WeightedHistogram

BUCKETS = (0.1, 1, 60)


def test_it_tells_what_prometheus_own_histogram_does() -> None:
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    single = Histogram("waits", "Waits.", registry=theirs, buckets=BUCKETS)
    weighted = WeightedHistogram("waits", "Waits.", BUCKETS, ours)
    for value, count in ((0.0, 3), (0.1, 1), (0.5, 2500), (60.0, 7), (61.0, 2)):
        weighted.observe(value, count)
        for _ in range(count):
            single.observe(value)
    lines = [x for x in generate_latest(theirs).decode().splitlines() if "_created" not in x]
    assert generate_latest(ours).decode().splitlines() == lines
