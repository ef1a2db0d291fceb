"""Writing a bulk to its run's file, each record once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from syncline.connectors.file.journal import Memory, journal_of
from syncline.connectors.file.output_formats import Output, UnwritableError, output_of
from syncline.connectors.file.settings import PLACEHOLDER, FileTarget
from syncline.connectors.folders import Folder, translated_errors
from syncline.connectors.port import WriteBatch, WriteResult
from syncline.connectors.settings import TARGET, read
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.record import Record

_decode = msgspec.json.Decoder(Record, float_hook=Decimal).decode


def path_of(folder: Folder, batch: WriteBatch) -> Path:
    """Return the file of a batch's run. Raises ConnectorError."""
    name = read(FileTarget, batch.options, TARGET).path
    name = name.replace(PLACEHOLDER, batch.correlation_id)
    return folder.within(name.replace("{entityType}", batch.entity_type.replace("/", "_")))


def write_batch(path: Path, memory: Memory, batch: WriteBatch) -> WriteResult:
    """Write a batch to a file whose journal this process remembers. Blocks: call it in a thread.

    Raises ConnectorError, RetriableError where the file cannot be written (now).
    """
    made = output_of(read(FileTarget, batch.options, TARGET), batch.fields)
    pieces, failures = _pieces(made, batch.payloads)
    with translated_errors():
        path.parent.mkdir(parents=True, exist_ok=True)
        with journal_of(path, memory) as journal:
            new = {batch.keys[place]: piece for place, piece in pieces}
            for known in journal.known(list(new)):
                del new[known]
            if new:
                head, tail = made.head.encode(made.encoding), made.tail.encode(made.encoding)
                journal.append(head, b"".join(new.values()), tail, list(new))
    return WriteResult([None] * len(batch.payloads), failures)


def _pieces(
    made: Output, payloads: Sequence[bytes]
) -> tuple[list[tuple[int, bytes]], dict[int, Failure]]:
    """Return the bytes of each record that can be written, and why the others cannot."""
    pieces: list[tuple[int, bytes]] = []
    failures: dict[int, Failure] = {}
    for place, payload in enumerate(payloads):
        try:
            pieces.append((place, made.text(_decode(payload)).encode(made.encoding)))
        except UnwritableError as error:
            failures[place] = error.failure
        except UnicodeEncodeError as error:
            message = f"{error.object[error.start]!r} cannot be written in {made.encoding}"
            failures[place] = Failure(Category.PERMANENT, "invalid_encoding", message)
        except ValueRefusedError as error:
            failures[place] = Failure(Category.PERMANENT, "value_refused", str(error))
    return pieces, failures
