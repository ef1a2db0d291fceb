"""A thread of its own for each connection: the driver waits for a server in the calling thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias, TypeVar

T = TypeVar("T")
_Call: TypeAlias = Callable[[], None]


class Worker:
    """Runs calls one after another, outside of the event loop.

    The thread is a daemon: a call that no one waits for does not keep the process from its end.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    async def run(self, call: Callable[[], T]) -> T:
        """Run a call; return what it returns, and raise what it raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            try:
                value = call()
            except BaseException as error:  # noqa: BLE001 - whoever asked gets it
                _tell(loop, _fail, answer, error)
            else:
                _tell(loop, _answer, answer, value)

        self._calls.put(work)
        return await answer

    def end(self, last: _Call) -> None:
        """Run a last call when those before it are done, and end; does not wait for it."""
        self._calls.put(last)
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _tell(loop: asyncio.AbstractEventLoop, tell: Callable[..., None], *said: object) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(tell, *said)


def _answer(answer: asyncio.Future[T], value: T) -> None:
    if not answer.done():
        answer.set_result(value)


def _fail(answer: asyncio.Future[T], error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)
