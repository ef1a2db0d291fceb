"""Makes docs/asyncapi.yaml, the public topics for other programs; run as a module it writes it."""

from __future__ import annotations

import inspect
import json
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from syncline.contracts import events
from syncline.contracts.events import CloudEvent, DeadLetter, RecordDeadLettered, RunStatus, Trigger
from syncline.contracts.messages import Attempt
from syncline.contracts.topics import BY_NAME, DLQ, STATUS, TRIGGERS
from syncline.domain.dead_letter.replay import Replay
from syncline.domain.errors import Failure
from syncline.domain.record import JsonObject, Record
from syncline.domain.run import Mode, Overlap
from syncline.domain.trigger import MAX_BYTES

REFERENCE = "#/components/schemas/{name}"
STRUCTS = (Trigger, Replay, RunStatus, RecordDeadLettered, DeadLetter, Attempt, Failure)
WORDS = (Mode, Overlap)
_ATTRIBUTE = re.compile(r"^    (\w+(?:, \w+)*): (.*(?:\n        .*)*)", re.MULTILINE)


def schemas() -> JsonObject:
    """Return the schemas of the events' `data`, by name."""
    _, made = msgspec.json.schema_components((*STRUCTS, *WORDS), ref_template=REFERENCE)
    for struct in STRUCTS:
        _explain(made[struct.__name__], struct)
    for word in WORDS:
        made[word.__name__]["description"] = _summary(word)
    return made


def event_schema(types: list[str], data: str) -> JsonObject:
    """Return the schema of a structured CloudEvent of these types; `data` names its schema."""
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
    """Put the struct's docstring into its schema: a sentence for it, one for each field."""
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


EXAMPLES = files("syncline.contracts") / "examples"
STATUS_TYPES = {
    "accepted": (events.ACCEPTED, "A trigger was accepted; the run is stored."),
    "rejected": (events.REJECTED, "There will be no run; `reason` and `problems` say why."),
    "extracting": (events.EXTRACTING, "The source is being read; the total still rises."),
    "progress": (events.PROGRESS, "Records got outcomes; at most four events a second for a run."),
    "waiting": (events.WAITING, "Records wait to be tried again."),
    "needs_attention": (
        events.NEEDS_ATTENTION,
        "More records failed than the instance's failure budget allows; the run is paused.",
    ),
    "completed": (events.COMPLETED, "The run is over; its counters are final."),
}
_INTRO = """Made by `python -m syncline.contracts.asyncapi`; docs/integration.md has examples.

Messages are CloudEvents 1.0 in structured mode. The key of every message is the correlation ID of
its run, so all messages of a run are on one partition, in order. Topic names begin with the
installation's prefix, `syncline.` by default. Ignore unknown fields; a change that would break a
reader gets a new version in the event's `type`. Any message may come twice: copies have the same
`source` and `id`. Ignore a status event whose `seq` is not above the last one seen of its run."""

_RULES = """At most {size:,} bytes. `correlationId` in the data names the run, else the key, else
the header `correlation-id`. Those that are given must be UUIDs and equal; a key that is not a UUID
is accepted only if the data or the header names the run. If nothing names the run, its ID is made
from the message's partition and offset. The tenant is
the topic's: `default` on `triggers`, where another one is rejected; TENANT on `triggers.TENANT`.
The actor of the run is the topic, with the given actor behind it. Each trigger is answered by
`run.accepted` or `run.rejected`. A message that cannot be read, or is larger, is rejected, too, and
goes to the DLQ with its bytes."""
_NAMED = "The correlation ID; or any text, if the data or the header names the run; or none."
_KEY = (
    "The correlation ID; if none could be read, the key of the trigger as it came; "
    "if it had none, an ID made from its partition and offset."
)
_ASKED = {
    "correlation-id": "Names the run if neither data nor key do; must be equal to them.",
    "tenant": "Must be the tenant of the data, or the trigger is rejected.",
}
_PLACE = {
    "trigger-partition": "Partition of the trigger that this answers.",
    "trigger-offset": "Offset of that trigger; a producer knows it from its acknowledgement.",
}


def document() -> JsonObject:
    """Return the AsyncAPI 3 document."""
    messages = _messages()
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Syncline", "version": "1.0.0", "description": " ".join(_INTRO.split())},
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            TRIGGERS: _channel(TRIGGERS, ["trigger"]),
            STATUS: _channel(STATUS, [*STATUS_TYPES, "recordDeadLettered"]),
            DLQ: _channel(DLQ, ["deadLetter", "poison"]),
        },
        "operations": {
            "requestRun": _operation("receive", TRIGGERS, "Ask Syncline for a run."),
            "followRuns": _operation("send", STATUS, "Syncline publishes the status of runs."),
            "takeDeadLetters": _operation("send", DLQ, "Syncline publishes failed records."),
        },
        "components": {"messages": messages, "schemas": schemas()},
    }


def text() -> str:
    """Return the document as YAML."""
    return yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=100)


def examples_of(topic: str) -> JsonObject:
    """Return a topic's examples by name."""
    found: list[Traversable] = sorted((EXAMPLES / topic).iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(".json"): json.loads(file.read_text()) for file in found}


def _messages() -> JsonObject:
    status = {
        name: _message(event_schema([type_], "RunStatus"), words, STATUS, name)
        for name, (type_, words) in STATUS_TYPES.items()
    }
    for name in ("accepted", "rejected"):
        status[name]["headers"]["properties"] |= _texts(_PLACE)
    status["rejected"]["bindings"] = {"kafka": {"key": {"type": "string", "description": _KEY}}}
    letter = event_schema([events.RECORD_DEAD_LETTERED], "RecordDeadLettered")
    return {
        "trigger": _asking(),
        **status,
        "recordDeadLettered": _message(letter, "A record failed.", STATUS, "record_dead_lettered"),
        "deadLetter": _message(
            event_schema([events.DEAD_LETTER], "DeadLetter"), "A record failed.", DLQ, ""
        ),
        "poison": _poison(),
    }


def _asking() -> JsonObject:
    """A trigger; its description holds the rules that a schema cannot."""
    event = event_schema([events.TRIGGER], "Trigger")
    event["required"] = ["id", "source", "specversion", "type", "data"]
    # or its data alone, as in binary mode or from plain tools
    either: JsonObject = {"oneOf": [event, {"$ref": REFERENCE.format(name="Trigger")}]}
    message = _message(either, "Asks for a run.", TRIGGERS, "")
    message["description"] = " ".join(_RULES.split()).format(size=MAX_BYTES)
    message["headers"]["properties"] |= _texts(_ASKED)
    message["bindings"]["kafka"]["key"] = {"type": "string", "description": _NAMED}
    return message


def _message(payload: Record, words: str, topic: str, prefix: str) -> JsonObject:
    shown = {n: e for n, e in examples_of(topic).items() if n.startswith(prefix)}
    return {
        "summary": words,
        "contentType": "application/cloudevents+json",
        "headers": _headers({} if topic == TRIGGERS else {"content-type": events.CONTENT_TYPE}),
        "correlationId": {"location": "$message.header#/correlation-id"},
        "payload": payload,
        "bindings": {"kafka": {"key": {"type": "string", "format": "uuid"}}},
        "examples": [{"name": name, "payload": example} for name, example in shown.items()],
    }


def _headers(also: dict[str, str]) -> JsonObject:
    words = {
        "correlation-id": "Names the run.",
        "tenant": "The workspace.",
        "traceparent": "W3C trace context; send your own and the run continues your trace.",
    }
    named = _texts(words)
    constant = {name: {"type": "string", "const": value} for name, value in also.items()}
    return {"type": "object", "properties": named | constant}


def _texts(words: dict[str, str]) -> JsonObject:
    return {name: {"type": "string", "description": text} for name, text in words.items()}


def _poison() -> JsonObject:
    """A message that no stage could read; its own headers follow these."""
    words = {
        "dlq-original-topic": "Topic of the message, without the installation's prefix.",
        "dlq-original-partition": "Its partition.",
        "dlq-original-offset": "Its offset.",
        "dlq-original-timestamp": "Its time, milliseconds since 1970.",
        "dlq-original-key": "Its key.",
        "dlq-original-size": "Its size in bytes, if it is cut here because it was too large.",
        "dlq-stage": "The service that could not read it.",
        "dlq-error-code": "undecodable, or bug if it broke the service every time.",
        "dlq-error-message": "What is wrong with it.",
        "ce_id": "The same on every copy.",
    }
    headers = _headers({"ce_specversion": events.SPEC_VERSION, "ce_type": events.POISON})
    headers["properties"] |= _texts(words)
    headers["required"] = [n for n in headers["properties"] if n.startswith(("ce_", "dlq-"))]
    headers["required"].remove("dlq-original-size")
    return {
        "summary": "A message that could not be read or handled, with its bytes (binary mode).",
        "contentType": "application/octet-stream",
        "headers": headers,
        "payload": {"description": "The bytes of the message."},
    }


def _channel(topic: str, messages: list[str]) -> JsonObject:
    return {
        "address": f"syncline.{topic}",
        "description": BY_NAME[topic].purpose,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _operation(action: str, topic: str, words: str) -> JsonObject:
    return {"action": action, "channel": {"$ref": f"#/channels/{topic}"}, "summary": words}


if __name__ == "__main__":
    Path("docs/asyncapi.yaml").write_text(text())
