"""Bulks for a table, as Execute hands them to a connector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncline.connectors.port import WriteBatch
from syncline.contracts.messages import encode


def bulk(
    table: str,
    payloads: Sequence[dict[str, Any]],
    *key: str,
    source_ids: Sequence[str] = (),
    target_ids: Sequence[str | None] = (),
) -> WriteBatch:
    """Make a bulk of payloads, each of a source record of its own, known by `key` (`id`)."""
    names = [f"s{n}" for n in range(len(payloads))]
    return WriteBatch(
        tenant="t",
        entity_type="item",
        correlation_id="r",
        source_ids=list(source_ids) or names,
        payloads=[encode(payload) for payload in payloads],
        target_ids=list(target_ids) or [None] * len(payloads),
        keys=names,
        match_key=key or ("id",),
        options={"table": table},
    )
