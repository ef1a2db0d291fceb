"""Which retry topic a delay belongs to."""

from __future__ import annotations

import pytest

from syncline.contracts.topics import RETRY_TIERS, retry_topic
from syncline.domain.retry import JITTER


@pytest.mark.parametrize("tier", RETRY_TIERS)
@pytest.mark.parametrize("jitter", [-JITTER, 0.0, JITTER])
def test_jitter_moves_no_retry_to_another_topic(tier: int, jitter: float) -> None:
    assert retry_topic(tier * (1 + jitter)) == f"retry.{tier}s"


@pytest.mark.parametrize(("delay", "tier"), [(0.5, 2), (20, 8), (60, 32), (90_000, 300)])
def test_other_delays_lie_in_the_longest_tier_that_is_not_too_long(delay: float, tier: int) -> None:
    assert retry_topic(delay) == f"retry.{tier}s"
