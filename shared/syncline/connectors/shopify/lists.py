"""What a write would delete of a list: variants of a product, addresses of a customer.

A shop replaces a list that it is given. What is there at a record's first write may be people's:
such a record fails until the mapping says that the list is its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncline.connectors.http.client.api import Api
from syncline.connectors.http.settings.fields import Read
from syncline.connectors.port import LookupResult, WriteBatch
from syncline.connectors.shopify import documents
from syncline.connectors.shopify.calls import ask
from syncline.contracts.messages import decoder_of
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.record import Record

_decode = decoder_of(Record).decode


class OwnedList(msgspec.Struct, frozen=True):
    """A list that a write replaces.

    Attributes:
        field: of the payload.
        owner: what people call its record, and how that was found.
        setting: of the target block, that lets a record delete elements.
        document: counts the elements of records, or at least the first `most` of them.
        count: reads their number of a record in its answer.
        per_call: records of one call, so that it costs less than a call may.
    """

    field: str
    owner: str
    setting: str
    document: str
    count: Read
    per_call: int


def _address_count(customer: object) -> int:
    nodes = reader(parse_path("addressesV2.nodes"))(customer)
    return len(nodes) if isinstance(nodes, list) else 0


LISTS: Mapping[str, OwnedList] = {
    "item": OwnedList(
        "variants", "product with this handle", "replaceVariants", documents.COUNT_VARIANTS,
        reader(parse_path("variantsCount.count")), per_call=250,
    ),
    "customer": OwnedList(
        "addresses", "customer with this e-mail address", "replaceAddresses",
        documents.COUNT_ADDRESSES, _address_count, per_call=10,
    ),
}  # fmt: skip
"""Entity type -> the list of its records that people fill as well."""


async def lost_elements(
    api: Api, owned: OwnedList, batch: WriteBatch, found: LookupResult
) -> dict[int, Failure]:
    """Say of which records that were found by their match key a write would delete elements.

    Raises RetriableError, ConnectorError: the shop cannot be asked.
    """
    sent = _sent(owned.field, batch, found)
    places, failures = list(sent), dict[int, Failure]()
    for start in range(0, len(places), owned.per_call):
        part = places[start : start + owned.per_call]
        variables: dict[str, object] = {"ids": [found.target_ids[place] for place in part]}
        if "$most" in owned.document:
            variables["most"] = min(max(sent[place] for place in part) + 1, 250)
        nodes = (await ask(api, owned.document, variables))["nodes"]
        for place, node in zip(part, nodes, strict=True):
            there = owned.count(node) if isinstance(node, dict) else None
            if isinstance(there, int) and there > sent[place]:
                failures[place] = _would_delete(owned, sent[place])
    return failures


def _sent(field: str, batch: WriteBatch, found: LookupResult) -> Mapping[int, int]:
    """Return place -> number of elements that are sent, for records found and not written yet."""
    sent = dict[int, int]()
    if field in batch.on_create:
        return sent  # a record that is there is not sent it
    for place, (known, target_id) in enumerate(
        zip(batch.target_ids, found.target_ids, strict=True)
    ):
        elements = _decode(batch.payloads[place]).get(field)
        if target_id and known is None and isinstance(elements, list):
            sent[place] = len(elements)
    return sent


def _would_delete(owned: OwnedList, count: int) -> Failure:
    message = (
        f"the {owned.owner} has more {owned.field} than the {count} that the record sends: the "
        f"others would be deleted. Send all of them, or none; name `{owned.field}` in `onCreate`; "
        f"or say `{owned.setting}: true` in the target block"
    )
    code = f"would_delete_{owned.field}"
    return Failure(Category.PERMANENT, code, message, field=owned.field)
