"""Noticing that a read goes in circles. Pure."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from syncline.connectors.http.settings.extraction import HttpSource
from syncline.connectors.http.source.paging import COUNTING, PagePosition, loop_error
from syncline.connectors.port import ConnectorError, Page
from syncline.contracts.messages import encode

_AGAIN = "names a page as next that was read before"


class CycleDetector(msgspec.Struct):
    """Notices that a sequence repeats itself, with the memory of one step (Brent's algorithm)."""

    kept: bytes | None = None
    steps: int = 0
    until: int = 1

    def closes(self, step: bytes) -> bool:
        """Take a step; tells whether the walk was there before."""
        if step == self.kept:
            return True
        self.steps += 1
        if self.steps == self.until:
            self.kept, self.steps, self.until = step, 0, self.until * 2
        return False


class LoopGuard:
    """Notices when one read's pages repeat themselves or never end."""

    def __init__(self, source: HttpSource) -> None:
        self._source = source
        self._tokens, self._contents = CycleDetector(), CycleDetector()
        self._first = self._before = b""
        self._empty = 0

    def step(self, position: PagePosition, page: Page) -> None:
        """Take a page. Raises ConnectorError: `paging_loop`."""
        if position.token is not None:
            step = f"{position.cursor}\0{position.token}"  # a token counts from where it was asked
            if self._tokens.closes(step.encode("utf-8", "surrogatepass")):
                raise self._loop(_AGAIN)
        if page.ids:
            self._empty = 0
            if self._repeats(_content(page)):
                counts = self._source.paging.type in COUNTING
                words = "gives records again: the pages repeat themselves"
                raise self._loop(words if counts else _AGAIN)
            return
        self._empty += 1
        if self._empty > self._source.paging.empty_pages:
            words = f"gave {self._empty} empty pages one after the other, each with a next one"
            raise self._loop(f"{words} (`paging.emptyPages` allows more)")

    def _repeats(self, content: bytes) -> bool:
        again = content in (self._before, self._first) or self._contents.closes(content)
        self._first, self._before = self._first or content, content
        return again

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
