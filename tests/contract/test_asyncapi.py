"""The public contracts: one generated document, examples that every reader takes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncline.cli.runs.status_follower import status_in
from syncline.contracts import asyncapi, topics
from syncline.contracts.events import DeadLetter
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import TOPICS
from syncline.contracts.wire import Delivery
from syncline.domain.errors import InvalidInputError
from syncline.domain.trigger import MAX_BYTES, TriggerRequest, parse_trigger
from syncline.domain.validation_errors import document_name
from syncline.runtime.commands.control import Command
from syncline.runtime.spec import StageSpec
from syncline_deadletter.main import SPEC as DEADLETTER
from syncline_execute.main import SPEC as EXECUTE
from syncline_finalize.main import SPEC as FINALIZE
from syncline_ingest.main import SPEC as INGEST
from syncline_monitor.rules import read_process, read_snapshot
from syncline_normalize.main import SPEC as NORMALIZE
from syncline_retry.main import SPEC as RETRY
from syncline_transform.main import SPEC as TRANSFORM
from syncline_trigger.main import SPEC as TRIGGER
from tests.support.public_schemas import validator, wrong_with

DOCS = Path(__file__).parents[2] / "docs"
RUN = b"01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"
RETRY_HEADERS = ((("retry-at", b"1764055902120"), ("retry-stage", b"execute")),)


def reader(spec: StageSpec[Any]) -> Callable[[Delivery], Any]:
    """Return how a stage reads a message of a run that there is."""
    one = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"

    def read(delivery: Delivery) -> Any:
        key = (delivery.key or b"").decode()
        run = RunRef(key, "default", 1, one, "item", one, one, one, 1)
        return spec.decode(delivery, {key: run})

    return read


READERS: dict[str, list[Callable[[Delivery], object]]] = {
    "triggers": [reader(TRIGGER)],
    "runs": [reader(INGEST)],
    "raw": [reader(NORMALIZE)],
    "canonical": [reader(TRANSFORM)],
    "payload": [reader(EXECUTE)],
    "outcomes": [reader(FINALIZE)],
    "retry.2s": [reader(RETRY)],
    "dlq": [lambda delivery: reader(DEADLETTER)(delivery).record],
    "status": [lambda delivery: status_in(delivery, [(delivery.key or b"").decode()])],
    "snapshots": [lambda delivery: read_snapshot(delivery.value or b"")],
    "monitor-processes-changelog": [lambda delivery: read_process(delivery.value or b"")],
    "control": [lambda delivery: msgspec.json.decode(delivery.value or b"", type=Command)],
}


def examples(topics: Iterable[str] = tuple(READERS)) -> list[Any]:
    return [
        pytest.param(topic, example, id=f"{topic}/{name}")
        for topic in sorted(topics)
        for name, example in asyncapi.examples_of(topic).items()
    ]


def delivered(topic: str, value: object) -> Delivery:
    key, headers = run_of(value), RETRY_HEADERS[0] if topic.startswith("retry") else ()
    if topic != "triggers":
        headers = (*headers, ("correlation-id", key), ("tenant", b"default"))
    return Delivery(topic, 0, 0, key, json.dumps(value).encode(), headers, 1764055900000)


def run_of(value: Any) -> bytes:
    """Return the ID of the run that an example names."""
    run = value.get("run", value.get("run_id", value.get("data", {}).get("correlationId")))
    found = run["id"] if isinstance(run, dict) else run
    return found.encode() if isinstance(found, str) else RUN


def test_the_documents_are_current() -> None:
    hint = "run `python -m syncline.contracts.asyncapi` and `… .topics`"
    assert (DOCS / "asyncapi.yaml").read_text() == asyncapi.text(), hint
    assert (DOCS / "topics.md").read_text() == topics.page(), hint


def test_every_topic_has_examples_and_readers() -> None:
    first_tiers = {topic.name for topic in TOPICS if not topic.name.startswith("retry.")}
    assert first_tiers | {"retry.2s"} == READERS.keys()
    assert {param.values[0] for param in examples()} == READERS.keys()


@pytest.mark.parametrize(("topic", "example"), examples())
def test_an_example_is_what_every_reader_takes(topic: str, example: dict[str, Any]) -> None:
    for read in READERS[topic]:
        taken = read(delivered(topic, example))
        if topic == "triggers":
            assert taken.request is not None, taken.problems  # type: ignore[attr-defined]
        elif topic == "dlq":
            assert isinstance(taken, DeadLetter)
        elif example.get("type") != "syncline.record.dead_lettered.v1":  # following runs, not it
            assert taken is not None


# A person's spelling mistake must not start a run of everything; retry hands bytes on as they are.
@pytest.mark.parametrize(("topic", "example"), examples(READERS.keys() - {"triggers", "retry.2s"}))
def test_a_reader_ignores_fields_it_does_not_know(topic: str, example: dict[str, Any]) -> None:
    for read in READERS[topic]:
        assert read(delivered(topic, example)) == read(delivered(topic, with_more(example)))


def with_more(value: Any) -> Any:
    """Add a field to every object that a struct is read from."""
    if isinstance(value, list):
        return [with_more(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {"records", "payload", "skipReasons", "problems"}
    more = {name: v if name in kept else with_more(v) for name, v in value.items()}
    return more | {"fromTheFuture": [1]}


@pytest.mark.parametrize(("topic", "example"), examples(["triggers", "status", "dlq"]))
def test_an_example_of_a_public_topic_fits_the_schema(topic: str, example: dict[str, Any]) -> None:
    assert wrong_with(topic, example) == []


def test_the_schema_refuses_what_is_wrong() -> None:
    event = asyncapi.examples_of("status")["completed"]
    assert wrong_with("status", event | {"specversion": "0.3"})
    assert wrong_with("status", event | {"data": event["data"] | {"success": "many"}})
    assert wrong_with("status", {n: v for n, v in event.items() if n != "id"})
    missing = {n: v for n, v in event["data"].items() if n != "seq"}
    assert wrong_with("status", event | {"data": missing})


def test_the_trigger_schema_knows_every_field() -> None:
    schema = asyncapi.document()["components"]["schemas"]["Trigger"]
    fields = {document_name(field.name) for field in dataclasses.fields(TriggerRequest)}
    assert schema["properties"].keys() == fields | {"correlationId"}


GOOD = {"instance": "erp-shop", "entityType": "item"}


@pytest.mark.parametrize(
    ("more", "good"),
    [
        ({}, True),
        ({"batchSize": 1000, "maxEntities": 1}, True),
        ({"sourceIds": "A1, A2"}, True),
        ({"sourceIds": ["A1", 7]}, True),
        ({"mode": None, "batchSize": None, "tenant": None}, True),
        ({"replay": {"entries": ["81bff3d6-a2ee-5130-aea3-4d2e1a5bbf35"]}}, True),
        ({"batchSize": 0}, False),
        ({"batchSize": 1001}, False),
        ({"batchSize": "ten"}, False),
        ({"maxEntities": 0}, False),
        ({"mode": "all"}, False),
        ({"onOverlap": "wait"}, False),
        ({"sourceIds": [["A1"]]}, False),
        ({"instance": ""}, False),
        ({"instance": 5}, False),
        ({"entityType": None}, True),
        ({"replay": {}}, False),
    ],
)
def test_the_trigger_schema_and_the_trigger_agree(more: dict[str, Any], good: bool) -> None:
    data = GOOD | more
    assert validator("Trigger").is_valid(data) is good
    try:
        parse_trigger(data)
    except InvalidInputError:
        assert not good
    else:
        assert good


def test_a_trigger_of_another_type_is_refused_with_words() -> None:
    event = asyncapi.examples_of("triggers")["event"] | {"type": "com.example.order.created"}
    asked: Any = TRIGGER.decode(delivered("triggers", event), {})
    assert asked.request is None
    assert [problem.path for problem in asked.problems] == ["$.type"]


def test_the_rules_of_triggers_stand_in_the_contract_and_in_the_guide() -> None:
    trigger = asyncapi.document()["components"]["messages"]["trigger"]
    guide = (DOCS / "integration.md").read_text()
    assert f"At most {MAX_BYTES:,} bytes" in trigger["description"]
    assert f"at most {MAX_BYTES:,} bytes" in guide
    for header in ("trigger-partition", "trigger-offset"):
        assert header in guide
        for answer in ("accepted", "rejected"):
            message = asyncapi.document()["components"]["messages"][answer]
            assert header in message["headers"]["properties"]
    assert "tenant of the data" in trigger["headers"]["properties"]["tenant"]["description"]
    assert "| Header `tenant` | decides nothing" in guide
