"""A message that is nested too deeply is passed over: it ends no process and no answer."""

from __future__ import annotations

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest

from syncline.actions.dead_letters import dead_letter_detail as dead_letters
from syncline.actions.passports import passport
from syncline.actions.passports.field_changes import unused
from syncline.actions.trials import draft
from syncline.contracts.wire import Delivery
from syncline.runtime.commands.control import ControlTopic
from syncline.telemetry.masking import Secrets
from syncline.testing.clock import FakeClock
from syncline_gateway.live.hub import Hub

DEEP = b"[" * 100_000 + b"]" * 100_000
HOSTILE = b'{"more":' + DEEP + b"}"


def delivery(key: bytes, value: bytes) -> Delivery:
    return Delivery("t", 0, 0, key, value, (), 0)


class Once:
    """Gives what a test has put there, and then ends the reading."""

    def __init__(self, *deliveries: Delivery) -> None:
        self._polls = deque([list(deliveries)])

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def at_end(self) -> bool:
        return True

    async def poll(self, wait: float) -> list[Delivery]:
        if not self._polls:
            raise asyncio.CancelledError
        return self._polls.popleft()


async def test_a_wish_behind_it_is_heard() -> None:
    reader = Once(delivery(b"r1", HOSTILE), delivery(b"r2", b'{"action":"cancel"}'))
    control = ControlTopic(reader, FakeClock())

    with pytest.raises(asyncio.CancelledError):
        await control.follow()

    assert control.cancelled == ["r2"]


async def test_the_status_topic_is_read_on() -> None:
    reader: Any = Once(delivery(b"r1", HOSTILE))

    with pytest.raises(asyncio.CancelledError):
        await Hub(reader, FakeClock()).read_statuses()


def test_it_holds_no_record_of_a_run() -> None:
    assert draft._taken(delivery(b"r1", HOSTILE), "default", {"r1": 5}) == []
    placed: Any = SimpleNamespace(batch=1, slot=0)
    assert passport._at(HOSTILE, placed) is None


def test_it_is_masked_as_a_text_and_has_no_fields() -> None:
    secrets = Secrets()
    secrets.know(["hunter2-hunter2"])
    text = DEEP.decode() + "hunter2-hunter2"
    assert "hunter2" not in dead_letters._masked(text, secrets)
    assert unused([], DEEP) == []
