"""Syncline as a tool among others: trigger a run over Kafka, follow the status topic to its end.

`python -m benchmarks.ours MODE` is what tools/ours.sh calls; what it measures, from the trigger to
the final status event, is written to the state folder, as the services run all the time.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
from uuid6 import uuid7

from benchmarks.place import Address
from syncline.contracts.events import RunStatus, event_data
from syncline.contracts.messages import encode
from syncline.contracts.topics import STATUS, TRIGGERS
from syncline.contracts.wire import Outbound, run_spread
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.producer import KafkaProducer
from syncline.kafka.reader import KafkaReader

FINAL = {"succeeded", "partial_success", "failed", "cancelled", "rejected"}
RUN = {"instance": "erp-warehouse", "entityType": "item", "batchSize": 100}
MODES: Mapping[str, Mapping[str, Any]] = {
    "full": RUN,
    "incr": RUN,
    "reread": RUN | {"mode": "reset_cursor"},
    "resend": RUN | {"mode": "force_full"},
    "one": RUN | {"sourceIds": ["ITM-0000042"], "mode": "force_full"},
    "orders": RUN | {"entityType": "order"},
    "documents": RUN | {"entityType": "document"},
    "w2": RUN | {"instance": "file-shop", "mode": "force_full"},
}


class Client:
    """A program that triggers runs and follows them, connected before anything is measured."""

    def __init__(self, address: Address) -> None:
        connection = KafkaConnection(bootstrap=address.bootstrap)
        self._producer = KafkaProducer(connection)
        self._reader = KafkaReader(connection, STATUS)

    async def start(self) -> None:
        await self._reader.start()
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()
        await self._reader.stop()

    async def run(self, fields: Mapping[str, Any]) -> tuple[float, RunStatus]:
        """Trigger a run; return the seconds until its final status came, and that status."""
        started = perf_counter()
        status = await self._end_of(await self.trigger(fields))
        return perf_counter() - started, status

    async def trigger(self, fields: Mapping[str, Any]) -> str:
        """Trigger a run; return its correlation ID."""
        run_id = str(uuid7())
        await self._producer.send(
            [Outbound(TRIGGERS, run_id.encode(), encode(fields), run_spread(run_id))]
        )
        return run_id

    async def _end_of(self, run_id: str) -> RunStatus:
        async for delivery in self._reader.follow():
            if delivery.key == run_id.encode():
                type_, data = event_data(delivery.value or b"")
                if type_ and type_.startswith("syncline.run.") and data["state"] in FINAL:
                    return msgspec.convert(data, RunStatus)
        raise AssertionError("following never ends by itself")


@asynccontextmanager
async def client(state: Path) -> AsyncIterator[Client]:
    """Connect to what runs."""
    address = msgspec.json.decode((state / "place.json").read_bytes(), type=Address)
    connected = Client(address)
    await connected.start()
    try:
        yield connected
    finally:
        await connected.stop()


async def main(mode: str) -> int:
    state = Path(os.environ["STATE"])
    if mode == "reset":
        return 0
    async with client(state) as connected:
        seconds, status = await connected.run(MODES[mode])
    print(f"{seconds:.3f} s", msgspec.json.encode(status).decode())
    (state / "ours.inner").write_text(str(seconds))
    return 0 if status.state == "succeeded" else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
