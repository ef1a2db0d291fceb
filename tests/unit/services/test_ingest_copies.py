"""A run request that was sent again, because Ingest was away, disturbs no extraction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from syncline.contracts.wire import Outbound
from syncline.testing.memory_broker import MemoryBroker
from syncline_ingest.main import SPEC
from tests.support.eventually import eventually
from tests.support.stages import GROUP, IN, Handler, running, stage_on


async def test_copies_of_a_request_wait_until_the_extraction_has_ended() -> None:
    """None begins beside it, which would fence it and read the source again."""
    broker, go_on = MemoryBroker(), asyncio.Event()

    async def extract(items: Sequence[str]) -> None:
        if items == ["large"]:
            await go_on.wait()

    for run, text in (("a", "large"), ("a", "copy 1"), ("b", "small"), ("a", "copy 2")):
        broker.append(Outbound(IN, run.encode(), text.encode(), 0))
    handler = Handler(extract)
    async with running(stage_on(broker, handler, replace(SPEC.options, commit_every=0.01))):
        await eventually(lambda: ["small"] in handler.calls)
        assert handler.calls == [["large"], ["small"]]
        go_on.set()
        await eventually(lambda: broker.committed(GROUP) == {(IN, 0): 4})
    assert handler.calls[2:] == [["copy 1"], ["copy 2"]]
