"""A person's edit of a dead letter: a JSON Patch, or the payload as it should be."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from syncline.actions.dead_letters.dead_letter_detail import PayloadEdit, edit_of
from syncline.domain.errors import InvalidInputError
from syncline.postgres.dead_letters.queue import DeadLetterDetail, DeadLetterView
from syncline.testing.clock import EPOCH


def entry(
    payload: str | None = '{"sku":"A1","price":-1.10}', stage: str = "execute"
) -> DeadLetterDetail:
    view = DeadLetterView(
        id="6f9c2d84-5b0e-5a6e-9d57-2f4c3b1a7e90", status="pending", category="permanent",
        instance="erp-shop", source="erp", target="shop", entity_type="item", source_id="A1",
        stage=stage, code="http_422", error="no", field=None, retries=0, mapping_version=1,
        correlation_id=None, failed_at=EPOCH, group="g", replay_run=None, replay_of=None,
        resolved_at=None, resolved_by=None, reason=None,
    )  # fmt: skip
    return DeadLetterDetail(view, None, [], None, payload)


def edit(text: str, found: DeadLetterDetail | None = None) -> PayloadEdit:
    return edit_of(found or entry(), text, "$.edit")


def test_an_edited_payload_becomes_a_patch_with_all_digits() -> None:
    value = Decimal("12345678901234567890.10")
    assert edit('{"sku": "A1", "price": 12345678901234567890.10}').patch == [
        {"op": "replace", "path": "/price", "value": value}
    ]


def test_a_patch_is_taken_as_it_is() -> None:
    text = '[{"op": "replace", "path": "/price", "value": 2}]'
    assert edit(text).patch == [{"op": "replace", "path": "/price", "value": 2}]


def masked() -> DeadLetterDetail:
    shown = entry('{"sku":"A1","url":"https://shop/?key=***","note":"***"}')
    return msgspec.structs.replace(shown, is_masked=True)


def test_what_is_masked_and_left_as_it_is_stays_as_it_is_stored() -> None:
    text = '{"sku":"A2","url":"https://shop/?key=***","note":"new"}'
    assert edit(text, masked()).patch == [
        {"op": "replace", "path": "/sku", "value": "A2"},
        {"op": "replace", "path": "/note", "value": "new"},
    ]


def test_a_mask_is_not_written_to_a_target() -> None:
    with pytest.raises(InvalidInputError, match="stands for a secret"):
        edit('{"sku":"A1","url":"https://other/?key=***","note":"***"}', masked())
    sale = entry('{"sku":"A1","name":"SALE"}')
    assert edit('{"sku":"A1","name":"*** SALE ***"}', sale).patch[0]["value"] == "*** SALE ***"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is no JSON: line 1, column 2"),
        ("5", "must hold a JSON Patch (an array) or a payload (an object)"),
        ("[5]", "every step must be an object with op and path"),
        ('[{"op": "fly", "path": "/a"}]', "the edit does not apply"),
        ('[{"op": "remove", "path": "/none"}]', "the edit does not apply"),
        ('[{"op": "replace", "path": "", "value": [1]}]', "is not a JSON object"),
        ('{"sku": "A1", "price": -1.10}', "changes nothing"),
    ],
)
def test_what_is_no_edit_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        edit(text)
    assert problem in str(refused.value)
    assert str(refused.value).startswith("$.edit: ")


@pytest.mark.parametrize("found", [entry(None), entry("null"), entry(stage="ingest")])
def test_what_has_no_payload_cannot_be_edited(found: DeadLetterDetail) -> None:
    with pytest.raises(InvalidInputError, match="replay it from ingest"):
        edit("{}", found)
