"""Variations as a target: each is written under its product, by an ID that names both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.http.answers.answer import key_text
from syncline.connectors.port import ConnectorError, LookupResult, WriteBatch, WriteResult
from syncline.domain.errors import Category, Failure, FailureError

PRODUCT = "product"
"""Names, in the options of a call, the product whose variations are written."""
_OF_PRODUCT = frozenset({"name", "short_description", "slug", "type", "categories", "tags"})
"""What a variation has of its product; the API ignores it in a variation."""


def target_id(record: object) -> str:
    """Return the ID of a product, or `PRODUCT/ID` of a variation."""
    if not isinstance(record, Mapping):
        return ""
    own, product = key_text(record.get("id")), key_text(record.get("parent_id"))
    return f"{product}/{own}" if record.get("type") == "variation" and product else own


def split(target_id: str) -> tuple[str, str]:
    """Return product and ID of a variation; "" and the ID of a product."""
    product, _, own = target_id.rpartition("/")
    return product, own


def by_product(ids: Sequence[str | None], places: Sequence[int]) -> dict[str, list[int]]:
    """Group places by the product whose variations they are; products themselves come first."""
    groups: dict[str, list[int]] = {"": []}
    for place in places:
        groups.setdefault(split(ids[place] or "")[0], []).append(place)
    return {product: group for product, group in groups.items() if group}


def part(batch: WriteBatch, places: Sequence[int], product: str) -> WriteBatch:
    """Return the records of a batch that go to one endpoint."""
    ids = [batch.target_ids[place] for place in places]
    own = [None if each is None else split(each)[1] for each in ids]
    options = {**batch.options, PRODUCT: product} if product else batch.options
    return msgspec.structs.replace(
        batch,
        source_ids=[batch.source_ids[place] for place in places],
        payloads=[batch.payloads[place] for place in places],
        keys=[batch.keys[place] for place in places] if batch.keys else [],
        target_ids=own,
        options=options,
        columns=None,
        lines=None,
    )


def merge(result: WriteResult, answer: WriteResult, places: Sequence[int], product: str) -> None:
    """Put the answer about some records into the result about all."""
    for index, place in enumerate(places):
        own = answer.target_ids[index]
        result.target_ids[place] = f"{product}/{own}" if product and own else own
    result.failures |= {places[index]: why for index, why in answer.failures.items()}
    result.stopped |= {places[index]: why for index, why in answer.stopped.items()}
    result.unkept |= {places[index]: why for index, why in answer.unkept.items()}


def keep_back(
    result: WriteResult, places: Sequence[int], stop: FailureError, failure: Failure
) -> None:
    """Leave records unwritten because of what stopped the writing after others were written."""
    if isinstance(stop, ConnectorError) and failure.category is Category.PERMANENT:
        result.stopped |= dict.fromkeys(places, failure)
    else:
        result.failures |= dict.fromkeys(places, failure)


def compare(found: LookupResult) -> None:
    """Leave out of what differs in a variation what is its product's."""
    for place, differs in found.differs.items():
        if "/" in (found.target_ids[place] or ""):
            own = [path for path in differs if path.partition(".")[0] not in _OF_PRODUCT]
            found.differs[place] = own
            if not own:
                found.holds[place] = True
