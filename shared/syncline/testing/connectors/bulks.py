"""Bulks for a table, as Execute hands them to a connector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncline.connectors.port import WriteBatch
from syncline.contracts.bundle import encoded_payloads
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.columns import Columns
from syncline.domain.record import Record


def bulk(
    table: str,
    payloads: Sequence[dict[str, Any]],
    *key: str,
    source_ids: Sequence[str] = (),
    target_ids: Sequence[str | None] = (),
) -> WriteBatch:
    """Make a bulk of payloads, each of a source record of its own, known by `key` (`id`)."""
    names = [f"s{n}" for n in range(len(payloads))]
    encoded = [encode(payload) for payload in payloads]
    columns = columns_of(encoded)
    return WriteBatch(
        tenant="t",
        entity_type="item",
        correlation_id="r",
        source_ids=list(source_ids) or names,
        payloads=encoded,
        target_ids=list(target_ids) or [None] * len(payloads),
        keys=names,
        match_key=key or ("id",),
        options={"table": table},
        columns=columns,
        lines=lines_of(columns),
    )


def columns_of(payloads: Sequence[bytes]) -> Columns:
    """Return payloads by column, as Execute reads them."""
    return Columns.of([decoder_of(Record).decode(payload) for payload in payloads])


def lines_of(columns: Columns) -> bytes | None:
    """Return payloads as lines, as Execute gives them to a connector that reads those."""
    return encoded_payloads(columns, lines=True).lines
