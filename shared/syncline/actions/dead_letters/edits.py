"""A person's edit of a dead letter: a JSON Patch, or the payload as it should be."""

from __future__ import annotations

import msgspec

from syncline.contracts.json_errors import malformed_at
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.dead_letter.replay import INGEST, edited, patch_between
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.record import JsonObject
from syncline.postgres.dead_letters.queue import DeadLetterDetail
from syncline.telemetry.masking import MASK

_MASKED = (
    f"writes {MASK}, which stands for a secret in what is shown: give the whole value, or leave "
    "the field as it is, and it keeps what is stored"
)


class Edit(msgspec.Struct, frozen=True):
    """A person's change of one entry's payload."""

    entry: str
    patch: list[JsonObject]


def edit_of(found: DeadLetterDetail, text: str, where: str, name: str = "the edit") -> Edit:
    """Read an edit.

    Args:
        found: the entry as it is shown; what is masked there and not changed stays as stored.
        text: a JSON Patch (an array), or the whole payload (an object).
        where: the path that its mistakes are named by.
        name: what its mistakes call it.

    Raises:
        InvalidInputError: it cannot be read, does not apply, or changes nothing.
    """
    wanted = _read(text, where, name)
    if found.payload in (None, "null") or found.entry.stage == INGEST:
        message = "this entry has no payload that could be edited: replay it from ingest"
        raise wrong(where, message)
    payload = decoder_of(object).decode(found.payload or "")
    if not isinstance(wanted, dict | list):
        raise wrong(where, "must hold a JSON Patch (an array) or a payload (an object)")
    patch = wanted if isinstance(wanted, list) else patch_between(payload, wanted)
    if not all(isinstance(step, dict) for step in patch):
        raise wrong(where, "is no JSON Patch: every step must be an object with op and path")
    try:
        changed = edited(payload, patch)
    except InvalidInputError as error:
        raise wrong(where, error.problems[0].message) from None
    if encode(changed) == encode(payload):  # 1 and true are equal to Python
        raise wrong(where, "changes nothing")
    if found.is_masked and any(MASK in encode(step).decode() for step in patch):
        raise wrong(where, _MASKED)
    return Edit(found.entry.id, patch)


def wrong(where: str, message: str) -> InvalidInputError:
    """Make the error that names a mistake in an edit."""
    return InvalidInputError([Problem(where, message)])


def _read(text: str, where: str, name: str) -> object:
    try:
        return decoder_of(object).decode(text)
    except (UnicodeError, RecursionError):
        message = f"{name} is no JSON: not UTF-8 text, or nested too deeply"
        raise wrong(where, message) from None
    except msgspec.DecodeError:
        place = malformed_at(text) or "a number or a text is malformed"
        raise wrong(where, f"{name} is no JSON: {place}") from None
