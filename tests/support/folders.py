"""A folder for a test session's servers, and the removal of what killed sessions left behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from syncline.embedded.errors import EmbeddedServerError
from syncline.embedded.processes import ServerProcess

_PREFIX = "syncline-test-"


@asynccontextmanager
async def server_folder(name: str, within: Path | None = None) -> AsyncIterator[Path]:
    """Give a new folder that another system account may enter, removed afterwards.

    Args:
        within: where it is made, instead of among temporary files.
    """
    await _sweep()
    root = _new_folder(within)
    try:
        yield root / name
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _new_folder(within: Path | None) -> Path:
    root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=within))
    root.chmod(0o755)  # PostgreSQL does not run as root
    return root


def _locks() -> list[Path]:
    locks = Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/*/lock")
    return [lock for lock in locks if _is_ours(lock)]


def _is_ours(lock: Path) -> bool:
    try:
        return lock.stat().st_uid == os.geteuid()
    except FileNotFoundError:  # its session removed it meanwhile
        return False


async def _sweep() -> None:
    """Stop the servers of our own killed sessions; the lock tells that a session still lives."""
    for lock in _locks():
        process = ServerProcess("a left-over test server", lock.parent, 0)
        try:
            process.claim.take()
        except EmbeddedServerError:
            continue
        await process.end()
        shutil.rmtree(lock.parent.parent, ignore_errors=True)
        process.claim.release()
