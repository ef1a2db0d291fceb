"""The life of one server: found again after a crash, watched while starting, stopped by PID.

A server gets a session of its own, so that Ctrl-C in the terminal does not reach it and the one
who started it decides the order of stopping.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, ClassVar

from syncline.embedded.accounts import Account, identity
from syncline.embedded.errors import EmbeddedServerError, unwritable

_POLL = 0.05  # seconds
_TELLING = ("ERROR", "FATAL", "Exception: ", "Caused by: ")  # the later the better
_LOG_LIMIT = 10 * 1024 * 1024  # bytes; a longer log is put aside at the next start

_ROOM = 1024 * 1024  # bytes; with less on its disk, nothing of ours runs


def quiet(_message: str) -> None:
    """Swallow a progress message; the default of `say`."""


async def in_thread(work: Callable[[], None]) -> None:
    """Do work in a thread; when cancelled, return only after its end, so that it can be undone."""
    thread = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(thread)
    except asyncio.CancelledError:
        # the cancelling is raised; the work's own failure matters no more
        with suppress(EmbeddedServerError):
            await thread
        raise


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
        """Make the folder ours, if it is not yet. Raises EmbeddedServerError."""
        if self._lock is None:
            lock = self._open()
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise self._taken(lock) from error
            self._lock = lock
            with suppress(OSError):  # a full disk: the lock holds, only its holder has no name
                lock.truncate(0)
                lock.write(str(os.getpid()))
                lock.flush()

    def release(self) -> None:
        """Give the folder up."""
        lock, self._lock = self._lock, None
        if lock is not None:
            with suppress(OSError):  # what it could not write on a full disk; it is closed
                lock.close()

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


class ServerProcess:
    """One server that belongs to one folder, with `server.pid`, `server.log` and `lock` in it.

    Attributes:
        name: in messages.
        port: of 127.0.0.1.
        stop_within: seconds after which it is killed.
    """

    name: str
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    stop_within: ClassVar[float] = 30.0

    def __init__(self, name: str, folder: Path, port: int) -> None:
        self.name = name
        self.port = port
        self.folder = folder
        self.claim = FolderClaim(name, folder)
        self.log = folder / "server.log"
        self._pid_file = folder / "server.pid"
        self._child: subprocess.Popen[bytes] | None = None
        self._log_begin = 0

    @property
    def pid(self) -> int | None:
        """PID of the folder's running server, also of one a crashed session left; else None."""
        if self._child is not None:
            return None if self._child.poll() is not None else self._child.pid
        noted = self._noted()
        pid = int(noted.get("pid", 0))
        return pid if pid and _birth(pid) == noted.get("birth") else None

    @property
    def is_ours(self) -> bool:
        """Whether the folder's server runs on our port."""
        return self.pid is not None and self._noted().get("port") == self.port

    def launch(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        *,
        cwd: Path,
        account: Account | None = None,
    ) -> None:
        """Start the process, and note it in the PID file. Raises EmbeddedServerError."""
        try:
            if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
                self.log.replace(self.log.with_suffix(".log.1"))
            with self.log.open("ab") as log:
                self._log_begin = log.tell()
                self._child = subprocess.Popen(
                    command,
                    cwd=cwd,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    **identity(account),
                )
        except OSError as error:
            raise EmbeddedServerError(
                f"{self.name} cannot be started: {error.strerror} ({command[0]})"
            ) from error
        pid = self._child.pid
        noted = {"pid": pid, "birth": _birth(pid), "port": self.port}
        try:
            self._pid_file.write_text(json.dumps(noted))
        except OSError as error:  # nobody could find it again
            self._child.kill()
            self._child.wait()
            raise unwritable(self.name, error) from error

    async def until(self, probe: Callable[[], Awaitable[bool]], *, within: float) -> None:
        """Wait until the probe says yes. Raises EmbeddedServerError with the log's telling line."""
        deadline = time.monotonic() + within
        while not await probe():
            if self.pid is None:
                raise EmbeddedServerError(f"{self.name} ended while starting: {self._why()}")
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"{self.name} did not answer within {within:.0f} s: {self._why()}"
                )
            await asyncio.sleep(_POLL)

    async def stop(self) -> None:
        """Stop the folder's server and give the folder up; harmless when none of ours runs."""
        try:
            await self.end()
        finally:
            self.claim.release()

    async def clear_away(self) -> None:
        """Stop what an earlier session left in the folder. Raises EmbeddedServerError."""
        self.claim.take()
        await self.stop()

    def kill(self) -> None:
        """End it at once."""
        if self.pid is not None:
            # it is gone already, or another's by now
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Stop the folder's server, politely first, and keep the folder."""
        if not self.claim.held:
            return
        pid = self.pid
        if pid is not None:
            _signal(pid, self.stop_signal)
            if not await self._gone():
                _signal(pid, signal.SIGKILL)
                await self._gone()
        self._child = None
        self._pid_file.unlink(missing_ok=True)

    async def _gone(self) -> bool:
        for _ in range(int(self.stop_within / _POLL)):
            if self.pid is None:
                return True
            await asyncio.sleep(_POLL)
        return False

    def _noted(self) -> dict[str, Any]:
        try:
            noted = json.loads(self._pid_file.read_text())
        except (OSError, ValueError):  # no note, so no process to look after
            return {}
        return noted if isinstance(noted, dict) else {}

    def _why(self) -> str:
        """Return the line since the launch that tells the reason best, and where the rest is."""
        if not self.log.exists():
            return "it wrote no log"
        with self.log.open("rb") as log:
            log.seek(self._log_begin)
            lines = log.read().decode(errors="replace").splitlines()
        if shutil.disk_usage(self.folder).free < _ROOM:
            return f"there is no room left on the disk of {self.folder}"
        telling = [x for word in _TELLING for x in lines if word in x]
        last = (telling or lines or ["it logged nothing"])[-1]
        return f"{last.strip()[:300]} (log: {self.log})"


def _signal(pid: int, which: signal.Signals) -> None:
    try:
        os.kill(pid, which)
    except ProcessLookupError:  # it is gone, as was wanted
        return
    except PermissionError as error:
        raise EmbeddedServerError(
            f"PID {pid} was left by another user's session: stop it with `sudo kill {pid}`"
        ) from error


def _birth(pid: int) -> str | None:
    """Tell when a process began (a PID may have been given away since); None: gone, or a zombie."""
    with suppress(OSError):  # it is gone, or there is no /proc: told apart below
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    if Path("/proc/self/stat").exists():
        return None
    command = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]  # systems without /proc
    shown = subprocess.run(command, check=False, capture_output=True, text=True)
    return shown.stdout.strip() or None
