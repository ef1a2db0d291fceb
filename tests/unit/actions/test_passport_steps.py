"""What each stage did with a record, from its outcome and what was found of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from syncline.actions.passports.field_changes import FieldChange, changes_of, good_fields, unused
from syncline.actions.passports.steps import (
    ABSENT,
    KEPT,
    KINDS,
    PassportPayload,
    expected,
    steps_of,
)
from syncline.contracts.topics import Stage
from syncline.domain.mapping.validation import parse
from syncline.postgres.runs.record_states import RecordState

MAPPING = parse(
    {
        "entityType": "item",
        "extraction": {"mode": "config", "table": "t", "idColumn": "id"},
        "normalization": {
            "fields": [
                {"source": "id", "target": "sku"},
                {"source": "lines[].qty", "target": "quantities", "type": "array"},
            ]
        },
        "transformation": {
            "matchKey": "product.code",
            "fields": [{"source": "sku", "target": "product.code"}],
            "static": [{"target": "status", "value": "ACTIVE"}],
        },
    }
)


def placed(outcome: str, entry: str = "normalize", gave_up: str | None = None) -> RecordState:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return RecordState(
        source_id="A", correlation_id="x", instance="i", entity_type="item", state="succeeded",
        outcome=outcome, batch=0, slot=0, entry=entry, mapping_version=1, created_at=now,
        finished_at=now, dead_letter=None, gave_up=gave_up, error=None, target_id=None,
        written_at=None, written_by=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("record", "looked_for", "results"),
    [
        (placed("success"), KINDS, "passed passed passed written"),
        (placed("unchanged"), KINDS, "passed passed passed skipped"),
        (placed("unchanged", entry=""), (), "skipped not_reached not_reached not_reached"),
        (placed("excluded"), KINDS[:2], "passed passed skipped not_reached"),
        (placed("failed", gave_up="normalize"), KINDS[:1], "passed failed not_reached not_reached"),
        (placed("failed", "ingest", "ingest"), (), "failed not_reached not_reached not_reached"),
        (placed("success", entry="execute"), KINDS[2:], "passed not_reached not_reached written"),
        (placed("cancelled"), KINDS, "passed passed skipped not_reached"),
        (placed("in_flight"), KINDS, "passed passed in_flight not_reached"),
    ],
)
def test_a_record_goes_as_far_as_its_outcome_says(
    record: RecordState, looked_for: tuple[str, ...], results: str
) -> None:
    """Raw and canonical were seen: where the outcome does not tell, it came to Transform."""
    assert tuple(expected(record)) == looked_for
    seen = {kind: KEPT if kind != "payload" else ABSENT for kind in KINDS}
    payloads = {k: PassportPayload(kind=k, state=s, kept_days=7) for k, s in seen.items()}
    steps = steps_of(record, payloads, [], {})
    assert " ".join(step.result for step in steps) == results


def test_fields_are_followed_with_every_digit() -> None:
    raw = b'{"id": 23958446825181076828, "lines": [{"qty": 1.10}, {"qty": 2}], "other": null}'
    canonical = b'{"sku": 23958446825181076828, "quantities": [1.10, 2]}'
    assert changes_of(MAPPING.normalization, raw, canonical) == [
        FieldChange("id", "sku", "23958446825181076828", "23958446825181076828", changed=False),
        FieldChange("lines[].qty", "quantities", "[1.10,2]", "[1.10,2]", changed=False),
    ]
    assert unused(MAPPING.normalization.fields, raw) == ["other"]


def test_fields_of_creations_alone_are_marked() -> None:
    part = replace(MAPPING.transformation, on_create=("product",))
    changes = changes_of(part, b'{"sku": "A"}', None)
    assert [(c.target, c.on_create) for c in changes] == [("product.code", True), ("status", False)]


def test_what_is_not_known_has_no_value() -> None:
    changes = changes_of(MAPPING.transformation, b'{"sku": "A"}', None)
    assert [(c.source, c.target, c.before, c.after) for c in changes] == [
        ("sku", "product.code", '"A"', None),
        (None, "status", None, None),
    ]
    assert unused(MAPPING.normalization.fields, None) == []
    assert changes_of(MAPPING.normalization, b"no json", b"[]")[0].before is None


def test_of_a_record_that_broke_the_good_fields_are_shown() -> None:
    document = {
        "entityType": "item",
        "extraction": {"mode": "config", "table": "t", "idColumn": "id"},
        "normalization": {
            "fields": [
                {"source": "id", "target": "sku"},
                {"source": "price", "target": "price", "type": "decimal"},
                {"source": "name", "target": "name", "transform": "trim"},
                {"source": "active", "target": "active", "type": "bool", "transform": "sapYesNo"},
            ]
        },
        "transformation": {
            "matchKey": "code",
            "fields": [
                {"source": "sku", "target": "code", "transform": "toInt"},
                {"source": "name", "target": "texts.title"},
            ],
            "static": [{"target": "status", "value": "ACTIVE"}],
            "exclude": {"field": "name", "op": "eq", "value": "internal"},
        },
    }
    mapping = parse(document)
    raw = b'{"id":"A1","price":"12,5","name":" Pen ","active":"?"}'
    good = good_fields(mapping, Stage.NORMALIZE, raw)
    assert msgspec.json.decode(good.made or b"") == {"sku": "A1", "name": "Pen"}
    assert sorted(good.broken) == [1, 3]
    errors = {place: failure.message for place, failure in good.broken.items()}
    changes = {c.target: c for c in changes_of(mapping.normalization, raw, good.made, errors)}
    assert (changes["name"].before, changes["name"].after) == ('" Pen "', '"Pen"')
    assert changes["price"].after is None
    assert "12,5" in (changes["price"].error or "")
    assert changes["sku"].error is None

    into = good_fields(mapping, Stage.TRANSFORM, b'{"sku":"A1","name":"Pen"}')
    assert into.made == b'{"status":"ACTIVE","texts":{"title":"Pen"}}'
    assert list(into.broken) == [0]


@pytest.mark.parametrize("given", [b"null", b"[1]", b"\xff", b'{"a":' * 3000, b"{}"])
def test_of_what_is_no_record_nothing_is_made_up(given: bytes) -> None:
    for stage in (Stage.NORMALIZE, Stage.TRANSFORM):
        good = good_fields(MAPPING, stage, given)
        assert good.made is None or given == b"{}"
