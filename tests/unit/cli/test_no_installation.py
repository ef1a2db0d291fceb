"""Every command in a folder that is no installation says so, and what to do."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from syncline.cli.main import COMMANDS, main, program

ID = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"
NEEDS_NONE = {"schedules preview", "dev", "demo", "init", "secrets generate-key", "version"}
ARGUMENTS = {
    "api-keys create": "billing",
    "api-keys list": "",
    "api-keys revoke": "abc",
    "apply": "-f nothing.yaml",
    "audit": ID,
    "cursors history": "i item",
    "cursors list": "",
    "cursors reset": "i item --reason r",
    "cursors roll-back": "i item 1 --reason r",
    "cursors set": "i item 1 --reason r",
    "database roles": "",
    "delete": "profile a --yes",
    "diff": "-f nothing.yaml",
    "dlq abort": "019ac0f2-8a4c-7d50-b3c5-1f0f3c1a2b3d",
    "dlq discard": "--all --yes",
    "dlq operations": "",
    "dlq groups": "",
    "dlq list": "",
    "dlq recover": "",
    "dlq replay": "--all --yes",
    "dlq restore": "abcdef01",
    "dlq show": "abcdef01",
    "doctor": "",
    "erase": "--instance i --source-id x --yes",
    "export": "",
    "hooks body": f"h {ID}",
    "hooks disable": "h",
    "hooks enable": "h",
    "hooks list": "",
    "hooks rotate-secret": "h",
    "hooks show": "h",
    "migrate": "",
    "profiles list": "",
    "profiles show": "p",
    "records find": "x",
    "records passport": "x",
    "run": "trigger",
    "runs cancel": ID,
    "runs list": "",
    "runs pause": ID,
    "runs resume": ID,
    "runs show": ID,
    "runs watch": ID,
    "schedules disable": "s",
    "schedules enable": "s",
    "schedules list": "",
    "schedules run-now": "s",
    "schedules show": "s",
    "secrets rekey": "",
    "topics acls": "",
    "topics adopt": "",
    "topics create": "",
    "topics list": "",
    "topics tail": "status",
    "trigger": "i item",
    "users add": "alice",
    "users disable": "alice",
    "users payloads": "alice",
    "users list": "",
    "users reset-link": "alice",
}


def leaves() -> list[str]:
    found = []
    for name in COMMANDS:
        below = getattr(program(name).commands[name], "commands", None)
        found += [f"{name} {child}" for child in below] if below else [name]
    return found


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SYNCLINE_")]:
        monkeypatch.delenv(name)


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


@pytest.mark.parametrize("command", sorted(set(leaves()) - NEEDS_NONE))
def test_the_folder_is_named(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command in ARGUMENTS, "say here how it is called"
    code, out, err = called(capsys, *command.split(), *ARGUMENTS[command].split())
    told = out + err
    assert f"{tmp_path} is no installation of Syncline" in told
    for way in ("`syncline dev`", "SYNCLINE_POSTGRES_DSN", "SYNCLINE_KAFKA_BOOTSTRAP"):
        assert way in told
    assert "SECRET_KEYS" not in told
    assert code == (1 if command == "doctor" else 2)


def test_a_folder_above_that_is_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".syncline").mkdir()
    (tmp_path / ".syncline" / "env").write_text("")
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    code, _, err = called(capsys, "apply", "-f", "x.yaml", "--json")
    error = json.loads(err)["error"]
    assert (code, error["code"]) == (2, "no_installation")
    assert f"{tmp_path} is one" in error["hint"]


def test_empty_variables_make_no_installation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYNCLINE_POSTGRES_DSN", "")
    monkeypatch.setenv("SYNCLINE_KAFKA_BOOTSTRAP", "")
    code, _, err = called(capsys, "runs", "list")
    assert (code, "no installation" in err) == (2, True)


def test_wrong_options_are_named_first(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = called(capsys, "trigger", "i", "item", "--batch-size", "ten")
    assert (code, "--batch-size" in err) == (2, True)
