"""What a trigger message asks for, what names its run, and under which key a refusal is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from syncline.contracts.wire import Delivery
from syncline.domain.errors import InvalidInputError
from syncline.domain.trigger import MAX_BYTES
from syncline_trigger.rules import TriggerMessage, decode, rejected

RUN = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"
OTHER = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3e"
GOOD = {"instance": "erp-shop", "entityType": "item"}
NOW = datetime(2026, 1, 31, tzinfo=UTC)


def delivery(
    value: bytes | None, key: bytes | None = None, headers: tuple[tuple[str, bytes], ...] = ()
) -> Delivery:
    return Delivery("triggers", 3, 17, key, value, headers, 1764055900000, is_ours=True)


def asked(
    data: Any = None, key: bytes | None = None, headers: tuple[tuple[str, bytes], ...] = ()
) -> TriggerMessage:
    return decode(delivery(json.dumps(GOOD if data is None else data).encode(), key, headers), {})


def event(found: TriggerMessage) -> tuple[bytes, dict[str, Any], dict[str, bytes]]:
    message = rejected(found, InvalidInputError(found.problems), NOW)
    data: dict[str, Any] = json.loads(message.value or b"")["data"]
    return message.key, data, dict(message.headers)


UNREADABLE = {
    "not JSON": b"{nope",
    "empty": b"",
    "no value": None,
    "no UTF-8": b'{"instance": "\xff\xfe"}',
    "deeply nested": b"[" * 100_000,
    "a huge integer": b'{"number": 1' + b"0" * 5000 + b"}",
    "a lone surrogate": b'{"instance": "\\ud800", "entityType": "item"}',
    "NaN": b'{"instance": "a", "entityType": "item", "maxEntities": NaN}',
    "two megabytes": b'"' + b"x" * 2_000_000 + b'"',
    "one byte too many": b" " * (MAX_BYTES + 1 - len(json.dumps(GOOD))) + json.dumps(GOOD).encode(),
}


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_refused_under_its_key(value: bytes | None) -> None:
    found = decode(delivery(value, RUN.encode()), {})
    assert (found.run_id, found.request, found.unread is not None) == (RUN, None, True)
    key, data, headers = event(found)
    assert (key, data["correlationId"], data["state"]) == (RUN.encode(), RUN, "rejected")
    assert (data["code"], data["problems"][0]["path"]) == ("invalid_input", "$")
    assert data["problems"][0]["message"]
    assert (headers["trigger-partition"], headers["trigger-offset"]) == (b"3", b"17")


def test_the_largest_trigger_is_taken() -> None:
    value = json.dumps(GOOD).encode()
    assert decode(delivery(value.ljust(MAX_BYTES), RUN.encode()), {}).request is not None


def test_the_words_say_where_it_stops_being_json_and_what_the_limit_is() -> None:
    assert "line 1, column 2" in decode(delivery(b"{nope"), {}).problems[0].message
    assert "at most 256,000" in decode(delivery(b" " * 300_000), {}).problems[0].message
    assert "has no value" in decode(delivery(None), {}).problems[0].message


def test_without_a_name_the_place_of_the_message_names_the_run() -> None:
    first, again = asked(), asked()
    assert first.request is not None
    assert first.run_id == again.run_id
    assert UUID(first.run_id).version == 5


@pytest.mark.parametrize(
    ("data", "key", "headers"),
    [
        (GOOD, RUN.encode(), ()),
        (GOOD, RUN.upper().encode(), ()),
        (GOOD | {"correlationId": RUN}, None, ()),
        (GOOD | {"correlationId": RUN}, RUN.encode(), (("correlation-id", RUN.encode()),)),
        (GOOD | {"correlationId": RUN}, b"customer-17", ()),
        (GOOD, None, (("correlation-id", RUN.encode()),)),
        (GOOD, b"customer-17", (("correlation-id", RUN.encode()),)),
    ],
)
def test_key_field_or_header_name_the_run(data: Any, key: bytes | None, headers: Any) -> None:
    found = asked(data, key, headers)
    assert (found.run_id, found.problems) == (RUN, ())


@pytest.mark.parametrize(
    ("data", "key", "headers", "run_id", "path"),
    [
        (GOOD | {"correlationId": OTHER}, RUN.encode(), (), RUN, "key"),
        (GOOD, RUN.encode(), (("correlation-id", OTHER.encode()),), RUN, "headers.correlation-id"),
        (GOOD | {"correlationId": "7"}, RUN.encode(), (), RUN, "$.correlationId"),
        (GOOD | {"correlationId": 7}, RUN.encode(), (), RUN, "$.correlationId"),
        (GOOD, RUN.encode(), (("correlation-id", b"7"),), RUN, "headers.correlation-id"),
    ],
)
def test_names_that_are_wrong_or_differ_are_refused(
    data: Any, key: bytes, headers: Any, run_id: str, path: str
) -> None:
    found = asked(data, key, headers)
    assert (found.request, found.run_id) == (None, run_id)
    assert [problem.path for problem in found.problems] == [path]
    assert event(found)[0] == run_id.encode()


def test_a_key_that_is_no_uuid_is_refused_and_answered_under_that_very_key() -> None:
    found = asked(key=b"order-17")
    assert [problem.path for problem in found.problems] == ["key"]
    assert "'order-17' is not a UUID" in found.problems[0].message
    key, data, _ = event(found)
    assert (key, UUID(data["correlationId"]).version) == (b"order-17", 5)


@pytest.mark.parametrize("key", [b"\xff\xfe", b"\x00", b"x" * 10_000])
def test_a_key_that_is_no_text_breaks_nothing(key: bytes) -> None:
    found = asked(key=key)
    assert found.request is None
    assert event(found)[0] in (key, found.run_id.encode())


@pytest.mark.parametrize(
    ("tenant", "header", "good"),
    [
        (None, b"default", True),
        (None, b"", True),
        ("acme", b"acme", True),
        (None, b"acme", False),
        ("acme", b"default", False),
        ("acme", b"\xff", False),
    ],
)
def test_a_tenant_header_decides_nothing_and_must_not_contradict(
    tenant: str | None, header: bytes, good: bool
) -> None:
    found = asked(
        GOOD | ({"tenant": tenant} if tenant else {}), RUN.encode(), (("tenant", header),)
    )
    assert (found.request is not None) is good
    assert [p.path for p in found.problems] == ([] if good else ["headers.tenant"])


def test_all_mistakes_come_at_once() -> None:
    found = asked(
        {"instance": "", "entityType": 5, "batchsize": 0}, b"order-17", (("tenant", b"acme"),)
    )
    paths = [problem.path for problem in found.problems]
    assert sorted(paths) == ["$.batchsize", "$.entityType", "$.instance", "headers.tenant", "key"]


def theirs(topic: str, **fields: Any) -> TriggerMessage:
    """Read a trigger that a program of somebody else has sent."""
    value = json.dumps(GOOD | fields).encode()
    return decode(Delivery(topic, 0, 0, RUN.encode(), value, (), 0), {})


def test_on_the_common_topic_others_mean_the_default_tenant_alone() -> None:
    found = theirs("triggers", tenant="acme")
    assert found.request is None
    _, data, _ = event(found)
    assert data["problems"][0]["path"] == "$.tenant"
    assert "send it to the topic `triggers.acme`" in data["problems"][0]["message"]
    assert data["tenant"] == "default"
    for fields in ({}, {"tenant": "default"}, {"tenant": ""}):
        own = theirs("triggers", **fields).request
        assert own is not None
        assert own.tenant == "default"


def test_the_tenant_of_a_tenants_topic_is_the_topics_whatever_the_message_says() -> None:
    for fields in ({}, {"tenant": "default"}, {"tenant": "b"}):
        found = theirs("triggers.acme", **fields).request
        assert found is not None
        assert found.tenant == "acme"
    refused = theirs("triggers.acme", tenant="b", batchSize=0)
    assert event(refused)[1]["tenant"] == "acme"


def test_the_actor_of_a_topics_trigger_is_the_topic() -> None:
    found = theirs("triggers", actor="root", trigger="api").request
    assert found is not None
    assert (found.actor, found.trigger) == ("topic:triggers (says it is root)", "topic")
    silent = theirs("triggers.acme").request
    assert silent is not None
    assert silent.actor == "topic:triggers.acme"


def test_a_trigger_of_ours_says_itself_who_asks_for_whom() -> None:
    found = asked(GOOD | {"tenant": "acme", "actor": "ann", "trigger": "api"}).request
    assert found is not None
    assert (found.tenant, found.actor, found.trigger) == ("acme", "ann", "api")
