"""How long a fetch waits at the broker while nothing arrives."""

from __future__ import annotations

from syncline.contracts.topics import CONTROL, TOPICS, tenant_triggers
from syncline.kafka.client import FETCH_WAIT
from syncline.kafka.reader import fetch_wait


def test_a_fetch_waits_long_where_it_holds_up_no_other_partition() -> None:
    long = {topic.name for topic in TOPICS if fetch_wait(topic.name) > FETCH_WAIT}
    assert long == {topic.name for topic in TOPICS if topic.single}
    assert CONTROL in long
    assert fetch_wait(tenant_triggers("other").name) == FETCH_WAIT
