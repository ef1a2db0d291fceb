"""What is said when something is wrong, and the exit code that goes with it."""

from __future__ import annotations

import pytest

from syncline.cli.program.errors import OutsideError, TriggerRefusedError, explain
from syncline.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    Problem,
    RetriableError,
)
from syncline.resources.loader import InvalidFilesError, Mistake

PLACES = {"kafka": "broker:9092", "postgres": "db:5432/syncline"}


@pytest.mark.parametrize(
    ("error", "exit_code", "code"),
    [
        (InvalidInputError([Problem("$.mode", "x")]), 2, "invalid_input"),
        (NotFoundError("no run 1"), 2, "not_found"),
        (ConflictError("ended"), 1, "conflict"),
        (TriggerRefusedError("conflict", "a run is active", []), 1, "conflict"),
        (TriggerRefusedError("not_found", "unknown instance 'x'", []), 2, "not_found"),
        (RetriableError("away", code="kafka_unavailable"), 1, "kafka_unavailable"),
        (OutsideError("schema_missing", "no schema"), 1, "schema_missing"),
        (KeyError("x"), 1, "unexpected_error"),
    ],
)
def test_exit_codes(error: Exception, exit_code: int, code: str) -> None:
    explained = explain(error, PLACES)
    assert (explained.exit_code, explained.code) == (exit_code, code)


def test_one_mistake_is_one_line() -> None:
    error = InvalidInputError([Problem("--batch-size", "must be a whole number, not 'ten'")])
    assert explain(error, PLACES).lines() == [
        "error: --batch-size: must be a whole number, not 'ten'"
    ]


def test_several_mistakes_come_at_once() -> None:
    error = InvalidInputError([Problem("$.a", "is required"), Problem("$", "is wrong")])
    assert explain(error, PLACES).lines() == ["error: 2 mistakes", "  a: is required", "  is wrong"]


def test_mistakes_in_files_have_their_place() -> None:
    mistakes = [Mistake("a.yaml", 3, "Profile erp", "$.config.port", "is required")]
    assert explain(InvalidFilesError(mistakes), PLACES).lines() == [
        "error: nothing was changed: 1 mistake",
        "  a.yaml:3: Profile erp: config.port: is required",
    ]


def test_a_server_that_is_away_is_named_with_what_to_do() -> None:
    error = RetriableError("PostgreSQL did not\nanswer", code="database_unavailable")
    first, hint = explain(error, PLACES).lines()
    assert first == "error: PostgreSQL did not answer"
    assert hint.startswith("  is PostgreSQL running at db:5432/syncline? `syncline dev` starts one")


def test_a_bug_is_said_to_be_one() -> None:
    assert "this is a bug" in explain(TypeError("x"), PLACES).lines()[1]
