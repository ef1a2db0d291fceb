"""A request for a run: what is taken, and the words for what is not. Spec sections 2.1 and 13."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from syncline.domain.errors import InvalidInputError
from syncline.domain.run import Mode, Overlap
from syncline.domain.trigger import parse_correlation_id, parse_trigger

LEAST = {"instance": "erp-shop", "entityType": "item"}


def said(**fields: Any) -> list[str]:
    with pytest.raises(InvalidInputError) as refused:
        parse_trigger(LEAST | fields)
    return [f"{p.path}: {p.message}" for p in refused.value.problems]


def test_the_defaults() -> None:
    request = parse_trigger(LEAST)
    assert (request.mode, request.on_overlap) == (Mode.INCREMENTAL, Overlap.REJECT)
    assert (request.batch_size, request.max_entities, request.source_ids) == (100, None, ())
    assert (request.tenant, request.trigger) == ("default", "topic")


def test_entity_types_are_matched_in_any_case() -> None:
    assert parse_trigger(LEAST | {"entityType": " ITEM "}).entity_type == "item"


@pytest.mark.parametrize("given", ["A1, A2,, A1 ,", ["A1", " A2 ", "", "A1"], ("A1", "A2")])
def test_source_ids_are_trimmed_and_unique(given: object) -> None:
    assert parse_trigger(LEAST | {"sourceIds": given}).source_ids == ("A1", "A2")


def test_numbers_are_source_ids_too() -> None:
    assert parse_trigger(LEAST | {"sourceIds": [7, "8"]}).source_ids == ("7", "8")


@pytest.mark.parametrize("size", [1, 1000])
def test_batch_sizes_at_the_limits(size: int) -> None:
    assert parse_trigger(LEAST | {"batchSize": size}).batch_size == size


def test_500_source_ids_are_taken() -> None:
    assert (
        len(parse_trigger(LEAST | {"sourceIds": [f"A{n}" for n in range(500)]}).source_ids) == 500
    )


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"instance": ""}, "$.instance: must not be empty"),
        ({"instance": None}, "$.instance: is required"),
        ({"instance": 5}, "$.instance: must be text, not 5"),
        ({"instance": "x" * 201}, "$.instance: may have at most 200 characters"),
        ({"entityType": "a\0b"}, "$.entityType: may hold no NUL and no lone surrogate"),
        ({"batchSize": 0}, "$.batchSize: must be at least 1, not 0"),
        ({"batchSize": 1001}, "$.batchSize: must be at most 1,000, not 1001"),
        ({"batchSize": "ten"}, "$.batchSize: must be a whole number, not 'ten'"),
        ({"batchSize": True}, "$.batchSize: must be a whole number, not true"),
        ({"maxEntities": 0}, "$.maxEntities: must be at least 1, not 0"),
        ({"maxEntities": 1.5}, "$.maxEntities: must be a whole number, not 1.5"),
        ({"sourceIds": [f"A{n}" for n in range(501)]}, "$.sourceIds: holds 501 IDs; at most 500"),
        ({"sourceIds": " , "}, "$.sourceIds: holds no ID; leave it out to sync everything"),
        ({"sourceIds": {"a": 1}}, "$.sourceIds: must be an array of texts or comma-separated"),
        ({"sourceIds": ["x" * 513]}, "$.sourceIds: an ID may have at most 512 characters"),
        ({"sourceIds": ["\ud800"]}, "$.sourceIds: an ID may have at most 512 characters, no NUL"),
        ({"mode": "full"}, "$.mode: must be one of incremental, reset_cursor, force_full, not"),
        ({"mode": "reset_cursor", "sourceIds": "A1"}, "$.mode: `reset_cursor` cannot be combined"),
        ({"onOverlap": "wait"}, "$.onOverlap: must be one of reject, queue, skip, not 'wait'"),
        ({"batchsize": 5}, "$.batchsize: unknown field; did you mean `batchSize`?"),
        ({"replay": {"entries": []}}, "$.replay.entries: must name 1 to 1000 dead letters"),
        ({"replay": []}, "$.replay: must be an object, not []"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(fields: dict[str, Any], problem: str) -> None:
    assert any(line.startswith(problem) for line in said(**fields)), said(**fields)


def test_all_mistakes_come_at_once() -> None:
    assert len(said(instance="", batchSize=0, mode="x", extra=1)) == 4


@pytest.mark.parametrize("data", [None, [], "text", 5])
def test_what_is_no_object_is_refused(data: object) -> None:
    with pytest.raises(InvalidInputError, match="expected a JSON object with `instance`"):
        parse_trigger(data)


class TestFingerprint:
    def test_who_sent_it_and_how_makes_no_other_request(self) -> None:
        same = [
            parse_trigger(LEAST | {"actor": actor, "trigger": trigger, "onOverlap": overlap})
            for actor, trigger, overlap in [("a", "cli", "reject"), ("b", "topic", "queue")]
        ]
        assert same[0].fingerprint() == same[1].fingerprint()

    @pytest.mark.parametrize(
        "other", [{"batchSize": 5}, {"mode": "force_full"}, {"sourceIds": "A1"}, {"maxEntities": 1}]
    )
    def test_what_it_asks_for_does(self, other: dict[str, Any]) -> None:
        assert parse_trigger(LEAST).fingerprint() != parse_trigger(LEAST | other).fingerprint()


def test_correlation_ids_have_one_form() -> None:
    given = uuid4()
    assert parse_correlation_id(given.hex.upper()) == str(given)


@pytest.mark.parametrize("text", ["", "abc", "01996f4e-8a4c-7d50-b3c5", "\ud800"])
def test_a_correlation_id_is_a_uuid(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is not a UUID, such as 01996f4e"):
        parse_correlation_id(text)
