"""Deadletter: a message of the DLQ is stored before the outcome of its record is published."""

from __future__ import annotations

import pytest

from syncline.contracts.dead_letters import dead_letter_message
from syncline.contracts.events import DeadLetter
from syncline.contracts.run_ref import ref_of
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.errors import RetriableError
from syncline.runtime.failure.poison import UNDECODABLE, poison
from syncline.testing.clock import EPOCH
from syncline_deadletter.handler import DeadletterHandler
from syncline_deadletter.main import SPEC
from tests.suites.dead_letters import unstorable
from tests.support.faults import CrashError, crash_after, fail_once
from tests.support.memory_dead_letters import MemoryDeadLetters
from tests.support.memory_runs import a_run
from tests.support.reports import codes_of, slots_of
from tests.support.run_life import dead_letter
from tests.support.stage_messages import delivered, raw_delivery, reports

RUN = a_run()
RUNS = {RUN.id: ref_of(RUN)}


class Place:
    """A handler and its dead letters in memory."""

    def __init__(self) -> None:
        self.letters = MemoryDeadLetters()
        self.handler = DeadletterHandler(self.letters, {})

    async def handle(self, *deliveries: Delivery) -> list[Outbound]:
        return await self.handler.handle([SPEC.decode(delivery, RUNS) for delivery in deliveries])


@pytest.fixture
def place() -> Place:
    return Place()


def failed(source_id: str = "a", slot: int = 0) -> DeadLetter:
    return dead_letter(RUN, source_id, slot)


def on_dlq(letter: DeadLetter, offset: int = 0) -> Delivery:
    return delivered(dead_letter_message(letter, EPOCH), offset)


async def test_a_dead_letter_is_stored_and_its_record_reported_failed(place: Place) -> None:
    messages = await place.handle(on_dlq(failed()), on_dlq(failed("b", 1), 1))
    assert list(place.letters.errors()) == [failed().id, failed("b", 1).id]
    told = reports(messages)
    assert [(slots_of(r), codes_of(r), r.stage) for r in told] == [
        ([0], "F", "execute"),
        ([1], "F", "execute"),
    ]
    assert [(x.id, x.source_id) for r in told for x in r.letters] == [
        (failed().id, "a"),
        (failed("b", 1).id, "b"),
    ]


async def test_a_second_copy_is_the_same_dead_letter_and_reported_again(place: Place) -> None:
    first = await place.handle(on_dlq(failed()))
    again = await place.handle(on_dlq(failed(), 9))
    assert len(place.letters.errors()) == 1
    assert reports(again) == reports(first)


async def test_a_crash_between_store_and_report_loses_no_outcome(place: Place) -> None:
    crash_after(place.letters, "store")
    with pytest.raises(CrashError):
        await place.handle(on_dlq(failed()))
    assert list(place.letters.errors()) == [failed().id]
    assert [codes_of(r) for r in reports(await place.handle(on_dlq(failed())))] == ["F"]


async def test_while_the_database_is_away_nothing_is_reported(place: Place) -> None:
    fail_once(place.letters, "store", RetriableError("PostgreSQL is away"))
    with pytest.raises(RetriableError):
        await place.handle(on_dlq(failed()))
    assert place.letters.errors() == {}


async def test_what_the_database_refuses_is_kept_as_it_is_and_holds_nobody_back(
    place: Place,
) -> None:
    strange = unstorable(failed("x", 5))
    messages = await place.handle(on_dlq(strange, 0), on_dlq(failed(), 1))
    assert [slots_of(r) for r in reports(messages)] == [[0]]
    kept = place.letters.errors()
    assert failed().id in kept
    assert any("a dead letter that cannot be stored" in error for error in kept.values())


@pytest.mark.parametrize("value", [None, b"{", b"\xff", b'{"data":{"id":"x"}}', b"[" * 100_000])
async def test_what_is_no_dead_letter_is_kept_with_its_bytes(
    place: Place, value: bytes | None
) -> None:
    assert await place.handle(raw_delivery("dlq", value)) == []
    (error,) = place.letters.errors().values()
    assert "not a dead letter" in error


async def test_a_message_that_a_stage_could_not_decode_is_kept_for_that_stage(place: Place) -> None:
    message = poison(raw_delivery("raw", b"\xff"), "normalize", UNDECODABLE, "no JSON", 1_000_000)
    for _ in range(2):
        assert await place.handle(delivered(message)) == []
    assert list(place.letters.errors().values()) == ["no JSON"]


async def test_the_handler_runs_what_it_is_given_beside_it() -> None:
    async def forever() -> None: ...

    handler = DeadletterHandler(MemoryDeadLetters(), {"housekeeping": forever})
    assert handler.side_tasks() == {"housekeeping": forever}
