"""Messages as records: JSON objects, and the events in which Debezium tells of changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

import msgspec

from syncline.connectors.kafka.settings import Deletes, Envelope, ReadOptions
from syncline.domain.errors import Category, Failure
from syncline.domain.record import JsonObject, Value

_decode = msgspec.json.Decoder(Value, float_hook=Decimal).decode
_MAX_KEPT = 10_000
_REGISTRY = 0
"""First byte of a value that was written with a schema registry; no JSON begins so."""
_START = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN = frozenset({"c", "r", "u"})
_DELETED = "d"


class Message(Protocol):
    """A message as the client gives it."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class UnreadableMessageError(Exception):
    """A message is no record."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(Category.PERMANENT, code, message)


class MessageReader:
    """Makes records of messages, as an extraction's options say."""

    def __init__(self, options: ReadOptions) -> None:
        self._options = options
        self._is_debezium = options.envelope is Envelope.DEBEZIUM
        self._marks = options.deletes is Deletes.MARK

    def record(self, message: Message) -> JsonObject | None:
        """Return a message's record: None for one that is left out.

        Raises UnreadableMessageError.
        """
        key = self._key(message)
        fields, is_deleted = self._contents(message, key)
        if fields is None or (is_deleted and not self._marks):
            return None
        made: JsonObject = {"_key": key, "_deleted": is_deleted, **fields}
        return made | _metadata(message) if self._options.metadata else made

    def found(self, message: Message) -> JsonObject:
        """Return what can be shown of a message that is no record."""
        text = (message.value or b"")[: 4 * _MAX_KEPT].decode("utf-8", "replace")[:_MAX_KEPT]
        key = (message.key or b"").decode("utf-8", "replace")[:_MAX_KEPT]
        return {"(found)": text, "(key)": key, **_metadata(message)}

    def _key(self, message: Message) -> Value:
        """Return a message's key; of one that has none, where it is on the topic."""
        if message.key is None:
            return f"{message.partition}-{message.offset}"
        if self._options.has_json_keys:
            return _unwrapped(_json(message, message.key, "key"))
        return _text(message, message.key, "key")

    def _contents(self, message: Message, key: Value) -> tuple[JsonObject | None, bool]:
        """Return a message's fields, and whether it tells of a deletion."""
        if message.value is None:
            of_key = dict(key) if isinstance(key, dict) else {}
            return (None if self._is_debezium else of_key), True
        if message.value[:1] == bytes([_REGISTRY]):
            why = "was written with a schema registry (Avro, Protobuf or JSON Schema), which is not"
            raise _unreadable(message, "schema_registry", f"{why} read: let it be written as JSON")
        value = _json(message, message.value, "value")
        if self._is_debezium:
            return _change(message, _unwrapped(value), key)
        return (value if isinstance(value, dict) else {"value": value}), False


def _change(message: Message, event: Value, key: Value) -> tuple[JsonObject, bool]:
    """Return the fields of a change, and whether it is a deletion."""
    if not isinstance(event, dict) or "op" not in event:
        why = "is no Debezium event: `op` is missing (is it flattened? then say `envelope: none`)"
        raise _unreadable(message, "invalid_event", why)
    operation, of_key = event["op"], key if isinstance(key, dict) else {}
    if operation == _DELETED:
        before = event.get("before")
        return {**(before if isinstance(before, dict) else {}), **of_key}, True
    after = event.get("after")
    if isinstance(operation, str) and operation in _WRITTEN and isinstance(after, dict):
        return after, False
    why = "tells of a table that was emptied" if operation == "t" else "has no `after`"
    raise _unreadable(message, "invalid_event", f"is an event {operation!r} that {why}")


def _unwrapped(value: Value) -> Value:
    """Take off the schema that Kafka Connect's JSON converter puts beside a value."""
    if isinstance(value, dict) and value.keys() == {"schema", "payload"}:
        return value["payload"]
    return value


def _json(message: Message, data: bytes, part: str) -> Value:
    try:
        return _decode(data)
    except (ValueError, RecursionError) as error:
        raise _unreadable(
            message, "invalid_json", f"has a {part} that is no JSON: {error}"
        ) from error


def _text(message: Message, data: bytes, part: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _unreadable(message, "invalid_encoding", f"has a {part} that is no UTF-8") from error


def _unreadable(message: Message, code: str, why: str) -> UnreadableMessageError:
    place = f"message {message.partition}-{message.offset}"
    return UnreadableMessageError(code, f"{place} {why}")


def _metadata(message: Message) -> JsonObject:
    headers: Mapping[str, bytes | None] = dict(message.headers)
    return {
        "_partition": message.partition,
        "_offset": message.offset,
        "_timestamp": (_START + timedelta(milliseconds=message.timestamp)).isoformat(),
        "_headers": {n: (v or b"").decode("utf-8", "replace") for n, v in headers.items()},
    }
