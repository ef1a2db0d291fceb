"""How many copies a message needs to count as sent."""

from __future__ import annotations

import pytest

from syncline.kafka.topic_policy import min_in_sync


@pytest.mark.parametrize(("replication", "in_sync"), [(1, 1), (2, 1), (3, 2), (5, 2)])
def test_one_broker_may_be_away_and_one_disk_be_lost(replication: int, in_sync: int) -> None:
    assert min_in_sync(replication) == in_sync
