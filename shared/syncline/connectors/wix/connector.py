"""The Wix connector: entity types of a site, and the two catalogues that its shop may have."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import ClassVar

import msgspec

from syncline.connectors import port
from syncline.connectors.api.connector import ApiConnector
from syncline.connectors.api.entities import ENTITY, Entity
from syncline.connectors.errors import refusal
from syncline.connectors.http.client.connection_test import (
    TEST_LIMIT,
    failed_checks,
    part_of,
    sound,
)
from syncline.connectors.http.settings.extraction import source_of
from syncline.connectors.http.source.fetch import fetch_records
from syncline.connectors.http.source.pages import read_pages
from syncline.connectors.wix.entities import ENTITIES, PRODUCTS_V1
from syncline.connectors.wix.settings import WixSecrets, WixSettings
from syncline.domain.errors import FailureError, Problem
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.domain.record import JsonObject

FILTER, ENDPOINT = "filter", "endpoint"
_OPTIONS = "$.extraction.options"
_V1_SOURCE = source_of(PRODUCTS_V1)
_V1_FIRST = "0"
"""No product has a lower number."""
_V1_POSITION = "v1 "
_VERSION = "/stores/v3/provision/version"


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
        if given.get(FILTER):
            options = options | {"body": _filtered(options["body"], given[FILTER])}
        if given.get(ENDPOINT):
            endpoint = given[ENDPOINT]
            options = options | {"fetch": options["fetch"] | {"endpoint": endpoint}}
        return dataclasses.replace(ready, endpoint=endpoint, options=options)

    async def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream pages; of products those of the catalogue that the site has now."""
        is_v1 = await self._has_v1(request.extraction)
        position = request.position
        if position and position.startswith(_V1_POSITION) is not is_v1:
            message = "the site's catalogue was changed by Wix while it was read"
            raise refusal("position_expired", message)
        if not is_v1:
            async for page in super().extract(request):
                yield page
            return
        behind = position.removeprefix(_V1_POSITION) if position else position
        numbered = msgspec.structs.replace(request, after=_V1_FIRST, position=behind)
        async for page in read_pages(self._api, _V1_SOURCE, numbered):
            page.cursors = [None] * len(page.ids)  # a number is no time of change
            page.position = _V1_POSITION + page.position
            yield page

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records."""
        if await self._has_v1(extraction):
            return await fetch_records(self._api, _V1_SOURCE, extraction, ids)
        return await super().fetch(extraction, ids)

    async def _has_v1(self, extraction: Extraction) -> bool:
        """Tell whether products are asked for, of a site that has catalogue V1.

        Asked anew for every read, as Wix moves sites to V3 one after the other. Raises
        ConnectorError (`app_not_installed`) where the site has no shop.
        """
        if extraction.options.get(ENTITY) != "product":
            return False
        answer = await self._api.read(self._api.url(_VERSION, (), {}))
        document = self._api.decoded(answer)
        version = document.get("catalogVersion") if isinstance(document, dict) else None
        if version == "STORES_NOT_INSTALLED":
            message = "the site has no Wix Stores: add the app in its dashboard (App Market)"
            raise refusal("app_not_installed", message)
        return version == "V1_CATALOG"

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


def _filtered(body: JsonObject, given: JsonObject) -> JsonObject:
    """Return a body whose filter holds the mapping's conditions as well."""
    return {
        root: query | {"filter": {**given, **query.get("filter", {})}}
        for root, query in body.items()
    }
