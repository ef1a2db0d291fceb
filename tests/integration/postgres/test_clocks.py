"""A process on a machine whose clock is an hour wrong goes by the database's time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from syncline.bootstrap.life import life
from syncline.bootstrap.settings import Settings
from syncline.contracts.wire import Outbound
from syncline.postgres.database.database import open_database
from syncline.runtime.clock import SystemClock
from syncline_retry.handler import RetryHandler
from syncline_retry.rules import WaitingMessage


async def nothing_parked() -> bool:
    return False


@pytest.mark.parametrize("hours", [1, -1])
async def test_retries_are_due_by_the_databases_time(
    postgres: str, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda own: right(own) + timedelta(hours=hours))
    given: dict[str, Any] = {"_env_file": None, "postgres_dsn": postgres}
    async with life(Settings(**given)) as own, open_database(postgres, size=1) as database:
        assert own is not None
        assert abs(own.clock.skew - hours * 3600) < 2
        due = await database.fetchval("select clock_timestamp() + interval '1 second'")
        milliseconds = int(due.timestamp() * 1000)
        onward, around = Outbound("raw", b"", b"", 0), Outbound("retry.2s", b"", b"", 0)
        waiting = WaitingMessage(milliseconds, milliseconds + 9000, "run", onward, around)
        handler = RetryHandler(lambda _: False, own.clock, nothing_parked)
        (sent,) = await handler.handle([waiting])
        assert sent is onward
        assert await database.fetchval("select clock_timestamp() >= $1", due)
