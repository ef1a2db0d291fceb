"""Keys of records: their match keys as text, and the idempotency keys of calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

from syncline.connectors.errors import refusal
from syncline.connectors.http.answers.answer import key_text
from syncline.connectors.port import WriteBatch
from syncline.contracts.messages import decoder_of
from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.record import Record

_decode = decoder_of(Record).decode


def key_of(keys: Sequence[str]) -> str:
    """Return the idempotency key of a call: its record's, or one of all its records'."""
    if len(keys) == 1:
        return keys[0]
    return blake2b("".join(keys).encode(), digest_size=16).hexdigest()


def own_key(batch: WriteBatch) -> Callable[[Any], Any]:
    """Return what reads the match key of a payload, or of a record that is shown like one."""
    if not batch.match_key:
        message = "the mapping has no `transformation.matchKey`, which lookup and {key} stand on"
        raise refusal("no_match_key", message)
    return reader(parse_path(batch.match_key[0]))


def keys_of(batch: WriteBatch, places: Sequence[int]) -> list[str]:
    """Return the match keys of some records as text, "" where there is none."""
    read = own_key(batch)
    return [key_text(read(_decode(batch.payloads[place]))) for place in places]
