"""The memory broker does what Kafka does, as far as the suite asks."""

from __future__ import annotations

import pytest

from syncline.testing.memory_broker import MemoryBroker
from tests.suites.broker import PARTITIONS, BrokerSuite
from tests.support.message_keys import KEYS


class TestMemoryBroker(BrokerSuite):
    @pytest.fixture
    def broker(self) -> MemoryBroker:
        return MemoryBroker(PARTITIONS, keys=KEYS)
