"""The replay block of a trigger: every mistake by its path."""

from __future__ import annotations

from typing import Any

import pytest

from syncline.domain.errors import InvalidInputError
from syncline.domain.trigger import parse_trigger

A, B = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d", "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3e"
STEP = {"op": "replace", "path": "/a", "value": 1}


def said(**block: Any) -> list[str]:
    data = {"instance": "i", "entityType": "item", "replay": {"entries": [A]} | block}
    try:
        parse_trigger(data)
    except InvalidInputError as error:
        return [f"{problem.path}: {problem.message}" for problem in error.problems]
    return []


def test_a_whole_block_is_taken() -> None:
    assert said(entries=[A, B], edits={B: [STEP]}, reason="the right price") == []


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({"entries": []}, "$.replay.entries: must name 1 to 1000 dead letters"),
        ({"entries": ["x"]}, "$.replay.entries[0]: 'x' is no ID of a dead letter"),
        ({"entries": [A, A]}, "$.replay.entries: names a dead letter twice"),
        ({"fromStage": "transform"}, "$.replay.fromStage: must be one of failed, ingest, not"),
        ({"fromStage": "ingest", "edits": {A: [STEP]}}, "$.replay.edits: cannot be combined with"),
        ({"edits": {B: [STEP]}}, f"$.replay.edits.{B}: is not among the entries"),
        ({"edits": {A: [{"op": "fly", "path": "/a"}]}}, f"$.replay.edits.{A}: is no JSON Patch"),
        ({"edits": {A: [STEP] * 201}}, f"$.replay.edits.{A}: has 201 operations, at most 200"),
        ({"edits": {A: [STEP | {"value": ["a\0"]}]}}, f"$.replay.edits.{A}: holds a NUL character"),
        ({"reason": "x" * 501}, "$.replay.reason: must be text of at most 500 characters"),
    ],
)
def test_a_mistake_is_named(block: dict[str, Any], problem: str) -> None:
    assert any(line.startswith(problem) for line in said(**block)), said(**block)


@pytest.mark.parametrize(
    "fields", [{"sourceIds": "A1"}, {"maxEntities": 5}, {"mode": "reset_cursor"}]
)
def test_a_replay_is_limited_by_nothing_else(fields: dict[str, Any]) -> None:
    data = {"instance": "i", "entityType": "item", "replay": {"entries": [A]}} | fields
    with pytest.raises(InvalidInputError, match=r"\$.replay: cannot be combined"):
        parse_trigger(data)
