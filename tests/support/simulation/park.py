"""Bundles of paused runs, in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from syncline.contracts.wire import Delivery, Outbound
from tests.support.run_commands import ToldCommands


class MemoryPark:
    """Keeps bundles until their run goes on; the same one twice is kept once."""

    def __init__(self, commands: ToldCommands) -> None:
        self._commands = commands
        self.kept: dict[tuple[str, bytes | None, bytes | None], Delivery] = {}

    def is_for(self, run_id: str) -> bool:
        return self._commands.is_paused(run_id) and not self._commands.is_cancelled(run_id)

    async def park(self, deliveries: Sequence[Delivery]) -> None:
        for d in deliveries:
            self.kept.setdefault((d.topic, d.key, d.value), d)

    async def unpark(self, send: Callable[[Sequence[Outbound]], Awaitable[None]]) -> bool:
        """Send bundles whose run may go on; a crash before their removal sends them again."""
        due = {key: d for key, d in self.kept.items() if not self.is_for((d.key or b"").decode())}
        if due:
            await send(
                [
                    Outbound(d.topic, d.key or b"", d.value, d.partition, d.headers)
                    for d in due.values()
                ]
            )
        for key in due:
            self.kept.pop(key, None)
        return False
