"""Messages become records: plain JSON, and Debezium's events of changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from syncline.connectors.kafka.messages import MessageReader, UnreadableMessageError
from syncline.connectors.kafka.settings import ReadOptions
from syncline.contracts.messages import encode


class Told(msgspec.Struct):
    value: bytes | None
    key: bytes | None = b"k"
    partition: int = 3
    offset: int = 17
    timestamp: int = 0
    headers: tuple[tuple[str, bytes | None], ...] = ()


def sent(part: object) -> bytes | None:
    return part if part is None or isinstance(part, bytes) else encode(part)


def record(value: object, key: object = b"k", **options: Any) -> dict[str, Any] | None:
    return MessageReader(ReadOptions.model_validate(options)).record(Told(sent(value), sent(key)))


def change(op: str, before: object = None, after: object = None) -> dict[str, object]:
    return {"op": op, "before": before, "after": after, "source": {"table": "items"}, "ts_ms": 1}


OLD, NEW = {"id": 1, "name": "old"}, {"id": 1, "name": "new"}


@pytest.mark.parametrize(
    ("value", "key", "options", "expected"),
    [
        (b'{"a":1.10}', b"k", {}, {"_key": "k", "_deleted": False, "a": Decimal("1.10")}),
        (b'{"a":1}', None, {}, {"_key": "3-17", "_deleted": False, "a": 1}),
        (b"[1]", b"k", {}, {"_key": "k", "_deleted": False, "value": [1]}),
        (b"null", b"k", {}, {"_key": "k", "_deleted": False, "value": None}),
        (None, b"k", {}, {"_key": "k", "_deleted": True}),
        (None, {"id": 1}, {"keyFormat": "json"}, {"_key": {"id": 1}, "_deleted": True, "id": 1}),
        (None, b"k", {"deletes": "leaveOut"}, None),
        (b'{"a":1}', b"7", {"keyFormat": "json"}, {"_key": 7, "_deleted": False, "a": 1}),
        (b'{"_key":"own"}', b"k", {}, {"_key": "own", "_deleted": False}),
    ],
)
def test_plain_messages(
    value: object, key: object, options: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    assert record(value, key, **options) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (change("c", None, NEW), {**NEW, "_deleted": False}),
        (change("r", None, NEW), {**NEW, "_deleted": False}),
        (change("u", OLD, NEW), {**NEW, "_deleted": False}),
        (change("d", OLD), {**OLD, "_deleted": True}),
        (change("d"), {"id": 1, "_deleted": True}),
        (change("d", {"id": 1, "name": None}), {"id": 1, "name": None, "_deleted": True}),
        (None, None),  # what follows a deletion, for the compaction alone
    ],
)
@pytest.mark.parametrize("has_schema", [False, True])
def test_events_of_changes(event: Any, expected: Any, has_schema: bool) -> None:
    key: object = {"id": 1}
    if has_schema:
        key = {"schema": {"type": "struct"}, "payload": key}
        event = event and {"schema": {"type": "struct"}, "payload": event}

    found = record(event, key, envelope="debezium")

    assert found == (expected and {"_key": {"id": 1}, **expected})
    if event and expected["_deleted"]:
        assert record(event, key, envelope="debezium", deletes="leaveOut") is None


@pytest.mark.parametrize(
    ("value", "key", "options", "code", "words"),
    [
        (b"{", b"k", {}, "invalid_json", "message 3-17 has a value that is no JSON"),
        (b"\xff", b"k", {}, "invalid_json", "value"),
        (b'{"a":NaN}', b"k", {}, "invalid_json", "value"),
        (b"[" * 100_000, b"k", {}, "invalid_json", "value"),
        (b"\0\0\0\0\1x", b"k", {}, "schema_registry", "let it be written as JSON"),
        (b"{}", b"\xff", {}, "invalid_encoding", "key"),
        (b"{}", b"k", {"keyFormat": "json"}, "invalid_json", "key"),
        (b"{}", {"id": 1}, {"envelope": "debezium"}, "invalid_event", "`envelope: none`"),
        (b"7", {"id": 1}, {"envelope": "debezium"}, "invalid_event", "`op` is missing"),
        (change("t"), {"id": 1}, {"envelope": "debezium"}, "invalid_event", "emptied"),
        (change("u", OLD), {"id": 1}, {"envelope": "debezium"}, "invalid_event", "no `after`"),
        (change("x", OLD, NEW), {"id": 1}, {"envelope": "debezium"}, "invalid_event", "'x'"),
        (change([], OLD, NEW), {"id": 1}, {"envelope": "debezium"}, "invalid_event", "[]"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_is_no_record(
    value: object, key: object, options: dict[str, Any], code: str, words: str
) -> None:
    with pytest.raises(UnreadableMessageError) as caught:
        record(value, key, **options)

    assert caught.value.failure.code == code
    assert words in caught.value.failure.message


def test_what_is_no_record_can_be_shown() -> None:
    reader = MessageReader(ReadOptions())
    found = reader.found(Told(b"\xff" * 50_000, b"k"))

    assert len(str(found["(found)"])) == 10_000
    assert (found["(key)"], found["_partition"], found["_offset"]) == ("k", 3, 17)
