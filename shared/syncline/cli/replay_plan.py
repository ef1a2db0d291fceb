"""What a replay asks for: which entries in which runs, and a person's edit as a JSON Patch."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from uuid6 import uuid7

from syncline.cli.shell import Shell
from syncline.cli.trigger import trigger_message
from syncline.contracts.messages import decoder_of, encode
from syncline.contracts.wire import Outbound
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.replay import INGEST, edited, patch_between
from syncline.domain.trigger import parse_trigger
from syncline.postgres.letter_views import LetterDetail, LetterView

_GOOD = ("success", "unchanged", "excluded", "superseded", "in_flight")


class Edit(msgspec.Struct, frozen=True):
    """A person's change of one entry's payload."""

    entry: str
    patch: list[dict[str, Any]]


class Asked(msgspec.Struct, frozen=True):
    """One replay run, about to be asked for."""

    run_id: str
    message: Outbound
    entries: list[LetterView]


class Result(msgspec.Struct, frozen=True, rename="camel"):
    """What became of one entry; `result` is its record's outcome, or why it was refused."""

    id: str
    instance: str | None
    entity_type: str | None
    source_id: str | None
    correlation_id: str | None
    result: str

    @classmethod
    def of(cls, entry: LetterView, run_id: str | None, result: str) -> Result:
        return cls(entry.id, entry.instance, entry.entity_type, entry.source_id, run_id, result)

    @property
    def is_good(self) -> bool:
        return self.correlation_id is not None and self.result in _GOOD


def plan(
    shell: Shell,
    entries: Sequence[LetterView],
    from_: str,
    change: Edit | None,
    reason: str | None,
) -> tuple[list[Asked], list[Result]]:
    """Part entries into runs, one for each instance and entity type, and refuse what cannot go.

    Raises:
        InvalidInputError: the edit is too large, or no edit at all.
    """
    refused = [Result.of(e, None, why) for e in entries if (why := _refusal(e)) is not None]
    streams: dict[tuple[str, str], list[LetterView]] = defaultdict(list)
    for entry in entries:
        if _refusal(entry) is None:
            streams[entry.instance or "", entry.entity_type or ""].append(entry)
    asked = []
    for (instance, entity_type), several in streams.items():
        block: dict[str, Any] = {"entries": [entry.id for entry in several], "fromStage": from_}
        if change is not None:
            block["edits"] = {change.entry: change.patch}
        if reason is not None:
            block["reason"] = reason
        fields = {
            "instance": instance,
            "entityType": entity_type,
            "onOverlap": "queue",
            "tenant": shell.tenant,
            "actor": shell.actor,
            "trigger": "replay",
            "replay": block,
        }
        parse_trigger(fields)
        run_id = str(uuid7())
        asked.append(Asked(run_id, trigger_message(run_id, fields), several))
    return asked, refused


def _refusal(entry: LetterView) -> str | None:
    if entry.status != "pending":
        return f"refused: it is not Pending but {entry.status.title()}"
    if entry.instance is None:
        return "refused: nobody could read the message, so there is no record to replay"
    return None


def edit_of(found: LetterDetail, path: Path) -> Edit:
    """Read an edit: a JSON Patch, or the whole payload as it should be.

    Raises:
        InvalidInputError: it cannot be read, does not apply, or changes nothing.
    """
    wanted = _read(path)
    if found.payload in (None, "null") or found.entry.stage == INGEST:
        raise _wrong("this entry has no payload that could be edited: use --from ingest")
    payload = decoder_of(object).decode(found.payload or "")
    if not isinstance(wanted, dict | list):
        raise _wrong("must hold a JSON Patch (an array) or a payload (an object)")
    patch = wanted if isinstance(wanted, list) else patch_between(payload, wanted)
    if not all(isinstance(step, dict) for step in patch):
        raise _wrong("is no JSON Patch: every step must be an object with op and path")
    try:
        changed = edited(payload, patch)
    except InvalidInputError as error:
        raise _wrong(error.problems[0].message) from None
    if encode(changed) == encode(payload):  # 1 and true are equal to Python
        raise _wrong("changes nothing")
    return Edit(found.entry.id, patch)


def _read(path: Path) -> object:
    text = ""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return decoder_of(object).decode(text)
    except OSError as error:
        raise _wrong(f"{path}: {error.strerror}") from None
    except (UnicodeError, RecursionError):
        raise _wrong(f"{path} is no JSON: not UTF-8 text, or nested too deeply") from None
    except msgspec.DecodeError:
        raise _wrong(f"{path} is no JSON: {_where(text)}") from None


def _where(text: str) -> str:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    return "a number or a text is malformed"


def _wrong(message: str) -> InvalidInputError:
    return InvalidInputError([Problem("--edit", message)])
