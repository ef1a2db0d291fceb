"""A stage in a process of its own that dies of one message: `python -m …killing_stage`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence

from syncline.postgres.database.database import open_database
from syncline.postgres.progress.custody import StageCustody
from syncline.runtime.clock import SystemClock
from syncline.runtime.loop.stage_loop import StageLoop
from syncline.runtime.spec import StageOptions, StageSpec
from tests.support.kafka import KafkaPlace
from tests.support.kafka_suite import KafkaBroker
from tests.support.stages import GROUP, IN, Handler, decode

KILLER = "kill"
"""The message."""
DIED = 9
"""The exit code."""


async def _die(items: Sequence[str]) -> None:
    if KILLER in items:
        os._exit(DIED)


async def _work(bootstrap: str, prefix: str, dsn: str) -> None:
    broker = KafkaBroker(KafkaPlace(bootstrap, prefix))
    spec = StageSpec(GROUP, [IN], decode, StageOptions(max_items=8))
    consumer, producer = broker.consumer(GROUP), broker.producer()
    async with open_database(dsn) as database:
        custody = StageCustody(database, GROUP)
        stage = StageLoop(spec, Handler(_die), consumer, producer, SystemClock(), custody)
        await stage.run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(_work(*sys.argv[1:]))
