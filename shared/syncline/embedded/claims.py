"""One session at a time runs a folder's server; the claim dies with the session."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from syncline.embedded.errors import EmbeddedServerError


class FolderClaim:
    """A lock on a folder, kept by the system for as long as this process lives."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._folder = folder
        self._lock: IO[str] | None = None

    @property
    def held(self) -> bool:
        """Whether the folder is ours now."""
        return self._lock is not None

    def take(self) -> None:
        """Make the folder ours; again is harmless.

        Raises:
            EmbeddedServerError: the folder is another session's or cannot be written.
        """
        if self._lock is None:
            lock = self._open()
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise self._taken(lock) from error
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            self._lock = lock

    def release(self) -> None:
        """Give the folder up."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _open(self) -> IO[str]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return (self._folder / "lock").open("a+")
        except OSError as error:
            raise EmbeddedServerError(
                f"{self._name} cannot use {self._folder}: {error.strerror}; "
                "make it yours or choose another data folder"
            ) from error

    def _taken(self, lock: IO[str]) -> EmbeddedServerError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        return EmbeddedServerError(
            f"{self._name} in {self._folder} belongs to another session (PID {holder}): "
            "stop that session or choose another data folder"
        )
