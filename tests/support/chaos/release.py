"""The release before this one: built from the history, in an environment of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
UNTAGGED = "d7c0cb0ae863727fe2cb0d9540a25e73ca95ec60"
"""The build to upgrade from as long as no release has a tag: the last one before migration 0027.

It is the first that one can go back to: it starts on a newer schema (decision 0074), and its
messages are signed and name their runs (0080, 0081).
"""


def previous_release() -> str:
    """Return the commit of the newest tag before this one, or of UNTAGGED."""
    tagged = _git("describe", "--tags", "--abbrev=0", "HEAD~1")
    return _git("rev-parse", f"{tagged or UNTAGGED}^{{commit}}") or UNTAGGED


def has_commit(commit: str) -> bool:
    """Tell whether the repository has a commit: a shallow clone lacks older ones."""
    return bool(_git("cat-file", "-t", commit))


def build(commit: str) -> Path:
    """Install a commit into an environment of its own, if it is not there; return its `syncline`.

    Raises subprocess.CalledProcessError.
    """
    folder = ROOT / "build" / "releases" / commit
    program = folder / "bin" / "syncline"
    if not program.exists():
        tree = folder / "tree"
        tree.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(
            ["git", "archive", commit], cwd=ROOT, capture_output=True, check=True
        )
        subprocess.run(["tar", "-x", "-C", tree], input=archive.stdout, check=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pins = tree / "constraints.txt"
        subprocess.run([folder / "bin" / "pip", "install", "-q", "-c", pins, tree], check=True)
    return program


async def command(program: Path, environment: Mapping[str, str], *arguments: str) -> None:
    """Run a command of a release to its end; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        program, *arguments, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


def _git(*arguments: str) -> str:
    """Return what git prints; "" where it fails."""
    git = ["git", *arguments]
    done = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
