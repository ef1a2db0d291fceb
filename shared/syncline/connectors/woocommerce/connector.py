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
from syncline.connectors.settings import ConnectorSettings, advanced, secret
from syncline.connectors.woocommerce import payloads, products
from syncline.connectors.woocommerce.entities import ENTITIES
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

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult:
        """Find records by SKU or e-mail, and compare them with what would be sent."""
        return await super().lookup(payloads.sendable(batch))

    async def write(self, batch: port.WriteBatch) -> port.WriteResult:
        """Create or update records; one that is created although it is there is updated."""
        sent = payloads.sendable(batch)
        try:
            result = await super().write(sent)
        except ConnectorError as error:
            raise await self._told(error) from error
        if batch.options.get(ENTITY) == "item" and result.failures:
            await self._update_owners(sent, result, products.owners_of_skus(result))
            await self._name_variations(result)
        return result

    async def delete(
        self, target_ids: Sequence[str], options: Mapping[str, object]
    ) -> port.WriteResult:
        """Delete records for good, not into the trash."""
        try:
            return await super().delete(target_ids, options)
        except ConnectorError as error:
            raise await self._told(error) from error

    async def _told(self, error: ConnectorError) -> ConnectorError:
        """Return what a refusal means: a key that may only read is refused as a wrong one is."""
        if error.failure.code != "login_refused" or not await _reads(self._api):
            return error
        message = f"{READ_ONLY}: {error.failure.message}"
        failure = msgspec.structs.replace(error.failure, code="permission_refused", message=message)
        return ConnectorError(failure)

    async def _update_owners(
        self, batch: port.WriteBatch, result: port.WriteResult, taken: Mapping[int, str]
    ) -> None:
        """Update the products that have the SKUs of records that could not be created."""
        for place, target_id in taken.items():
            failure = await products.unfit_owner(self._api, target_id)
            if failure is not None:
                result.failures[place] = failure
                continue
            alone = payloads.part(batch, [place], [target_id])
            answer = await super().write(alone)
            del result.failures[place]
            result.target_ids[place] = answer.target_ids[0]
            if (why := answer.failures.get(0)) is not None:
                result.failures[place] = why
            elif (why := answer.stopped.get(0)) is not None:
                result.stopped[place] = why

    async def _name_variations(self, result: port.WriteResult) -> None:
        """Say of records that cannot be updated as products that they are variations."""
        for place, failure in result.failures.items():
            target_id = result.target_ids[place]
            if failure.code == "gone" and target_id is not None:
                unfit = await products.unfit_owner(self._api, target_id)
                result.failures[place] = unfit or failure


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
