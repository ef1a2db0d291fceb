"""What scripts rely on: exit codes, `--json`, and the words for wrong options. No server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Protocol

import pytest

from syncline.cli.main import COMMANDS, main, program
from syncline.cli.program.app import called
from syncline.cli.program.shell import Shell
from syncline.cli.runs.run_watcher import exit_code
from syncline.domain.errors import ConflictError
from syncline.resources.loader import InvalidFilesError, Mistake
from tests.support.run_status import run_status

DOCS = Path(__file__).parents[2] / "docs"
ID = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"
IDS = ",".join(map(str, range(501)))


class Run(Protocol):
    """Calls the command line and returns its exit code, standard output and standard error."""

    def __call__(self, *arguments: str) -> tuple[int, str, str]: ...


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def called(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(arguments)
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return called


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("trigger a item --batch-size 0",
         "--batch-size: must be at least 1, not 0"),
        ("trigger a item --batch-size 1001",
         "--batch-size: must be at most 1,000, not 1001"),
        ("trigger a item --batch-size ten",
         "--batch-size: must be a whole number, not 'ten'"),
        ("trigger a item --max-entities 0", "--max-entities: must be at least 1, not 0"),
        ("trigger a item --mode full",
         "--mode: must be one of incremental, reset_cursor, force_full, not 'full'"),
        ("trigger a item --on-overlap wait",
         "--on-overlap: must be one of reject, queue, skip, not 'wait'"),
        ("trigger a item --correlation-id 7", f"--correlation-id: '7' is not a UUID, such as {ID}"),
        (f"trigger a item --source-ids {IDS}",
         "--source-ids: holds 501 IDs; at most 500 are allowed"),
        ("trigger a item --source-ids 1 --mode reset_cursor",
         "--mode: `reset_cursor` cannot be combined with source IDs; use `force_full`"),
        ("runs show 7", f"CORRELATION_ID: '7' is not a UUID, such as {ID}"),
        ("runs list --state done", "--state: must be one of queued, extracting, in_progress, "
         "succeeded, partial_success, failed, cancelled, not 'done'"),
        ("dlq replay", "ID: say which entries: their IDs, a filter such as --group, or --all"),
        ("dlq replay abcdef01 --all", "ID: give IDs or a filter, not both"),
        ("dlq discard", "ID: say which entries: their IDs, a filter such as --group, or --all"),
        ("dlq replay --all --from normalize",
         "--from: must be one of failed, ingest, not 'normalize'"),
        ("dlq replay abcdef01 --edit x.json",
         "--reason: is required with --edit: it is kept with the change"),
        ("dlq list --category fatal",
         "--category: must be one of transient, permanent, unknown, not 'fatal'"),
        ("cursors reset a item --reason=", "--reason: must say why; it is kept"),
        ("users add alice --role boss",
         "--role: must be one of runner, user, platform_admin, not 'boss'"),
        ("api-keys create billing --days 0",
         "--days: must be a whole number from 1 to 3650, not 0"),
        ("run exekute", "SERVICE: unknown service 'exekute'; did you mean `execute`?"),
    ],
)  # fmt: skip
def test_wrong_input_is_named_by_its_option_and_ends_with_2(
    run: Run, command: str, words: str
) -> None:
    assert run(*command.split(" ")) == (2, "", f"error: {words}\n")


def test_all_mistakes_come_at_once(run: Run) -> None:
    code, _, said = run("trigger", "", "item", "--batch-size", "x", "--mode", "y")
    assert (code, said.splitlines()[0]) == (2, "error: 3 mistakes")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["runs", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["trigger"], "Missing argument 'INSTANCE'"),
        (["runs", "list", "--colour"], "No such option: --colour"),
        (["runs", "list", "--limit", "many"], "Invalid value for '--limit'"),
        (["apply"], "Missing option '-f' / '--file'"),
        (["cursors", "reset", "a", "item"], "Missing option '--reason'"),
    ],
)
def test_wrong_usage_ends_with_2(run: Run, arguments: list[str], words: str) -> None:
    code, out, said = run(*arguments)
    assert (code, out, words in said) == (2, "", True), said


def test_an_error_is_one_json_document_where_json_is_wanted(run: Run) -> None:
    code, out, said = run("trigger", "a", "item", "--batch-size", "0", "--json")
    assert (code, out) == (2, "")
    assert json.loads(said)["error"] == {
        "exitCode": 2,
        "code": "invalid_input",
        "message": "1 mistake",
        "problems": [{"path": "--batch-size", "message": "must be at least 1, not 0"}],
        "hint": None,
    }


def test_a_result_is_one_json_document(run: Run) -> None:
    code, out, _ = run("version", "--json")
    assert (code, set(json.loads(out))) == (0, {"version"})
    code, out, _ = run("secrets", "generate-key", "--json")
    assert re.fullmatch(r"k[0-9a-f]{6}:[A-Za-z0-9+/]{43}=", json.loads(out)["key"])


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (["succeeded"], 0), (["partial_success"], 3), (["failed"], 1), (["cancelled"], 1),
        (["succeeded", "failed"], 3), (["failed", "failed"], 1), ([], 0), (["queued"], 0),
    ],
)  # fmt: skip
def test_exit_codes_of_runs(states: list[str], code: int) -> None:
    assert exit_code([run_status(state=state) for state in states]) == code


def test_a_place_in_a_file_stays_text(capsys: pytest.CaptureFixture[str]) -> None:
    mistake = Mistake("a.yaml", 100, "document 1", "$.kind", "is required")
    assert Shell().complain(InvalidFilesError([mistake])) == 2
    assert "  a.yaml:100: document 1: kind: is required\n" in capsys.readouterr().err


def test_exit_codes_of_errors() -> None:
    def conflict() -> None:
        raise ConflictError("a run is active")

    def interrupted() -> None:
        raise KeyboardInterrupt

    def bug() -> None:
        raise KeyError("x")

    assert [called(Shell(), what) for what in (conflict, interrupted, bug)] == [1, 130, 1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(run: Run, name: str) -> None:
    code, out, _ = run(name, "-h")
    assert (code, "Usage: " in out) == (0, True)


def test_every_command_is_in_the_guide() -> None:
    guide = (DOCS / "cli.md").read_text()
    listed = set(re.findall(r"^### `([a-z -]+)`$", guide, re.MULTILINE))
    assert listed == set(leaves())


def leaves() -> list[str]:
    found = []
    for name in COMMANDS:
        command = program(name).commands[name]
        below = getattr(command, "commands", None)
        found += [f"{name} {child}" for child in below] if below else [name]
    return found
