"""The stand-in Service Layer with connectors to it, and documents for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from syncline.connectors.business_one import BusinessOneConnector
from syncline.connectors.port import Surroundings, WriteBatch
from syncline.contracts.messages import encode
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from tests.support.http_world import LOOPBACK
from tests.support.service_layer import ServiceLayer

L = TypeVar("L", bound=ServiceLayer)


def config_of(layer: ServiceLayer, version: str = "v2", **changes: Any) -> dict[str, Any]:
    """Return a profile's settings of a stand-in."""
    url = f"{layer.url}/b1s/{version}"
    return {"url": url, "company": layer.company, "username": layer.user} | changes


def connector_to(
    layer: ServiceLayer, version: str = "v2", where: Surroundings = LOOPBACK, **changes: Any
) -> BusinessOneConnector:
    """Return a connector; a password among the changes is a secret."""
    password = changes.pop("password", layer.password)
    config = config_of(layer, version, **changes)
    return BusinessOneConnector(config, {"password": password}, where)


@asynccontextmanager
async def started(layer: L) -> AsyncIterator[L]:
    """Let a stand-in listen on a free port of loopback."""
    await layer.start()
    try:
        yield layer
    finally:
        await layer.close()


def reading(entity: str, id_column: str, cursor: str | None = None, **more: Any) -> Extraction:
    """Return an extraction as a mapping writes it."""
    return Extraction(
        mode=ExtractionMode.API,
        id_column=id_column,
        cursor_column=cursor,
        options={"entity": entity},
        **more,
    )


def order(reference: str, *codes: str, customer: str = "C1", **more: Any) -> dict[str, Any]:
    """Return a sales order with a line for each item code."""
    lines = [{"ItemCode": code, "Quantity": 1} for code in codes or ("A1",)]
    return {"NumAtCard": reference, "CardCode": customer, "DocumentLines": lines} | more


def batch(
    records: Sequence[dict[str, Any]],
    target_ids: Sequence[str | None] = (),
    *,
    asked: bool = False,
    on_create: tuple[str, ...] = (),
    **options: Any,
) -> WriteBatch:
    """Return a bulk of sales orders."""
    target = {"entity": "salesorder"} | options
    return WriteBatch(
        tenant="acme",
        entity_type="salesorder",
        correlation_id="0190-run",
        source_ids=[str(n) for n in range(len(records))],
        payloads=[encode(dict(sorted(record.items()))) for record in records],
        target_ids=list(target_ids) or [None] * len(records),
        keys=[],
        match_key=(target.get("reference", "NumAtCard"),),
        options=target,
        asked=asked,
        on_create=on_create,
    )
