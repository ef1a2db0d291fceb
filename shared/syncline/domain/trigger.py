"""A request for a run: its fields and their rules. Spec section 2.1."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from syncline.domain.dead_letter.replay import Replay, read_replay
from syncline.domain.document_fields import CONFIG, Whole, drop_nulls
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import shown
from syncline.domain.record import MAX_SOURCE_ID_LENGTH, is_storable
from syncline.domain.run import Mode, Overlap
from syncline.domain.validation_errors import validated

MAX_SOURCE_IDS = 500
MAX_BYTES = 256_000
"""Of a trigger message; one with 500 source IDs of full length just fits."""
DEFAULT_BATCH_SIZE = 100


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("may hold no NUL and no lone surrogate")
    return text.strip()


def _source_ids(value: object) -> tuple[str, ...]:
    """Read a list of IDs, or text with commas; each ID counts once."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(p, str | int) for p in parts):
        raise ValueError("must be an array of texts or comma-separated text")
    ids = tuple(dict.fromkeys(text for part in parts if (text := str(part).strip())))
    if not ids:
        raise ValueError("holds no ID; leave it out to sync everything")
    if len(ids) > MAX_SOURCE_IDS:
        raise ValueError(f"holds {len(ids)} IDs; at most {MAX_SOURCE_IDS} are allowed")
    for each in ids:
        if len(each) > MAX_SOURCE_ID_LENGTH or not is_storable(each):
            limit = f"at most {MAX_SOURCE_ID_LENGTH} characters, no NUL and no lone surrogate"
            raise ValueError(f"an ID may have {limit}: {shown(each)}")
    return ids


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable)]


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError(f"{shown(text)} is not a UUID") from None


def _or(default: str) -> BeforeValidator:
    """Return what reads an empty name as the default."""
    return BeforeValidator(lambda name: default if name == "" else name)


@dataclass(frozen=True, kw_only=True)
class TriggerRequest:
    """A checked request.

    Attributes:
        entity_type: in lower case; None means the first one in the order of the instance.
        source_ids: without doubles.
        after: the run that it follows in a chain; only Finalize says that.
    """

    __pydantic_config__ = CONFIG

    instance: Name
    entity_type: Annotated[Name, AfterValidator(str.lower)] | None = None
    source_ids: Annotated[tuple[str, ...], PlainValidator(_source_ids)] = ()
    mode: Mode = Mode.INCREMENTAL
    max_entities: Annotated[Whole, Field(ge=1, le=2**53)] | None = None
    batch_size: Annotated[Whole, Field(ge=1, le=1000)] = DEFAULT_BATCH_SIZE
    on_overlap: Overlap = Overlap.REJECT
    tenant: Annotated[Name, _or("default")] = "default"
    actor: Annotated[Name, _or("unknown")] = "unknown"
    trigger: Annotated[Name, _or("topic")] = "topic"
    replay: Annotated[Replay | None, PlainValidator(read_replay)] = None
    after: Annotated[str, AfterValidator(_uuid)] | None = None

    def fingerprint(self) -> str:
        """Return what makes two requests the same request: everything but who sent it and how."""
        same = replace(self, actor="", trigger="", on_overlap=Overlap.REJECT)
        facts = {
            name: value for name, value in vars(same).items() if (name, value) != ("after", None)
        }
        encoded = msgspec.json.encode(facts, order="sorted")
        return str(UUID(bytes=hashlib.blake2b(encoded, digest_size=16).digest()))


def parse_trigger(data: object) -> TriggerRequest:
    """Read a trigger (camelCase). Raises InvalidInputError, which names every mistake."""
    if not isinstance(data, Mapping):
        raise InvalidInputError(
            [Problem("$", "expected a JSON object with `instance`, `entityType`")]
        )
    request = validated(TriggerRequest, drop_nulls(dict(data)))
    problems = list(_contradictions(request))
    if problems:
        raise InvalidInputError(problems)
    return request


def _contradictions(request: TriggerRequest) -> Iterator[Problem]:
    resets = request.mode is Mode.RESET_CURSOR
    if request.source_ids and resets:
        words = "`reset_cursor` cannot be combined with source IDs; use `force_full`"
        yield Problem("$.mode", words)
    if request.replay and (request.source_ids or request.max_entities or resets):
        words = "cannot be combined with source IDs, `maxEntities` or `reset_cursor`"
        yield Problem("$.replay", words)
    if request.after and (request.source_ids or request.replay or not request.entity_type):
        words = "needs `entityType`, and cannot be combined with source IDs or `replay`"
        yield Problem("$.after", words)


def parse_correlation_id(text: str) -> str:
    """Return a correlation ID's canonical form. Raises InvalidInputError for what is no UUID."""
    try:
        return str(UUID(text))
    except ValueError:
        message = f"{shown(text)} is not a UUID, such as 01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"
        raise InvalidInputError([Problem("$.correlationId", message)]) from None
