"""The state of a partition, of what the broker says of its replicas."""

from __future__ import annotations

import pytest

from syncline.kafka.lag import state_of


@pytest.mark.parametrize(
    ("leader", "in_sync", "state"),
    [(1, [1, 2, 3], "whole"), (1, [1, 3], "under_replicated"), (-1, [], "leaderless")],
)
def test_a_partition_is_whole_when_every_replica_is_in_sync(
    leader: int, in_sync: list[int], state: str
) -> None:
    assert state_of({"leader": leader, "replicas": [1, 2, 3], "isr": in_sync}) == state
