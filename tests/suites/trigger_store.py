"""What Trigger relies on of runs, in the database and in memory."""

from __future__ import annotations

from typing import Protocol

import pytest
from uuid6 import uuid7

from syncline.domain.errors import ConflictError, NotFoundError
from syncline.domain.run import Run, State
from syncline.domain.trigger import TriggerRequest, parse_trigger
from syncline_trigger.ports import TriggerStore


class TriggerWorld(Protocol):
    """A store with one stream, `item` of erp-shop, and what people do beside Trigger."""

    store: TriggerStore

    async def switch_off(self) -> None:
        """Make the instance inactive."""

    async def start(self, run: Run) -> None:
        """Begin a run, as Ingest does."""

    async def finish(self, run: Run) -> None:
        """End a run that was begun, as Finalize does."""

    async def cancel(self, run_id: str) -> None:
        """Want a run to end, as `ann`."""

    async def pause(self, run_id: str) -> None:
        """Hold a run, as `ann`."""

    async def resume(self, run_id: str) -> None:
        """Let it go on."""


def request(**fields: object) -> TriggerRequest:
    return parse_trigger({"instance": "erp-shop", "entityType": "item", **fields})


async def accept(world: TriggerWorld, run_id: str | None = None, **fields: object) -> Run:
    wanted = request(**fields)
    stream = await world.store.runnable("default", "erp-shop", "item")
    run, _ = await world.store.accept(run_id or str(uuid7()), wanted, stream, 4)
    return run


class TriggerStoreSuite:
    """Subclasses give the fixture `world`."""

    async def test_a_run_is_accepted_once(self, world: TriggerWorld) -> None:
        run_id, stream = (
            str(uuid7()),
            await world.store.runnable("default", "erp-shop", "item"),
        )
        run, is_new = await world.store.accept(run_id, request(), stream, 4)
        assert (run.id, run.state, run.lanes, is_new) == (run_id, State.QUEUED, 4, True)
        same, is_new = await world.store.accept(run_id, request(actor="bob"), stream, 4)
        assert (same.id, is_new) == (run_id, False)
        with pytest.raises(ConflictError, match="another request"):
            await world.store.accept(run_id, request(mode="force_full"), stream, 4)

    async def test_what_is_unknown_or_switched_off_cannot_run(self, world: TriggerWorld) -> None:
        for tenant, instance, entity_type in (
            ("other", "erp-shop", "item"),
            ("default", "shop", "item"),
            ("default", "erp-shop", "order"),
        ):
            with pytest.raises(NotFoundError):
                await world.store.runnable(tenant, instance, entity_type)
        await world.switch_off()
        with pytest.raises(ConflictError, match="is Inactive"):
            await world.store.runnable("default", "erp-shop", "item")

    async def test_a_second_run_is_refused_or_waits_its_turn(self, world: TriggerWorld) -> None:
        first = await accept(world)
        with pytest.raises(ConflictError, match=f"run {first.id} of this instance"):
            await accept(world)
        second = await accept(world, onOverlap="queue")
        assert await world.store.claim_dispatchable() == [(first.id, "default")]
        assert await world.store.claim_dispatchable() == []
        await world.start(first)
        assert await world.store.claim_dispatchable() == []
        await world.finish(first)
        assert await world.store.claim_dispatchable() == [(second.id, "default")]

    async def test_a_refusal_is_of_one_request(self, world: TriggerWorld) -> None:
        store, run_id = world.store, str(uuid7())
        assert await store.refusal(run_id, request()) is None
        await store.refuse(run_id, request(), NotFoundError("unknown instance"))
        assert isinstance(await store.refusal(run_id, request()), NotFoundError)
        assert await store.refusal(run_id, request(mode="force_full")) is None
        await store.refuse(run_id, request(), ConflictError("is active"))
        assert isinstance(await store.refusal(run_id, request()), ConflictError)

    async def test_a_refusal_does_not_touch_a_run_of_that_name(self, world: TriggerWorld) -> None:
        run = await accept(world)
        await world.store.refuse(run.id, request(), ConflictError("is active"))
        assert await world.store.refusal(run.id, request()) is None

    async def test_a_run_is_refused_in_its_turn_until_finalize_has_ended_it(
        self, world: TriggerWorld
    ) -> None:
        run = await accept(world)
        assert await world.store.refuse_switched_off() == []
        await world.switch_off()
        assert await world.store.claim_dispatchable() == []
        for _ in range(2):
            (refused,) = await world.store.refuse_switched_off()
            assert (refused.id, refused.extracted) == (run.id, True)
            assert "its turn came, but instance 'erp-shop' is Inactive" in str(refused.failure)

    async def test_a_run_that_is_cancelled_in_the_queue_never_begins(
        self, world: TriggerWorld
    ) -> None:
        run = await accept(world)
        assert await world.store.end_cancelled() == []
        await world.cancel(run.id)
        assert await world.store.claim_dispatchable() == []
        for _ in range(2):
            assert [r.id for r in await world.store.end_cancelled()] == [run.id]

    async def test_a_cancel_is_open_while_its_run_goes_on(self, world: TriggerWorld) -> None:
        run = await accept(world)
        await world.start(run)
        assert await world.store.open_cancels(-1.0) == []
        await world.cancel(run.id)
        assert await world.store.open_cancels(60.0) == []
        assert await world.store.open_cancels(-1.0) == [(run.id, "ann")]
        await world.finish(run)
        assert await world.store.open_cancels(-1.0) == []

    async def test_a_paused_run_is_held_until_it_is_resumed(self, world: TriggerWorld) -> None:
        run, store = await accept(world), world.store
        assert (await store.paused(), await store.not_paused([run.id])) == ([], [run.id])
        await world.pause(run.id)
        assert (await store.paused(), await store.not_paused([run.id])) == ([(run.id, "ann")], [])
        assert await world.store.claim_dispatchable() == []
        await world.resume(run.id)
        assert await world.store.claim_dispatchable() == [(run.id, "default")]
