"""docs/first-sync.md as somebody follows it: every command of the page, on a real installation."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.support.installation import installation
from tests.support.kafka import KafkaPlace

PAGE = Path(__file__).parents[2] / "docs" / "first-sync.md"
BLOCK = re.compile(r"^```(sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Command(NamedTuple):
    """A command of the page, and the words that it must say."""

    text: str
    words: list[str]


def commands() -> list[Command]:
    found: list[Command] = []
    for kind, text in BLOCK.findall(PAGE.read_text()):
        if kind == "sh":
            found.append(Command(text, []))
            continue
        for line in text.splitlines():
            if line.startswith("$ "):
                found.append(Command(line[2:], []))
            else:
                found[-1].words.append(line)
    return found


async def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a command as a shell does; whatever it ends with, what it said counts."""
    alias = f'syncline() {{ {shlex.quote(sys.executable)} -m syncline.cli "$@"; }}\n'
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", alias + command, cwd=folder, env=environment, start_new_session=True,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            out, _ = await process.communicate()
    finally:
        with suppress(ProcessLookupError):  # nothing is left: it has ended
            os.killpg(process.pid, signal.SIGKILL)
    return out.decode()


async def test_the_page_says_what_happens(kafka: KafkaPlace, postgres: str, tmp_path: Path) -> None:
    files = tmp_path / ".syncline" / "files"
    files.mkdir(parents=True)
    extra = {"SYNCLINE_FILES_ROOTS": str(files)}
    async with installation(kafka, postgres, tmp_path, extra) as place:
        told = []
        for command in commands():
            said = await run(command.text, tmp_path, place.environment)
            told.append(f"$ {command.text}\n{said}")
            assert "Traceback" not in said, told
            warned = any("keep their old form" in words for words in command.words)
            assert ("warning" in said) is warned, told
            missing = [words for words in command.words if words not in said]
            assert missing == [], "\n".join(told)
    assert len(told) > 12
