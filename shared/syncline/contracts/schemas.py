"""JSON Schemas of public messages, made from their structs and their docstrings."""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec

from syncline.contracts.events import CloudEvent, DeadLetter, RecordDeadLettered, RunStatus, Trigger
from syncline.contracts.messages import Attempt
from syncline.domain.dead_letter.replay import Replay
from syncline.domain.errors import Failure
from syncline.domain.record import JsonObject
from syncline.domain.run import Mode, Overlap

REFERENCE = "#/components/schemas/{name}"
STRUCTS = (Trigger, Replay, RunStatus, RecordDeadLettered, DeadLetter, Attempt, Failure)
WORDS = (Mode, Overlap)
_ATTRIBUTE = re.compile(r"^    (\w+(?:, \w+)*): (.*(?:\n        .*)*)", re.MULTILINE)


def schemas() -> JsonObject:
    """Return the schemas of what lies in the events' `data`, by name."""
    _, made = msgspec.json.schema_components((*STRUCTS, *WORDS), ref_template=REFERENCE)
    for struct in STRUCTS:
        _explain(made[struct.__name__], struct)
    for word in WORDS:
        made[word.__name__]["description"] = _summary(word)
    return made


def event_schema(types: list[str], data: str) -> JsonObject:
    """Return the schema of a structured CloudEvent.

    Args:
        types: the values of its `type`.
        data: name of the schema of its data.
    """
    _, made = msgspec.json.schema_components([CloudEvent[Any]], ref_template=REFERENCE)
    schema: JsonObject = next(iter(made.values()))
    del schema["title"]
    _explain(schema, CloudEvent)
    properties = schema["properties"]
    properties["specversion"] = properties["specversion"] | {"const": "1.0"}
    properties["time"] = properties["time"] | {"format": "date-time"}
    properties["type"] = properties["type"] | {"enum": types}
    properties["data"] = {"$ref": REFERENCE.format(name=data)}
    return schema


def _explain(schema: JsonObject, struct: type[msgspec.Struct]) -> None:
    """Put the docstring where readers look: a sentence for the struct, one for each field."""
    schema["description"] = _summary(struct)
    words = _attributes(struct)
    for field in msgspec.structs.fields(struct):
        shown = schema["properties"][field.encode_name]
        if field.name in words and "$ref" not in shown:
            schema["properties"][field.encode_name] = {"description": words[field.name], **shown}
    if not struct.__struct_config__.omit_defaults:  # every field is always there
        schema["required"] = list(schema["properties"])


def _summary(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())


def _attributes(struct: type) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind in reversed(struct.__mro__):
        text = (inspect.cleandoc(kind.__doc__ or "")).partition("Attributes:")[2]
        for names, words in _ATTRIBUTE.findall(text):
            found |= dict.fromkeys(names.split(", "), " ".join(words.split()))
    return found
