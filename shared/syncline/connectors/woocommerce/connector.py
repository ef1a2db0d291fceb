"""The connector of WooCommerce: ready blocks of the HTTP connector, and what they cannot say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import AfterValidator, Field

from syncline.connectors import port
from syncline.connectors.api.connector import ApiConnector, ApiSettings
from syncline.connectors.api.entities import ENTITY
from syncline.connectors.errors import ConnectorError
from syncline.connectors.http.client.api import Api
from syncline.connectors.http.settings.profile import HttpSettings, check_url
from syncline.connectors.http.settings.target import HttpTarget
from syncline.connectors.settings import ConnectorSettings, advanced, secret
from syncline.connectors.woocommerce import payloads, products, variations
from syncline.connectors.woocommerce.entities import ENTITIES, variation_target
from syncline.domain.errors import FailureError
from syncline.domain.mapping.extraction import Extraction

_API = "/wc/v3"
READ_ONLY = (
    "the key may read and not write: give it Read/Write in WooCommerce, Settings, Advanced, "
    "REST API"
)


class ShopSettings(ApiSettings):
    """A profile: one shop."""

    shop: Annotated[str, AfterValidator(check_url)] = Field(
        title="Shop", json_schema_extra={"pattern": "^https?://"}
    )
    """Address of the WordPress site, such as https://shop.example.com."""
    consumer_key: str = Field(title="Consumer key", min_length=1)
    """Begins with ck_; made in WooCommerce, Settings, Advanced, REST API."""
    plain_permalinks: bool = advanced(False, "Plain permalinks")
    """For sites whose permalinks are Plain, where /wp-json is not found."""

    def http(self) -> dict[str, Any]:
        login = {"type": "basic", "username": self.consumer_key}
        return {
            **super().http(),
            "baseUrl": f"{self.shop}/wp-json{_API}",
            "auth": login,
            "test": {"endpoint": "/products"},
            "idempotencyHeader": "",
            "errors": {
                "message": "message",
                "code": "code",
                "rules": [{"contains": '"status":5', "category": "transient"}],
            },
        }


class ShopSecrets(ConnectorSettings):
    """The secret of the key."""

    consumer_secret: str | None = secret("Consumer secret")


class WooCommerceConnector(ApiConnector):
    """One shop as its profile describes it."""

    title = "WooCommerce"
    about = "Products with variations, customers and orders of a shop; writes products, customers."
    profile_settings = ShopSettings
    profile_secrets = ShopSecrets
    secret_names: ClassVar[Mapping[str, str]] = {"password": "consumerSecret"}
    entities = ENTITIES

    @classmethod
    def settings_of(cls, config: Mapping[str, object]) -> HttpSettings:
        """Return a profile as one of the HTTP connector; plain permalinks have the path in `?`."""
        found = super().settings_of(config)
        if not config.get("plainPermalinks"):
            return found
        base_url = found.base_url.replace("/wp-json", "/?rest_route=", 1)
        return found.model_copy(update={"base_url": base_url})

    async def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream pages in the order of IDs; behind a product come its variations.

        A record that comes into a read moves those behind it to the next page, where they would
        be given twice.
        """
        last, room = -1, request.limit
        async for page in super().extract(request):
            numbers = [_number(source_id) for source_id in page.ids]
            places = [n for n, number in enumerate(numbers) if number is None or number > last]
            found = page if len(places) == len(page.ids) else page.part(places)
            last = max([last, *(number for number in numbers if number is not None)])
            if request.extraction.options[ENTITY] == "item":
                found = await products.with_variations(self._api, found)
            if room is not None:
                found = found.part(range(min(room, len(found.ids))))
                room -= len(found.ids)
            yield found
            if room == 0:
                return

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records; what is in the trash says so in its `status`."""
        numbers = [each for each in ids if _number(each) is not None]
        page = await super().fetch(extraction, numbers)
        endpoint = self.source_block(extraction).endpoint
        given = {*page.ids, *page.asked}
        missing = [each for each in numbers if each not in given]
        if extraction.options[ENTITY] == "customer" or endpoint is None or not missing:
            return page
        return await products.with_hidden(self._api, page, endpoint, missing)

    @classmethod
    def target_block(cls, options: Mapping[str, object]) -> Mapping[str, object]:
        """Return the block of an entity type, or that of one product's variations."""
        product = options.get(variations.PRODUCT)
        return super().target_block(options) if product is None else variation_target(str(product))

    def read_target(self, options: Mapping[str, object]) -> HttpTarget:
        """Return a target block; a look-up for a SKU also finds variations."""
        target = super().read_target(options)
        if options.get(ENTITY) != "item" or target.lookup is None:
            return target
        lookup = target.lookup.model_copy(update={"id": variations.target_id})
        return target.model_copy(update={"lookup": lookup})

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult:
        """Find records by SKU or e-mail, and compare them with what would be sent."""
        found = await super().lookup(payloads.sendable(batch))
        variations.compare(found)
        return found

    async def write(self, batch: port.WriteBatch) -> port.WriteResult:
        """Create or update records; one that is created although it is there is updated."""
        sent = payloads.sendable(batch)
        if batch.options.get(ENTITY) != "item":
            return await self._call(sent)
        result = port.WriteResult([None] * len(sent.payloads))
        if not sent.asked and None in sent.target_ids:
            found = await self.lookup(sent)
            result.failures |= found.failures
            known = zip(sent.target_ids, found.target_ids, strict=True)
            sent = msgspec.structs.replace(
                sent, target_ids=[own or seen for own, seen in known], asked=True
            )
        wanted = [place for place in range(len(sent.payloads)) if place not in result.failures]
        await self._write_groups(sent, result, wanted)
        owners = await products.owners_of_skus(self._api, result)
        for place, owner in owners.items():
            sent.target_ids[place] = owner
            del result.failures[place]
        await self._write_groups(sent, result, list(owners))
        return result

    async def _write_groups(
        self, batch: port.WriteBatch, result: port.WriteResult, places: Sequence[int]
    ) -> None:
        """Write products, and the variations of each product in a call of their own.

        Raises FailureError where nothing was written before; later it is a failure of the records.
        """
        stop: FailureError | None = None
        for product, group in variations.by_product(batch.target_ids, places).items():
            if stop is not None:
                unsent = msgspec.structs.replace(stop.failure, ambiguous=False)
                variations.keep_back(result, group, stop, unsent)
                continue
            try:
                answer = await self._call(variations.part(batch, group, product))
            except FailureError as error:
                if not any(result.target_ids):
                    raise
                stop = error
                variations.keep_back(result, group, error, error.failure)
            else:
                variations.merge(result, answer, group, product)

    async def _call(self, batch: port.WriteBatch) -> port.WriteResult:
        """Write records of one endpoint; a key that may not write is named."""
        try:
            result = await super().write(batch)
        except ConnectorError as error:
            raise await self._told(error) from error
        for place, failure in result.stopped.items():
            result.stopped[place] = (await self._told(ConnectorError(failure))).failure
        return result

    async def delete(
        self, target_ids: Sequence[str], options: Mapping[str, object]
    ) -> port.WriteResult:
        """Delete records for good, not into the trash."""
        result = port.WriteResult(list(target_ids))
        for product, group in variations.by_product(target_ids, range(len(target_ids))).items():
            ids = [variations.split(target_ids[place])[1] for place in group]
            own = {**options, variations.PRODUCT: product} if product else options
            try:
                answer = await super().delete(ids, own)
            except ConnectorError as error:
                raise await self._told(error) from error
            result.failures |= {group[index]: why for index, why in answer.failures.items()}
        return result

    async def _told(self, error: ConnectorError) -> ConnectorError:
        """Return what a refusal means: a key that may only read is refused as a wrong one is."""
        if error.failure.code != "login_refused" or not await _reads(self._api):
            return error
        message = f"{READ_ONLY}: {error.failure.message}"
        failure = msgspec.structs.replace(error.failure, code="permission_refused", message=message)
        return ConnectorError(failure)


async def _reads(api: Api) -> bool:
    """Tell whether the login is good for reading."""
    try:
        await api.read(api.url("/products", [("per_page", "1")], {}))
    except FailureError:  # then the refusal was what it said
        return False
    return True


def _number(source_id: str) -> int | None:
    """Return an ID as the number that every ID of a shop is, None where it is none."""
    return int(source_id) if source_id.isascii() and source_id.isdigit() else None
