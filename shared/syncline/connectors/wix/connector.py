"""The Wix connector: entity types of a site, and the two catalogues that its shop may have."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import ClassVar

from syncline.connectors import port
from syncline.connectors.api.connector import ApiConnector
from syncline.connectors.api.entities import ENTITY, Entity
from syncline.connectors.http.client.connection_test import (
    TEST_LIMIT,
    failed_checks,
    part_of,
    sound,
)
from syncline.connectors.wix import products
from syncline.connectors.wix.entities import CHANGED, ENDPOINT, ENTITIES, FILTER
from syncline.connectors.wix.settings import WixSecrets, WixSettings
from syncline.domain.errors import FailureError, Problem
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.domain.record import JsonObject

_OPTIONS = "$.extraction.options"


class WixConnector(ApiConnector):
    """One site."""

    title = "Wix"
    about = (
        "A Wix site: customers, orders, bookings, subscriptions, products, services, plans, menus."
    )
    profile_settings = WixSettings
    profile_secrets = WixSecrets
    entities: ClassVar[Mapping[str, Entity]] = ENTITIES
    extraction_options = frozenset({ENTITY, FILTER, ENDPOINT})
    capabilities = port.Capabilities(source=True, pages_may_move=True)

    @classmethod
    def system_of(
        cls, config: Mapping[str, object], target: Mapping[str, object] | None = None, /
    ) -> str:
        """Name the site."""
        return f"{super().system_of(config, target)}/{config['siteId']}"

    @classmethod
    def extraction_problems(cls, extraction: Extraction) -> list[Problem]:
        """Name every mistake of a mapping's extraction block."""
        options, wrong = extraction.options, ""
        given, endpoint = options.get(FILTER), options.get(ENDPOINT)
        if given is not None and not isinstance(given, dict):
            wrong = "must be an object, such as {status: APPROVED}"
        elif given and options.get(ENTITY) == "subscription":
            wrong = "is not for subscriptions: Wix lists them all"
        elif given and (own := {CHANGED, "id"} & given.keys()):
            wrong = f"must not name `{own.pop()}`: Syncline filters by it itself"
        if wrong:
            return [Problem(f"{_OPTIONS}.{FILTER}", wrong)]
        if endpoint is not None and not str(endpoint).startswith("/"):
            return [
                Problem(f"{_OPTIONS}.{ENDPOINT}", "must be a path, such as /stores/v3/products")
            ]
        return super().extraction_problems(extraction)

    @classmethod
    def source_block(cls, extraction: Extraction) -> Extraction:
        """Return the ready extraction of an entity type, with the mapping's filter and address."""
        ready, given = super().source_block(extraction), extraction.options
        options, endpoint = ready.options, ready.endpoint
        fetch = options["fetch"]
        if given.get(FILTER):
            options = options | {"body": _filtered(options["body"], given[FILTER])}
            fetch = fetch | {"body": _filtered(fetch["body"], given[FILTER])}
        if given.get(ENDPOINT):
            endpoint = given[ENDPOINT]
            fetch = fetch | {"endpoint": endpoint}
        return dataclasses.replace(ready, endpoint=endpoint, options=options | {"fetch": fetch})

    async def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream pages; of products those of the catalogue that the site has now."""
        is_product = _is_of_products(request.extraction)
        if is_product and await products.has_v1(self._api):
            async for page in products.read_v1(self._api, request):
                yield page
            return
        if request.position and products.is_v1_position(request.position):
            raise products.moved()
        async for page in super().extract(request):
            yield await products.with_variants(self._api, page) if is_product else page

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records."""
        if not _is_of_products(extraction):
            return await super().fetch(extraction, ids)
        if await products.has_v1(self._api):
            return await products.fetch_v1(self._api, extraction, ids)
        return await products.with_variants(self._api, await super().fetch(extraction, ids))

    async def test(self) -> list[port.Check]:
        """Read one record of each entity type, and say which ones the key may read."""
        refused: dict[str, FailureError] = {}
        try:
            async with asyncio.timeout(TEST_LIMIT), asyncio.TaskGroup() as group:
                for name in self.entities:
                    group.create_task(self._try(name, refused))
        except TimeoutError:  # the failed check tells it
            return [port.Check("host", ok=False, message=f"no answer within {TEST_LIMIT} s")]
        for error in refused.values():
            if part_of(error) in ("host", "tls", "login"):
                return failed_checks(self._api, error)
        readable = ", ".join(name for name in self.entities if name not in refused)
        words = {name: self._api.clean(str(error))[:200] for name, error in refused.items()}
        reasons = "; ".join(f"{name}: {words[name]}" for name in self.entities if name in words)
        part = "data" if readable else "permission"
        message = f"can be read: {readable or 'nothing'}" + (f". Not: {reasons}" if reasons else "")
        told = port.Check(part, ok=bool(readable), message=message)
        return [*sound(self._api, part), told]

    async def _try(self, name: str, refused: dict[str, FailureError]) -> None:
        """Read one record, and note why that is refused."""
        one = Extraction(mode=ExtractionMode.API, id_column="id", options={ENTITY: name})
        pages = self.extract(port.ExtractRequest(one, limit=1, page_size=1))
        try:
            async with aclosing(pages):  # type: ignore[type-var] # a generator
                await anext(pages, None)
        except FailureError as error:
            refused[name] = error


def _is_of_products(extraction: Extraction) -> bool:
    return extraction.options.get(ENTITY) == "product"


def _filtered(body: JsonObject, given: JsonObject) -> JsonObject:
    """Return a body whose filter holds the mapping's conditions as well."""
    return {
        name: part | {"filter": {**given, **part.get("filter", {})}}
        if isinstance(part, dict)
        else part
        for name, part in body.items()
    }
