"""Setting stock: up to 250 quantities in a call, each of a variant at a location.

A record names its variant by SKU; its inventory item's ID becomes the target ID. A shop sets all
quantities of a call or none, and says which of them are wrong: those are taken out, and the rest is
sent again (docs/decisions/0042).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from hashlib import blake2b

from syncline.connectors.http.client.api import Api, RefusedError, error_of
from syncline.connectors.port import ConnectorError, WriteBatch, WriteResult
from syncline.connectors.shopify import documents
from syncline.connectors.shopify.calls import Refusal, change
from syncline.connectors.shopify.entities import LARGEST_PAGE
from syncline.connectors.shopify.settings import ShopifyTarget
from syncline.connectors.shopify.skus import find_items
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.chain import PARENT_MISSING
from syncline.domain.errors import Category, Failure, FailureError
from syncline.domain.record import JsonObject, Record

_decode = decoder_of(Record).decode
_FIELDS = frozenset({"sku", "locationId", "quantity"})
_NO_ITEM = "INVALID_INVENTORY_ITEM"
_NOT_KEPT = ("INVALID_LOCATION", "ITEM_NOT_STOCKED_AT_LOCATION", "not stocked")
"""Signs of an item that is not kept at a location yet, or of a location that is not there."""
_OF_CALL = frozenset({402, 403, 404, 423})
"""Refusals that no record is at fault for: closed shop, missing scope, no such shop."""
_BUSY = "IDEMPOTENCY_CONCURRENT_REQUEST"
_FAILED_BEFORE = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"


class StockWriter:
    """One write call of stock."""

    def __init__(self, api: Api, batch: WriteBatch, settings: ShopifyTarget) -> None:
        self._api = api
        self._batch = batch
        self._settings = settings
        self._records = [_decode(payload) for payload in batch.payloads]
        self._items = list(batch.target_ids)
        self._looked_up: set[int] = set()
        self._result = WriteResult([None] * len(batch.payloads))
        self._salt = 0

    async def write(self) -> WriteResult:
        """Write all records. Raises FailureError: none was written, for no record's fault."""
        self._check()
        pending = self._open(range(len(self._records)))
        written = False
        while pending:
            try:
                await self._find([p for p in pending if self._items[p] is None])
                if places := self._call_of(self._open(pending)):
                    await self._set(places)
                    written = True
            except FailureError as error:
                if not written:
                    raise
                self._keep_back(self._open(pending), error)
            pending = self._open(pending)
        return self._result

    def _open(self, places: Sequence[int]) -> list[int]:
        """Return the records that have no result yet."""
        ended = {**self._result.failures, **self._result.stopped}
        return [p for p in places if p not in ended and self._result.target_ids[p] is None]

    def _call_of(self, places: Sequence[int]) -> list[int]:
        """Return records for one call; a later version of a quantity waits for the next."""
        taken: dict[tuple[str | None, object], int] = {}
        for place in places:
            taken.setdefault((self._items[place], self._location(place)), place)
        return list(taken.values())[:LARGEST_PAGE]

    def _check(self) -> None:
        """Fail records that are no quantity of a variant at a location."""
        for place, record in enumerate(self._records):
            quantity, field, words = record.get("quantity"), "", ""
            if unknown := sorted(record.keys() - _FIELDS):
                field, words = unknown[0], f"is unknown: stock has {', '.join(sorted(_FIELDS))}"
            elif not record.get("sku"):
                field, words = "sku", "is required: it names the variant"
            elif not (isinstance(self._location(place), str) and self._location(place)):
                field, words = "locationId", "is required, or `location` in the target block"
            elif isinstance(quantity, bool) or not isinstance(quantity, int | Decimal):
                field, words = "quantity", "must be a number"
            elif quantity != int(quantity):
                field, words = "quantity", f"must be a whole number, not {quantity}"
            if field:
                failure = Failure(
                    Category.PERMANENT, "invalid_stock", f"`{field}` {words}", field=field
                )
                self._result.failures[place] = failure

    def _location(self, place: int) -> object:
        return self._records[place].get("locationId") or self._settings.location

    async def _find(self, places: Sequence[int]) -> None:
        """Find the inventory items of records whose item is not known."""
        if not places:
            return
        skus = {place: str(self._records[place]["sku"]) for place in places}
        found = await find_items(self._api, list(skus.values()))
        for place, sku in skus.items():
            item = found[sku]
            self._looked_up.add(place)
            if isinstance(item, Failure):
                self._result.failures[place] = item
            else:
                self._items[place] = item

    async def _set(self, places: Sequence[int]) -> None:
        """Set quantities; what the shop finds wrong with them is the failure of their records."""
        quantities = [self._quantity(place) for place in places]
        content = {"name": "available", "reason": self._settings.reason, "quantities": quantities}
        variables = {"input": content, "key": self._key(places)}
        try:
            refusals = await self._sent(documents.SET_STOCK, variables)
        except RefusedError as error:
            if _is_of_call(error):
                raise error_of(error.failure) from error
            await self._refused(places, error)
            return
        if refusals:
            await self._judge(places, refusals)
        else:
            for place in places:
                self._result.target_ids[place] = self._items[place]

    async def _judge(self, places: Sequence[int], refusals: Sequence[Refusal]) -> None:
        """Decide what becomes of the records that a shop names; the others are sent again."""
        named: dict[int, Refusal] = {}
        for refused in refusals:
            at = _index(refused, places)
            if at is not None:
                named[at] = refused
        for place, refused in named.items():
            await self._judge_record(place, refused)
        if not named:
            await self._judge_call(places, refusals[0])

    async def _sent(self, document: str, variables: JsonObject) -> list[Refusal]:
        return await change(self._api, document, variables, self._batch.correlation_id)

    def _quantity(self, place: int) -> JsonObject:
        quantity = self._records[place]["quantity"]
        return {
            "inventoryItemId": self._items[place],
            "locationId": self._location(place),
            "quantity": int(quantity),
            "changeFromQuantity": None,  # required; null: whatever the quantity was before
        }

    def _key(self, places: Sequence[int]) -> str:
        """Return the key of a call: the same for the same writes, another for any other call."""
        writes = [self._batch.keys[p] if self._batch.keys else "" for p in places]
        content = encode((self._salt, writes, [self._quantity(place) for place in places]))
        return blake2b(content, digest_size=16).hexdigest()

    async def _refused(self, places: Sequence[int], error: RefusedError) -> None:
        """Find the record that a whole call was refused for."""
        if len(places) == 1:
            self._fail(places, error.failure)
        else:
            await self._halved(places)

    async def _halved(self, places: Sequence[int]) -> None:
        middle = len(places) // 2
        await self._set(places[:middle])
        await self._set(places[middle:])

    async def _judge_record(self, place: int, refused: Refusal) -> None:
        if refused.code == _NO_ITEM and place not in self._looked_up:
            self._items[place] = None  # its product was deleted, and may be there anew
        elif refused.code == _NO_ITEM:
            message = f"the shop does not know the inventory item any more: {refused.words}"
            self._fail([place], Failure(Category.PERMANENT, PARENT_MISSING, message))
        elif any(sign in refused.words for sign in _NOT_KEPT):
            await self._activate(place)
        else:
            self._fail([place], _refused_record(refused))

    async def _judge_call(self, places: Sequence[int], refused: Refusal) -> None:
        """Decide what becomes of a call of which the shop names no record."""
        if refused.code == _BUSY:
            message = f"another call sets the same stock: {refused.words}"
            self._fail(places, Failure(Category.TRANSIENT, "conflict", message))
        elif refused.code == _FAILED_BEFORE and not self._salt:
            self._salt += 1  # nothing was set under the old key: sent again under another
        elif len(places) > 1:
            await self._halved(places)
        else:
            self._fail(places, _refused_record(refused))

    async def _activate(self, place: int) -> None:
        """Let an item be kept at a location, with its quantity."""
        quantity = self._quantity(place)
        variables = {
            "item": quantity["inventoryItemId"],
            "location": quantity["locationId"],
            "available": quantity["quantity"],
            "key": f"{self._key([place])}-activate",
        }
        try:
            refusals = await self._sent(documents.ACTIVATE_STOCK, variables)
        except RefusedError as error:
            if _is_of_call(error):
                raise error_of(error.failure) from error
            self._fail([place], error.failure)
            return
        if refusals:
            self._fail([place], _refused_record(refusals[0]))
        else:
            self._result.target_ids[place] = self._items[place]

    def _fail(self, places: Sequence[int], failure: Failure) -> None:
        self._result.failures |= dict.fromkeys(places, self._api.cleaned(failure))

    def _keep_back(self, places: Sequence[int], error: FailureError) -> None:
        """Leave records unwritten because of what stopped the call."""
        if isinstance(error, ConnectorError) and error.failure.category is Category.PERMANENT:
            self._result.stopped |= dict.fromkeys(places, error.failure)
        else:
            self._fail(places, error.failure)


def _is_of_call(error: RefusedError) -> bool:
    """Tell a refusal that would meet every record, or that may pass."""
    is_permanent = error.failure.category is Category.PERMANENT
    return not is_permanent or error.of_all or error.status in _OF_CALL


def _index(refused: Refusal, places: Sequence[int]) -> int | None:
    """Return the record that a refusal is of: `input.quantities.3.…`."""
    number = next((part for part in refused.field if part.isdigit()), None)
    return places[int(number)] if number is not None and int(number) < len(places) else None


def _refused_record(refused: Refusal) -> Failure:
    message = f"the shop refused the stock: {refused.words[:500]}"
    field = refused.field[-1] if refused.field else None
    return Failure(Category.PERMANENT, "record_refused", message, field=field)
