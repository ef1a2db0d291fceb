"""Noticing that a read goes in circles. Pure."""

from __future__ import annotations

from hashlib import blake2b

from syncline.connectors.http.settings.extraction import Source
from syncline.connectors.http.source.paging import COUNTING, PagePosition, loop_error
from syncline.connectors.port import ConnectorError, Page
from syncline.contracts.messages import encode

_AGAIN = "names a page as next that was read before"


class CycleDetector:
    """Notices that a sequence repeats itself, with the memory of one step (Brent's algorithm)."""

    def __init__(self) -> None:
        self._kept: bytes | None = None
        self._steps = 0
        self._until = 1

    def closes(self, step: bytes) -> bool:
        """Take a step; tells whether the walk was there before."""
        if step == self._kept:
            return True
        self._steps += 1
        if self._steps == self._until:
            self._kept, self._steps, self._until = step, 0, self._until * 2
        return False


class LoopGuard:
    """Notices when one read's pages repeat themselves or never end."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._tokens, self._contents = CycleDetector(), CycleDetector()
        self._first = self._before = b""
        self._empty = 0

    def step(self, position: PagePosition, page: Page) -> None:
        """Take a page.

        Raises:
            ConnectorError: `paging_loop`.
        """
        if position.token is not None and self._tokens.closes(position.token.encode()):
            raise self._loop(_AGAIN)
        if page.ids:
            self._empty = 0
            self._compare(_content(page))
            return
        self._empty += 1
        if self._empty > self._source.paging.empty_pages:
            words = f"gave {self._empty} empty pages one after the other, each with a next one"
            raise self._loop(f"{words} (`paging.emptyPages` allows more)")

    def _compare(self, content: bytes) -> None:
        again = content in (self._before, self._first) or self._contents.closes(content)
        self._first, self._before = self._first or content, content
        if again:
            counts = self._source.paging.type in COUNTING
            raise self._loop(
                "gives records again: the pages repeat themselves" if counts else _AGAIN
            )

    def _loop(self, words: str) -> ConnectorError:
        return loop_error(self._source.endpoint, words)


def _content(page: Page) -> bytes:
    """Return what tells a page's records from those of another."""
    if any(page.ids):
        text = "\0".join([*page.ids, *(cursor or "" for cursor in page.cursors)])
        data = text.encode("utf-8", "surrogatepass")
    else:
        data = encode(page.records)
    return blake2b(data, digest_size=16).digest()
