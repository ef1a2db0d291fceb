"""What a profile and a mapping may say about topics."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field
from pydantic.config import JsonDict

from syncline.connectors.settings import (
    ConnectorSettings,
    Contradictions,
    advanced,
    labelled,
    needed,
    problems,
    read,
    secret,
)
from syncline.domain.errors import Problem
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode

OPTIONS = "$.extraction.options"
OFFSETS = "_offsets"
"""The cursor column of a topic, which no record has."""
_SERVER = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s,:\[\]]+):([0-9]{1,5})")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
Login: TypeAlias = Literal["none", "plain", "scram-sha-256", "scram-sha-512"]
"""How clients log in; all but `none` are SASL mechanisms in lower case."""
_LOGINS: JsonDict = {
    "none": "None",
    "plain": "User and password (SASL/PLAIN)",
    "scram-sha-256": "User and password (SCRAM-SHA-256)",
    "scram-sha-512": "User and password (SCRAM-SHA-512)",
}
_WITH_LOGIN: JsonDict = {"x-when": {"auth": ["plain", "scram-sha-256", "scram-sha-512"]}}


def servers_of(text: str) -> list[tuple[str, int]]:
    """Return hosts and ports of a list of servers. Raises ValueError, for people."""
    found = [_SERVER.fullmatch(part.strip()) for part in text.split(",")]
    if not all(server is not None and 0 < int(server[2]) < 65_536 for server in found):
        raise ValueError("must be HOST:PORT, several with commas between, such as kafka-1:9092")
    return [(server[1].strip("[]"), int(server[2])) for server in found if server]


def _servers(text: str) -> str:
    servers_of(text)
    return text


def _topic(name: str) -> str:
    if not _TOPIC.fullmatch(name) or name in (".", ".."):
        raise ValueError("must be the name of a topic: letters, digits, `.`, `_` and `-`")
    return name


Topic = Annotated[str, AfterValidator(_topic)]


class Envelope(StrEnum):
    NONE = "none"
    DEBEZIUM = "debezium"


class KeyFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class Deletes(StrEnum):
    MARK = "mark"
    LEAVE_OUT = "leaveOut"


class KafkaSettings(ConnectorSettings):
    """A profile: which cluster is reached, and as whom."""

    left_out = (None, "")

    bootstrap_servers: Annotated[str, AfterValidator(_servers)] = Field(title="Brokers")
    """`HOST:PORT` of some brokers, with commas between. They name the others."""
    tls: bool = Field(False, title="TLS")
    """The broker's certificate and name are checked."""
    ca_file: str = advanced("", "Certificate authority")
    """Path of a file, where the issuer is not generally known."""
    auth: Login = labelled("none", "Login", _LOGINS)
    user: str = needed("User", _WITH_LOGIN)
    timeout: int = advanced(30, "Time-out", ge=1, le=600)
    """Seconds that a broker may take for an answer."""
    max_message: int = advanced(1_000_000, "Largest message", ge=1000, le=100_000_000)
    """Bytes of a message; no more than `max.message.bytes` of the topics that are written."""

    def contradictions(self) -> Contradictions:
        """Yield what does not go together."""
        if self.auth != "none" and not self.user:
            yield "user", "is required with this login"
        if self.ca_file and not self.tls:
            yield "caFile", "means nothing without `tls: true`"


class KafkaSecrets(ConnectorSettings):
    """A profile's secrets."""

    password: str | None = secret("Password", _WITH_LOGIN)


class ReadOptions(ConnectorSettings):
    """How messages are read: the extraction's `options`.

    Attributes:
        envelope: what is around the record in a message's value.
        key_format: how keys are written; None: as JSON in Debezium events, else as text.
        deletes: whether a deletion is a record that says so, or none.
        metadata: records also have partition, offset, time and headers of their message.
    """

    envelope: Envelope = Field(Envelope.NONE, strict=False)
    key_format: KeyFormat | None = Field(None, strict=False)
    deletes: Deletes = Field(Deletes.MARK, strict=False)
    metadata: bool = False

    @property
    def has_json_keys(self) -> bool:
        default = KeyFormat.JSON if self.envelope is Envelope.DEBEZIUM else KeyFormat.TEXT
        return (self.key_format or default) is KeyFormat.JSON


class TopicTarget(ConnectorSettings):
    """How records are written: a mapping's target block.

    Attributes:
        upsert: whoever reads the topic keeps the last message of a key, as a compacted topic does,
            so that the same record may be written twice.
    """

    topic: Topic
    upsert: bool = False
    headers: dict[str, str] = Field(default_factory=dict)


def read_options(extraction: Extraction) -> ReadOptions:
    """Return how an extraction's messages are read. Raises ConnectorError as `read` does."""
    return read(ReadOptions, extraction.options, OPTIONS)


def extraction_problems(extraction: Extraction) -> list[Problem]:
    """Name every mistake of an extraction."""
    if extraction.mode is not ExtractionMode.CONFIG:
        message = "topics are read by `config`, with the topic's name as `table`"
        return [Problem("$.extraction.mode", message)]
    found = problems(ReadOptions, extraction.options, OPTIONS, "option")
    if not _TOPIC.fullmatch(extraction.table or ""):
        message = "must be the name of a topic: letters, digits, `.`, `_` and `-`"
        found.append(Problem("$.extraction.table", message))
    if extraction.cursor_column not in (None, OFFSETS):
        message = f"must be `{OFFSETS}`: a topic is read on by its offsets"
        found.append(Problem("$.extraction.cursorColumn", message))
    elif extraction.cursor_column and extraction.cursor_type is not CursorType.OFFSETS:
        message = f"must be `offsets` where the cursor column is `{OFFSETS}`"
        found.append(Problem("$.extraction.cursorType", message))
    if extraction.lookback:
        message = "a duration cannot be taken from offsets: leave it out"
        found.append(Problem("$.extraction.lookback", message))
    return found
