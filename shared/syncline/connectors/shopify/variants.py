"""Variants that a write would delete: those of a product that has more than are sent."""

from __future__ import annotations

from collections.abc import Mapping

from syncline.connectors.http.client.api import Api
from syncline.connectors.port import LookupResult, WriteBatch
from syncline.connectors.shopify import documents
from syncline.connectors.shopify.calls import ask
from syncline.contracts.messages import decoder_of
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.record import Record

_decode = decoder_of(Record).decode
_COUNT = reader(parse_path("variantsCount.count"))


async def lost_variants(api: Api, batch: WriteBatch, found: LookupResult) -> dict[int, Failure]:
    """Say of which records that were found by their handle a write would delete variants.

    Raises RetriableError, ConnectorError: the shop cannot be asked.
    """
    sent = _sent(batch, found)
    if not sent:
        return {}
    ids = [found.target_ids[place] for place in sent]
    nodes = (await ask(api, documents.COUNT_VARIANTS, {"ids": ids}))["nodes"]
    failures: dict[int, Failure] = {}
    for (place, count), node in zip(sent.items(), nodes, strict=True):
        there = _COUNT(node) if isinstance(node, dict) else None
        if isinstance(there, int) and there > count:
            failures[place] = _would_delete(there, count)
    return failures


def _sent(batch: WriteBatch, found: LookupResult) -> Mapping[int, int]:
    """Return place -> number of variants that are sent, for products found and not written yet."""
    sent = {}
    for place, (known, target_id) in enumerate(
        zip(batch.target_ids, found.target_ids, strict=True)
    ):
        variants = _decode(batch.payloads[place]).get("variants")
        if target_id and known is None and isinstance(variants, list):
            sent[place] = len(variants)
    return sent


def _would_delete(there: int, count: int) -> Failure:
    message = (
        f"the product with this handle has {there} variants and the record sends {count}: the "
        "others would be deleted. Send all of them, or none; or say `replaceVariants: true` in the "
        "target block"
    )
    return Failure(Category.PERMANENT, "would_delete_variants", message, field="variants")
