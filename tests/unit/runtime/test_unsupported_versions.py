"""A message of a newer release is no poison: the stage waits there until it is upgraded."""

from __future__ import annotations

import pytest

from syncline.contracts.bundle import decode_bundle
from syncline.contracts.messages import encode
from syncline.contracts.run_ref import Runs
from syncline.contracts.topics import DLQ
from syncline.contracts.versions import VERSION, UnsupportedVersionError, require_known_version
from syncline.contracts.wire import Delivery
from syncline.runtime.loop.stage_loop import StageLoop
from syncline.runtime.spec import StageSpec
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker
from tests.support.eventually import eventually
from tests.support.stages import GROUP, IN, QUICK, Handler, out, put, running


@pytest.mark.parametrize("shape", [{}, {"run": "a", "bundle": "of the future"}])
def test_what_is_newer_is_told_however_it_looks(shape: dict[str, object]) -> None:
    with pytest.raises(UnsupportedVersionError, match=f"version {VERSION + 1}; this release"):
        decode_bundle(encode(shape | {"v": VERSION + 1}))


async def test_the_stage_waits_at_it_and_goes_on_when_it_is_understood() -> None:
    broker, clock, understood = MemoryBroker(), FakeClock(), False

    def decode(delivery: Delivery, _runs: Runs) -> str:
        text = (delivery.value or b"").decode()
        require_known_version(0 if understood or text != "new" else VERSION + 1)
        return text

    spec = StageSpec(GROUP, [IN], decode, QUICK)
    stage = StageLoop(spec, Handler(), broker.consumer(GROUP), broker.producer(), clock)
    await put(broker, "old")
    async with running(stage):
        await eventually(lambda: out(broker) == ["old"])
        await put(broker, "new", "later")
        await eventually(lambda: "unsupported message version" in (stage.waiting_for or ""))
        await clock.advance(120)
        assert out(broker) == ["old"]
        assert broker.lying(DLQ) == []
        understood = True

        async def gone_on() -> bool:
            await clock.advance(30)
            return out(broker) == ["old", "new", "later"]

        await eventually(gone_on)
    assert broker.lying(DLQ) == []
