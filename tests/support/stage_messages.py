"""Messages as stages send them, decoded for a look."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from syncline.contracts.bundle import Bundle, bundle_in
from syncline.contracts.events import CloudEvent, DeadLetter
from syncline.contracts.messages import NamedReport, decoder_of
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import DLQ, OUTCOMES, STATUS
from syncline.contracts.wire import Delivery, Outbound
from syncline.runtime.commands.control import ControlTopic
from syncline.testing.clock import EPOCH, FakeClock
from syncline.testing.memory_broker import MemoryBroker
from tests.support.eventually import eventually
from tests.support.reports import one_batch

RUN_ID = "01a218f0-d9ad-7980-81d9-14cf848cf7d1"


def delivered(message: Outbound, offset: int = 0, at: int | None = None) -> Delivery:
    """Return a message as its reader gets it."""
    stamp = int(EPOCH.timestamp() * 1000) if at is None else at
    return Delivery(
        message.topic, 0, offset, message.key, message.value, tuple(message.headers), stamp
    )


def raw_delivery(topic: str, value: bytes | None, key: bytes = b"k") -> Delivery:
    """Return a message that anybody may have sent."""
    return Delivery(topic, 0, 7, key, value, (), int(EPOCH.timestamp() * 1000))


def of_run(topic: str, value: bytes | None, run: RunRef | None = None) -> Delivery:
    """Return a message of a run with these bytes; of the run of a_run() unless one is given."""
    run_id, tenant = (run.id, run.tenant) if run else (RUN_ID, "default")
    headers = (("correlation-id", run_id.encode()), ("tenant", tenant.encode()))
    delivery = raw_delivery(topic, value, run_id.encode())
    return msgspec.structs.replace(delivery, headers=headers)


def topics(messages: Sequence[Outbound]) -> list[str]:
    return [message.topic for message in messages]


def on(messages: Sequence[Outbound], topic: str) -> list[Outbound]:
    return [message for message in messages if message.topic == topic]


def reports(messages: Sequence[Outbound]) -> list[Any]:
    """Return what Finalize is told."""
    return [decoder_of(NamedReport).decode(m.value or b"") for m in on(messages, OUTCOMES)]


def batches(messages: Sequence[Outbound], topic: str) -> list[Bundle]:
    """Return the bundles that go to a topic, each as of a run that its key names."""
    return [read_bundle(m) for m in on(messages, topic)]


def read_bundle(message: Outbound) -> Bundle:
    key = message.key.decode()
    run = RunRef(key, "default", 1, RUN_ID, "item", RUN_ID, RUN_ID, RUN_ID, 1)
    return bundle_in(delivered(message), {key: run})


def dead_letters(messages: Sequence[Outbound]) -> list[DeadLetter]:
    decode = decoder_of(CloudEvent[DeadLetter]).decode
    return [decode(m.value or b"").data for m in on(messages, DLQ)]


def events(messages: Sequence[Outbound]) -> list[tuple[str, dict[str, Any]]]:
    """Return what lies on the status topic: the event's type without prefix, and its data."""
    found = [msgspec.json.decode(m.value or b"") for m in on(messages, STATUS)]
    return [(e["type"].removeprefix("syncline.").removesuffix(".v1"), e["data"]) for e in found]


async def control_topic(*messages: Outbound) -> ControlTopic:
    """Return a control topic on which these commands lie, read to its end."""
    broker = MemoryBroker()
    await broker.producer().send(messages)
    control = ControlTopic(broker.reader("control"), FakeClock())
    following = asyncio.ensure_future(control.follow())
    await eventually(lambda: control.caught_up)
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    return control


def a_batch(
    run: RunRef, *records: dict[str, Any], number: int = 0, version: int = 1, **changes: Any
) -> Bundle:
    """Return a bundle of one batch; the source IDs are A0, A1, …."""
    count = len(records)
    ids = [f"A{n}" for n in range(count)]
    made = one_batch(run, number, 0, list(range(count)), ids, records, version=version)
    return msgspec.structs.replace(made, **changes)
