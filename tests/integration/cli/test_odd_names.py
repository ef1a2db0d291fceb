"""Commands that are given odd names, and tenants that do not exist: few words, exit code 2."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from syncline.security.secrets import generate_key
from tests.support.commands import CommandLine

LONG = "x" * 10_000
ODD = [LONG, "Müller", "日本語", "a\x07b", "' or 1=1 --", "%", "..", "😀"]
COMMANDS = [
    "schedules show {name}",
    "schedules enable {name}",
    "cursors history {name} item",
    "cursors reset {name} item --reason r",
    "delete profile {name} --yes",
    "delete instance {name} --yes",
    "users disable {name}",
]


@pytest.fixture
def cli(postgres: str, tmp_path: Path) -> CommandLine:
    own = {"SYNCLINE_POSTGRES_DSN": postgres, "SYNCLINE_SECRET_KEYS": generate_key()}
    return CommandLine(tmp_path, os.environ | own)


async def test_odd_names_are_answered_in_few_words(cli: CommandLine) -> None:
    wrong = []
    for number, command in enumerate(COMMANDS):
        for name in (ODD[number % len(ODD)], LONG):
            words = [word.replace("{name}", name) for word in command.split(" ")]
            said = await cli(*words)
            is_clear = said.err.startswith("error: ") and len(said.err) < 700
            if said.code != 2 or not is_clear or "bug of Syncline" in said.err:
                wrong.append((command, name[:20], said.code, said.err[:300]))
    assert wrong == []


async def test_a_tenant_that_does_not_exist_is_named(cli: CommandLine) -> None:
    wrong = []
    for command in ("export", "delete profile a --yes", "apply -f a.yaml"):
        (cli.folder / "a.yaml").write_text("kind: Profile\nname: a\nconnector: file\n"
                                           "config: {folder: /x}\n")  # fmt: skip
        said = await cli(*command.split(), "--tenant", "nowhere")
        if said.code != 2 or "no tenant 'nowhere'" not in said.err:
            wrong.append((command, said.code, said.out[:100], said.err[:300]))
    assert wrong == []
