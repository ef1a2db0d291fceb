"""An archive of the classes that Kafka loads, made once: with it, Kafka starts for half the CPU.

Java checks that an archive fits it and the jars, and reads the jars where it does not.
"""

from __future__ import annotations

import asyncio
import fcntl
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from syncline.embedded.accounts import run_as
from syncline.embedded.errors import EmbeddedServerError

Training = Callable[[Path, str], Awaitable[None]]
"""Starts and stops a Kafka in a folder, with an option for Java."""


async def archive_options(jars: Path, java: Sequence[str], train: Training) -> list[str]:
    """Return the options by which a Java uses the archive in the folder of Kafka's jars.

    It is made first where this build of Java has none yet, which takes some seconds. Where it
    cannot be made, there are no options: Kafka starts as well, or tells itself what is wrong.

    Args:
        jars: the folder.
        java: the program, with options that Kafka is run with.
        train: starts and stops a Kafka.
    """
    with suppress(OSError, EmbeddedServerError):  # as said above
        archive = _archive_of(jars, Path(java[0]))
        if not _is_made(archive):
            await _make_once(archive, java, train)
        if not _is_empty(archive):
            return [f"-XX:SharedArchiveFile={archive}"]
    return []


def _archive_of(jars: Path, program: Path) -> Path:
    """Name it after the build of Java, which alone can read it. Raises OSError."""
    build = (program.resolve().parent.parent / "release").read_bytes()
    return jars / f"classes-{blake2b(build, digest_size=4).hexdigest()}.jsa"


def _is_made(archive: Path) -> bool:
    return archive.exists()


def _is_empty(archive: Path) -> bool:
    return archive.stat().st_size == 0


async def _make_once(archive: Path, java: Sequence[str], train: Training) -> None:
    """Make it under a lock, so that sessions starting together make one."""
    with archive.with_suffix(".lock").open("a") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if not _is_made(archive):
            with tempfile.TemporaryDirectory(dir=archive.parent, prefix="classes.") as scratch:
                await _make(archive, java, train, Path(scratch))


async def _make(archive: Path, java: Sequence[str], train: Training, scratch: Path) -> None:
    loaded, made = scratch / "loaded", scratch / "made"
    await train(scratch / "kafka", f"-XX:DumpLoadedClassList={loaded}")
    options = [f"-XX:SharedClassListFile={loaded}", f"-XX:SharedArchiveFile={made}"]
    dump = [*java, "-Xshare:dump", *options, "-cp", f"{archive.parent}/*"]
    done = await asyncio.to_thread(run_as, None, dump)
    if done.returncode != 0:
        made.write_bytes(b"")  # a Java that cannot make one is not asked again
    made.rename(archive)
