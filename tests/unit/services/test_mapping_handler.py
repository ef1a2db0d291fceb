"""Normalize and Transform: what becomes of a batch, with a real mapping."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import msgspec
import pytest

import syncline_normalize.main
import syncline_transform.main
from syncline.contracts.bundle import LARGEST_BUNDLE, BatchPart, Bundle
from syncline.contracts.messages import Settled, encode, encode_of_run
from syncline.contracts.run_ref import RunRef, ref_of
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.domain.columns import Columns
from syncline.runtime.commands.control import cancel_message
from syncline.runtime.mapping_handler import MappingHandler
from syncline.testing.clock import FakeClock
from tests.support.item_mapping import OneMapping, mapping_handler
from tests.support.memory_runs import a_run
from tests.support.reports import codes_of, origins, records_of, slots_of
from tests.support.stage_messages import (
    a_batch,
    batches,
    control_topic,
    dead_letters,
    of_run,
    reports,
    topics,
)

RUN = ref_of(a_run())
OTHER = msgspec.structs.replace(RUN, id="01a218f0-d9ad-7980-81d9-14cf848cf7d5")


class Place:
    """A stage that maps."""

    def __init__(self, stage: Stage, service: ModuleType) -> None:
        self.mappings = OneMapping()
        self.commands: tuple[Outbound, ...] = ()
        self.spec = service.SPEC
        self._stage = stage
        self.topic = {Stage.NORMALIZE: "canonical", Stage.TRANSFORM: "payload"}[stage]
        self.from_topic = self.spec.topics[0]

    async def handler(self) -> MappingHandler:
        commands = await control_topic(*self.commands)
        return mapping_handler(self._stage, self.mappings, commands, FakeClock())

    async def handle(self, *sent: Bundle) -> list[Outbound]:
        read = [
            self.spec.decode(of_run(self.from_topic, encode(one), one.run), {one.run.id: one.run})
            for one in sent
        ]
        return await (await self.handler()).handle(read)


@pytest.fixture
def normalize() -> Place:
    return Place(Stage.NORMALIZE, syncline_normalize.main)


@pytest.fixture
def transform() -> Place:
    return Place(Stage.TRANSFORM, syncline_transform.main)


def rows(*numbers: Any, run: RunRef = RUN, **changes: Any) -> Bundle:
    """Return a batch as Ingest makes it."""
    return a_batch(
        run, *({"id": f"S{place}", "n": n} for place, n in enumerate(numbers)), **changes
    )


def canonical(*numbers: Any, **changes: Any) -> Bundle:
    return a_batch(RUN, *({"sku": f"S{p}", "n": n} for p, n in enumerate(numbers)), **changes)


async def test_records_go_on_to_transform_as_canonical_ones(normalize: Place) -> None:
    (sent,) = batches(await normalize.handle(rows("1", 2, row_hashes=["a", "b"])), "canonical")
    assert records_of(sent) == [{"sku": "S0", "n": 1}, {"sku": "S1", "n": 2}]
    assert (sent.ids, slots_of(sent), sent.row_hashes) == (["A0", "A1"], [0, 1], ["a", "b"])


async def test_records_go_on_to_execute_as_payloads(transform: Place) -> None:
    (sent,) = batches(await transform.handle(canonical(1, 2)), "payload")
    assert records_of(sent) == [{"code": "S0", "count": 1}, {"code": "S1", "count": 2}]


async def test_what_comes_after_a_retry_begins_anew_in_the_next_stage(normalize: Place) -> None:
    (sent,) = batches(await normalize.handle(rows(1, attempt=3)), "canonical")
    assert (sent.attempt, sent.history) == (1, [])


async def test_a_second_delivery_gives_the_same_messages(normalize: Place) -> None:
    first, again = [await normalize.handle(rows(1, 2)) for _ in range(2)]
    assert first == again


async def test_a_record_that_fails_is_a_dead_letter_and_holds_nobody_back(
    normalize: Place,
) -> None:
    messages = await normalize.handle(rows(1, "many", 3))
    assert slots_of(batches(messages, "canonical")[0]) == [0, 2]
    (letter,) = dead_letters(messages)
    assert (letter.source_id, letter.stage, letter.failure.field) == ("A1", "normalize", "n")
    assert msgspec.json.decode(letter.payload) == {"id": "S1", "n": "many"}


async def test_a_batch_of_failures_alone_sends_nothing_on(normalize: Place) -> None:
    assert topics(await normalize.handle(rows("many", "more"))) == ["dlq", "dlq"]


async def test_what_the_mapping_excludes_is_reported_with_its_row_hash(transform: Place) -> None:
    hashes = ["1" * 32, "2" * 32]
    messages = await transform.handle(canonical(0, 2, row_hashes=hashes))
    (report,) = reports(messages)
    assert isinstance(report, Settled)
    assert (codes_of(report), slots_of(report), report.left_out) == ("X", [0], [("A0", "1" * 32)])
    assert slots_of(batches(messages, "payload")[0]) == [1]


async def test_a_cancelled_run_is_skipped(normalize: Place) -> None:
    normalize.commands = (cancel_message(RUN.id, "ann"),)
    messages = await normalize.handle(rows(1, 2), rows(3, run=OTHER))
    (report,) = reports(messages)
    assert codes_of(report) == "CC"
    (passed,) = batches(messages, "canonical")
    assert passed.run.id == OTHER.id


async def test_a_mapping_that_is_gone_makes_dead_letters(normalize: Place) -> None:
    normalize.mappings.mapping = None
    letters = dead_letters(await normalize.handle(rows(1, 2)))
    assert [letter.failure.code for letter in letters] == ["configuration_unusable"] * 2


async def test_a_batch_that_breaks_the_stage_becomes_dead_letters(normalize: Place) -> None:
    handler = await normalize.handler()
    letters = dead_letters(await handler.on_bug(rows(1, 2), ZeroDivisionError("oops")))
    assert [(x.failure.code, x.failure.category) for x in letters] == [
        ("unexpected_error", "unknown")
    ] * 2


async def test_a_batch_that_no_message_holds_is_halved(normalize: Place) -> None:
    wide = a_batch(RUN, *({"id": "x" * (LARGEST_BUNDLE // 3), "n": n} for n in range(4)))
    sent = batches(await normalize.handle(wide), "canonical")
    assert [slots_of(batch) for batch in sent] == [[0, 1], [2, 3]]


async def test_a_record_that_no_message_holds_is_a_dead_letter(normalize: Place) -> None:
    wide = a_batch(RUN, {"id": "S0", "n": 0}, {"id": "x" * (LARGEST_BUNDLE + 1), "n": 1})
    messages = await normalize.handle(wide)
    assert slots_of(batches(messages, "canonical")[0]) == [0]
    (letter,) = dead_letters(messages)
    assert (letter.slot, letter.failure.code) == (1, "record_too_large")


async def test_records_around_the_message_limit_travel_or_fail_alone(
    normalize: Place, transform: Place
) -> None:
    (one,) = batches(await normalize.handle(in_batches([1], "x")), "canonical")
    canonical_room = LARGEST_BUNDLE - len(encode_of_run(one, RUN)) + 1
    (one,) = batches(await transform.handle(one), "payload")
    room = LARGEST_BUNDLE - len(encode_of_run(one, RUN)) + 1
    assert canonical_room > room + 1

    texts = ["a", "b" * room, "", "d" * (room + 1), "e", "f" * (canonical_room + 1), "g"]
    messages = await normalize.handle(in_batches([3, 2, 2], *texts))
    sent = batches(messages, "canonical")
    assert [place for bundle in sent for place in origins(bundle)] == [
        (0, 0, 10), (0, 2, 10), (1, 0, 11), (1, 2, 11), (2, 2, 12)
    ]  # fmt: skip
    assert max(len(encode_of_run(bundle, RUN)) for bundle in sent) <= LARGEST_BUNDLE
    assert failed(messages) == [(0, 4, "required_field_empty"), (2, 0, "record_too_large")]

    messages = [message for bundle in sent for message in await transform.handle(bundle)]
    sent = batches(messages, "payload")
    assert [place for bundle in sent for place in origins(bundle)] == [
        (0, 0, 10), (0, 2, 10), (1, 2, 11), (2, 2, 12)
    ]  # fmt: skip
    assert [r["code"] for bundle in sent for r in records_of(bundle)] == ["a", texts[1], "e", "g"]
    assert max(len(encode_of_run(bundle, RUN)) for bundle in sent) == LARGEST_BUNDLE
    assert failed(messages) == [(1, 0, "record_too_large")]


def in_batches(sizes: list[int], *texts: str) -> Bundle:
    """Return a bundle of batches of these sizes, with a record of each text; slots have gaps."""
    parts = [BatchPart(n, 10 + n, [2 * s for s in range(size)]) for n, size in enumerate(sizes)]
    records = [{"id": text, "n": 1} for text in texts]
    return Bundle(RUN, 0, parts, [f"A{n}" for n in range(len(texts))], Columns.of(records))


def failed(messages: list[Outbound]) -> list[tuple[int, int, str]]:
    return sorted((x.batch, x.slot, x.failure.code) for x in dead_letters(messages))


@pytest.mark.parametrize("value", [None, b"{", b"\xff", b"[" * (10 * sys.getrecursionlimit())])
async def test_what_is_no_batch_is_undecodable(
    normalize: Place, transform: Place, value: bytes | None
) -> None:
    for place in (normalize, transform):
        with pytest.raises((msgspec.MsgspecError, ValueError, RecursionError)):
            place.spec.decode(of_run(place.from_topic, value, RUN), {RUN.id: RUN})
