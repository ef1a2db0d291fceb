"""A request for a run: its fields and their rules. Spec section 2.1."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from syncline.domain.conversion import converted
from syncline.domain.dead_letter.replay import Replay, problems_of
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import shown, unknown_field
from syncline.domain.run import Mode, Overlap
from syncline.domain.storable import is_storable

MAX_SOURCE_IDS = 500
MAX_SOURCE_ID_LENGTH = 512
MAX_BYTES = 256_000
"""Of a trigger message; one with 500 source IDs of full length just fits."""
DEFAULT_BATCH_SIZE = 100

_Choice = TypeVar("_Choice", bound=StrEnum)


class TriggerRequest(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A checked request. `entity_type` is lower case; `source_ids` has no doubles."""

    instance: str
    entity_type: str
    source_ids: tuple[str, ...] = ()
    mode: Mode = Mode.INCREMENTAL
    max_entities: int | None = None
    batch_size: int = DEFAULT_BATCH_SIZE
    on_overlap: Overlap = Overlap.REJECT
    tenant: str = "default"
    actor: str = "unknown"
    trigger: str = "topic"
    replay: Replay | None = None

    def fingerprint(self) -> str:
        """Return what makes two requests the same request: everything but who sent it and how."""
        same = msgspec.structs.replace(self, actor="", trigger="", on_overlap=Overlap.REJECT)
        # As a dict: what a struct leaves out depends on whether an equal text is the very default.
        encoded = msgspec.json.encode(msgspec.structs.asdict(same), order="sorted")
        return str(UUID(bytes=hashlib.blake2b(encoded, digest_size=16).digest()))


FIELDS = {f.encode_name for f in msgspec.structs.fields(TriggerRequest)}


def parse_trigger(data: object) -> TriggerRequest:
    """Check a decoded trigger and return it as a request.

    Args:
        data: the trigger's JSON object with camelCase names; source IDs as an array or as
            comma-separated text.

    Raises:
        InvalidInputError: names every mistake by its JSON path.
    """
    if not isinstance(data, Mapping):
        raise InvalidInputError(
            [Problem("$", "expected a JSON object with `instance`, `entityType`")]
        )
    reader = _Reader(data)
    request = TriggerRequest(
        instance=reader.text("instance", required=True),
        entity_type=reader.text("entityType", required=True).lower(),
        source_ids=reader.source_ids(),
        mode=reader.choice("mode", Mode, Mode.INCREMENTAL),
        max_entities=reader.integer("maxEntities", None, 1, 2**53),
        batch_size=reader.integer("batchSize", DEFAULT_BATCH_SIZE, 1, 1000) or DEFAULT_BATCH_SIZE,
        on_overlap=reader.choice("onOverlap", Overlap, Overlap.REJECT),
        tenant=reader.text("tenant") or "default",
        actor=reader.text("actor") or "unknown",
        trigger=reader.text("trigger") or "topic",
        replay=reader.replay(),
    )
    reader.check_unknown()
    if request.source_ids and _resets(request):
        reader.problem(
            "mode", "`reset_cursor` cannot be combined with source IDs; use `force_full`"
        )
    if request.replay and (request.source_ids or request.max_entities or _resets(request)):
        reader.problem(
            "replay", "cannot be combined with source IDs, `maxEntities` or `reset_cursor`"
        )
    if reader.problems:
        raise InvalidInputError(reader.problems)
    return request


def _resets(request: TriggerRequest) -> bool:
    return request.mode is Mode.RESET_CURSOR


def parse_correlation_id(text: str) -> str:
    """Return the canonical form of a correlation ID.

    Raises:
        InvalidInputError: it is not a UUID.
    """
    try:
        return str(UUID(text))
    except ValueError:
        message = f"{shown(text)} is not a UUID, such as 01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"
        raise InvalidInputError([Problem("$.correlationId", message)]) from None


class _Reader:
    """Reads fields of a trigger and collects what is wrong with them."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self.problems: list[Problem] = []

    def problem(self, name: str, message: str) -> None:
        self.problems.append(Problem(f"$.{name}", message))

    def check_unknown(self) -> None:
        for name in self._data.keys() - FIELDS:
            self.problem(str(name), unknown_field(name, FIELDS))

    def text(self, name: str, *, required: bool = False) -> str:
        value = self._data.get(name)
        if value is None or value == "":
            if required:
                self.problem(name, "is required")
            return ""
        if not isinstance(value, str) or len(value) > 200 or not is_storable(value):
            self.problem(name, f"must be text of at most 200 characters, not {shown(value)}")
            return ""
        return value.strip()

    def choice(self, name: str, kind: type[_Choice], default: _Choice) -> _Choice:
        value = self._data.get(name)
        if value is None:
            return default
        try:
            return kind(value)
        except ValueError:  # told as a problem, which refuses the trigger
            self.problem(name, f"must be one of {', '.join(kind)}, not {shown(value)}")
            return default

    def integer(self, name: str, default: int | None, low: int, high: int) -> int | None:
        value = self._data.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            top = "" if high > 10**6 else f" to {high}"
            self.problem(name, f"must be a whole number from {low}{top}, not {shown(value)}")
            return default
        return value

    def source_ids(self) -> tuple[str, ...]:
        value = self._data.get("sourceIds")
        if value is None:
            return ()
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list | tuple) or not all(isinstance(p, str | int) for p in parts):
            self.problem("sourceIds", "must be an array of texts or comma-separated text")
            return ()
        ids = tuple(dict.fromkeys(t for p in parts if (t := str(p).strip())))
        if not ids:
            self.problem("sourceIds", "holds no ID; leave it out to sync everything")
        if len(ids) > MAX_SOURCE_IDS:
            self.problem("sourceIds", f"holds {len(ids)} IDs; at most {MAX_SOURCE_IDS} are allowed")
        bad = [i for i in ids if len(i) > MAX_SOURCE_ID_LENGTH or not is_storable(i)]
        if bad:
            limit = f"at most {MAX_SOURCE_ID_LENGTH} characters, no NUL and no lone surrogate"
            self.problem("sourceIds", f"an ID may have {limit}: {shown(bad[0])}")
        return ids

    def replay(self) -> Replay | None:
        value = self._data.get("replay")
        if value is None:
            return None
        try:
            replay = converted(value, Replay, "$.replay")
        except InvalidInputError as error:
            self.problems += error.problems
            return None
        self.problems += problems_of(replay)
        return replay
