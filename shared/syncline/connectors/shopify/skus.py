"""Finding the inventory items of SKUs. A SKU is neither required nor unique in a shop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from syncline.connectors.http.answers.answer import key_text
from syncline.connectors.http.client.api import Api
from syncline.connectors.shopify import documents
from syncline.connectors.shopify.calls import ask
from syncline.domain.chain import PARENT_MISSING
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.record import Value

PER_CALL = 50
"""SKUs in one search, which gives 250 variants at most."""
_ID = reader(parse_path("inventoryItem.id"))


async def find_items(api: Api, skus: Sequence[str]) -> dict[str, str | Failure]:
    """Return the ID of each SKU's inventory item, or why there is none to write to.

    Raises RetriableError, ConnectorError: the shop cannot be asked.
    """
    wanted = list(dict.fromkeys(skus))
    found: dict[str, str | Failure] = {}
    for start in range(0, len(wanted), PER_CALL):
        found |= await _some(api, wanted[start : start + PER_CALL])
    return found


async def _some(api: Api, skus: Sequence[str]) -> dict[str, str | Failure]:
    query = " OR ".join(f"sku:'{_escaped(sku)}'" for sku in skus)
    variants = (await ask(api, documents.FIND_STOCK, {"query": query}))["productVariants"]
    if not variants["pageInfo"]["hasNextPage"]:
        return _sorted(variants["nodes"], skus)
    if len(skus) == 1:
        message = f"the shop has more variants like the SKU {skus[0]!r} than it shows at once"
        return {skus[0]: Failure(Category.PERMANENT, "lookup_incomplete", message)}
    middle = len(skus) // 2
    return await _some(api, skus[:middle]) | await _some(api, skus[middle:])


def _sorted(nodes: Sequence[Value], skus: Sequence[str]) -> dict[str, str | Failure]:
    """Return what a search found: it looks for words, in any case, and so for others as well."""
    items: dict[str, set[str]] = defaultdict(set)
    for node in nodes:
        if isinstance(node, dict):
            items[key_text(node.get("sku"))].add(key_text(_ID(node)))
    return {sku: _only(sku, sorted(items.get(sku, ())), items) for sku in skus}


def _only(sku: str, found: Sequence[str], others: dict[str, set[str]]) -> str | Failure:
    if len(found) == 1:
        return found[0]
    if found:
        words = f"the shop has {len(found)} variants with the SKU {sku[:100]!r}: leave one there"
        return Failure(Category.PERMANENT, "match_not_unique", words)
    like = next((other for other in others if other.casefold() == sku.casefold()), None)
    hint = f"; it has {like!r}" if like else ""
    words = f"the shop has no variant with the SKU {sku[:100]!r}, or shows it only later{hint}"
    return Failure(Category.PERMANENT, PARENT_MISSING, words)


def _escaped(sku: str) -> str:
    """Return a text as it stands between single quotes in a search."""
    return sku.replace("\\", "\\\\").replace("'", "\\'")
