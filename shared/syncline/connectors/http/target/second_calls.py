"""Writes in two calls: the second takes the ID of the first one and sends one field of the record.

What failed behind a first call is ambiguous: the record is there, so it is looked for before
anything is sent again. One that is found without what the second call makes gets that.
"""

from __future__ import annotations

import msgspec

from syncline.connectors.http.client.api import Api, RefusedError
from syncline.connectors.http.settings.target import HttpTarget, SecondCall, WriteCall
from syncline.connectors.http.target import results
from syncline.connectors.http.target.requests import WriteRequests
from syncline.connectors.port import WriteBatch
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.errors import Failure, FailureError
from syncline.domain.record import Record

_decode = decoder_of(Record).decode
_NOTHING: tuple[object, ...] = (None, "", [], {}, 0)


def is_half(target: HttpTarget, payload: bytes, record: object) -> bool:
    """Tell whether a found record lacks what its second call makes."""
    then = target.then
    if then is None or then.present(record) not in _NOTHING:
        return False
    return _decode(payload).get(then.field) not in _NOTHING


class SecondCalls:
    """The second calls of one write.

    Attributes:
        lost: how many in a row had no answer.
    """

    def __init__(
        self, api: Api, target: HttpTarget, batch: WriteBatch, requests: WriteRequests
    ) -> None:
        self.lost = 0
        self._api = api
        self._target = target
        self._batch = batch
        self._requests = requests
        self._halves: set[int] = set()

    def look_at(self, place: int, record: object) -> None:
        """Take in what the target shows of a record that it has."""
        if is_half(self._target, self._batch.payloads[place], record):
            self._halves.add(place)

    def of(self, operation: WriteCall, place: int) -> SecondCall | None:
        """Return the call that follows the one by which a record was written, None if none does."""
        then, update = self._target.then, self._target.update
        if then is None or operation is self._target or place in self._halves:
            return then
        is_kept = then.field in self._batch.on_create
        return None if is_kept or update is None else update.then

    async def make(self, then: SecondCall, place: int, target_id: str) -> FailureError | None:
        """Make the second call of a record that has something for it; return why it failed."""
        value = _decode(self._batch.payloads[place]).get(then.field)
        if value is None or (then is self._target.then and value in _NOTHING):
            return None
        keys = [f"{self._batch.keys[place]}-2"] if self._batch.keys else []
        values = self._requests.values(then, place, target_id)
        record = _second_record(then, value, target_id)
        records = self._requests.enveloped(then, [record], keys, [place])
        try:
            answer = await self._requests.send(then, records, keys, values)
            document = self._requests.document(then, answer)
        except FailureError as error:
            self.lost = 0 if isinstance(error, RefusedError) else self.lost + 1
            return error
        self.lost = 0
        told = results.read_results(then, document, records, self._api.settings.errors)
        return RefusedError(told.failures[0], answer.status) if told.failures else None


def _second_record(then: SecondCall, value: object, target_id: str) -> bytes:
    """Return what the second call sends; `idField` puts the ID into it, or into each of a list."""
    if then.id_field:
        is_number = then.id_is_number and target_id.isdigit()
        named = {then.id_field: int(target_id) if is_number else target_id}
        if isinstance(value, list):
            value = [{**part, **named} if isinstance(part, dict) else part for part in value]
        elif isinstance(value, dict):
            value = {**value, **named}
    return encode(value)


def failure_behind(failure: Failure, then: SecondCall, target_id: str) -> Failure:
    """Say that the first call was made and the second was not, or not surely."""
    words = f"the record is at the target ({target_id}), its {then.field} may not be"
    message = f"{words}: {failure.message}"
    return msgspec.structs.replace(failure, message=message, ambiguous=True)
