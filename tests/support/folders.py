"""A folder for a test session's servers, and the removal of what killed sessions left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from syncline.embedded.errors import EmbeddedServerError
from syncline.embedded.processes import ServerProcess

_PREFIX = "syncline-test-"


@asynccontextmanager
async def server_folder(name: str, *, disk: int | None = None) -> AsyncIterator[Path]:
    """Give a new folder that another system account may enter, removed afterwards.

    Args:
        disk: MB of a file system of its own, which can be full; on a machine that mounts none for
            us, the folder lies where others do.
    """
    await _sweep()
    root = _new_folder(disk)
    try:
        yield root / name
    finally:
        _remove(root)


def _new_folder(disk: int | None) -> Path:
    root = Path(tempfile.mkdtemp(prefix=_PREFIX))
    root.chmod(0o755)  # PostgreSQL does not run as root
    if disk is not None:
        options = f"size={disk}m,mode=755"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", root], check=False)
    return root


def _remove(root: Path) -> None:
    if root.is_mount():
        subprocess.run(["umount", "--lazy", root], check=True)
    shutil.rmtree(root, ignore_errors=True)


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
        _remove(lock.parent.parent)
        process.claim.release()
