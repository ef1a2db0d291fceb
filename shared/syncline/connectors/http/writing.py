"""Writing records: found by key, created or updated, in bulks that are halved where refused."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from syncline.connectors.http.answers import key_text
from syncline.connectors.http.calling import Api, RefusedError, address, filled, raised
from syncline.connectors.http.finding import Found, find
from syncline.connectors.http.results import Sent, body_of, cleaned, prepared, read_results
from syncline.connectors.http.target import Lookup, Operation, Target
from syncline.connectors.port import ConnectorError, WriteBatch, WriteResult
from syncline.contracts.messages import decoder_of
from syncline.domain.errors import Category, Failure, FailureError
from syncline.domain.mapping.paths import parse_path, reader

_decode = decoder_of(dict[str, Any]).decode
PATIENCE = 3
"""Calls in a row without an answer after which no more are sent; one may be a record's fault."""
_BUSY = frozenset({429, 503})
_WHOLE = frozenset({405, 410, 415})
"""Refusals that tell of the endpoint, whatever records are sent."""
_GONE = frozenset({"missing_in_answer", "not_found"})
"""Codes of failures by which an update tells that the target has no such record."""


class Writing:
    """One write call."""

    def __init__(self, api: Api, target: Target, batch: WriteBatch) -> None:
        self._api = api
        self._target = target
        self._batch = batch
        self._ids = list(batch.target_ids)
        self._result = WriteResult([None] * len(batch.payloads))
        self._unanswered = 0
        self._stop: FailureError | None = None

    async def write(self) -> WriteResult:
        """Write all records.

        Raises:
            RetriableError, ConnectorError: nothing was written, for a reason that is no record's.
        """
        everything = range(len(self._batch.payloads))
        if self._target.lookup is not None and self._target.update is not None:
            await self._find(self._target.lookup, everything)
        known = [p for p in everything if self._ids[p] is not None]
        update = self._target.update
        operations = [(self._target.create, list(everything))]
        if update is not None:
            unknown = [p for p in everything if self._ids[p] is None]
            operations = [(update, known), (self._target.create, unknown)]
        for operation, wanted in operations:
            await self._each(operation, wanted)
        if self._target.recreate:
            await self._recreate(known)
        if self._stop is not None and self._is_of_all(self._stop.failure):
            raise self._stop
        self._result.failures = cleaned(self._result.failures, self._api.clean)
        return self._result

    async def _each(self, operation: Operation, wanted: Sequence[int]) -> None:
        """Write records that have not failed yet, in bulks."""
        places = [p for p in wanted if p not in self._result.failures]
        for start in range(0, len(places), operation.bulk_size):
            await self._bulk(operation, places[start : start + operation.bulk_size])

    async def _recreate(self, known: Sequence[int]) -> None:
        """Create what the target has no more; first look whether it has it under another ID."""
        failures, lookup, update = self._result.failures, self._target.lookup, self._target.update
        gone = [p for p in known if p in failures and failures[p].code in _GONE]
        for place in gone:
            del failures[place]
            self._ids[place] = self._result.target_ids[place] = None
        try:
            if lookup is not None:
                await self._find(lookup, gone)
        except FailureError as error:
            self._fail(gone, error.failure)
        if update is not None:
            await self._each(update, [p for p in gone if self._ids[p] is not None])
        await self._each(self._target.create, [p for p in gone if self._ids[p] is None])

    async def _find(self, lookup: Lookup, wanted: Sequence[int]) -> None:
        """Ask for the IDs of those records whose ID is not known."""
        places = [place for place in wanted if self._ids[place] is None]
        if not places:
            return
        keys = keys_of(self._batch, places)
        found = await find(self._api, lookup, keys)
        for place, key in zip(places, keys, strict=True):
            hit: Found | None = found.get(key)
            if hit is None:
                continue
            if hit.failure is not None:
                self._result.failures[place] = hit.failure
            else:
                self._ids[place] = hit.id

    async def _bulk(self, operation: Operation, places: list[int]) -> None:
        """Write one bulk; refused as a whole, it is halved until the bad record stands alone."""
        if failure := self._unsendable(operation, places):
            self._result.failures[places[0]] = failure
            return
        if self._stop is not None:
            unsent = msgspec.structs.replace(self._stop.failure, ambiguous=False)
            self._fail(places, unsent)
            return
        try:
            await self._call(operation, places)
            self._unanswered = 0
        except RefusedError as error:
            if len(places) > 1 and _is_of_a_record(error, operation, self._target):
                middle = len(places) // 2
                await self._bulk(operation, places[:middle])
                await self._bulk(operation, places[middle:])
            else:
                self._fail(places, error.failure)
                if error.status in _BUSY or _is_of_the_endpoint(error, operation, self._target):
                    self._stop = raised(error.failure)
        except FailureError as error:
            self._fail(places, error.failure)
            self._unanswered += 1
            if (
                not error.failure.ambiguous
                or self._unanswered == PATIENCE
                or self._is_of_all(error.failure)
            ):
                self._stop = error

    async def _call(self, operation: Operation, places: list[int]) -> None:
        batch = self._batch
        sent = Sent(
            [batch.payloads[p] for p in places],
            [self._ids[p] for p in places],
            [batch.keys[p] for p in places],
        )
        records = prepared(operation, sent)
        endpoint = filled(operation.endpoint, self._values(operation, places[0]))
        url = address(self._api.settings.base_url, endpoint, list(operation.query))
        headers = {
            "Content-Type": "application/json",
            "X-Correlation-ID": batch.correlation_id,
            **operation.headers,
        }
        if self._api.settings.idempotency_header:
            headers[self._api.settings.idempotency_header] = key_of(sent.keys)
        answer = await self._api.send(operation.method, url, headers, body_of(operation, records))
        needed = operation.results.is_read or self._api.settings.errors.in_success
        is_page = answer.body.lstrip()[:1] == b"<" or "html" in answer.headers.get(
            "content-type", ""
        )
        document = self._api.decoded(answer) if needed or is_page else None
        result = read_results(operation, document, records, self._api.settings.errors)
        for place, target_id in zip(places, result.target_ids, strict=True):
            self._result.target_ids[place] = target_id or self._ids[place]
        for index, failure in result.failures.items():
            self._result.failures[places[index]] = failure

    def _values(self, operation: Operation, place: int) -> dict[str, str]:
        values = {}
        if "{id}" in operation.endpoint:
            values["id"] = self._ids[place] or ""
        if "{key}" in operation.endpoint:
            values["key"] = keys_of(self._batch, [place])[0]
        return values

    def _unsendable(self, operation: Operation, places: Sequence[int]) -> Failure | None:
        """Say why a record's ID or key cannot stand in a path."""
        for name, value in self._values(operation, places[0]).items():
            if value in ("", ".", ".."):
                message = f"{value!r} cannot stand for {{{name}}} in {operation.endpoint}"
                return Failure(Category.PERMANENT, "invalid_id", message)
        return None

    def _is_of_all(self, failure: Failure) -> bool:
        places = range(len(self._batch.payloads))
        return all(self._result.failures.get(place) == failure for place in places)

    def _fail(self, places: Sequence[int], failure: Failure) -> None:
        self._result.failures |= dict.fromkeys(places, failure)


def _is_of_a_record(error: RefusedError, operation: Operation, target: Target) -> bool:
    """Tell whether a refusal may be one record's fault."""
    transient = error.failure.category is Category.TRANSIENT
    return not transient and not _is_of_the_endpoint(error, operation, target)


def _is_of_the_endpoint(error: RefusedError, operation: Operation, target: Target) -> bool:
    """Tell whether a refusal would meet every record."""
    unknown = error.status == 404 and operation is not target.update
    return error.status in _WHOLE or unknown or 300 <= error.status < 400


def key_of(keys: Sequence[str]) -> str:
    """Return the idempotency key of a call: its record's, or one of all its records'."""
    if len(keys) == 1:
        return keys[0]
    return blake2b("".join(keys).encode(), digest_size=16).hexdigest()


def keys_of(batch: WriteBatch, places: Sequence[int]) -> list[str]:
    """Return the match keys of some records as text, "" where there is none."""
    if not batch.match_key:
        message = "the mapping has no `transformation.matchKey`, which lookup and {key} stand on"
        raise ConnectorError(Failure(Category.PERMANENT, "no_match_key", message))
    read = reader(parse_path(batch.match_key[0]))
    return [key_text(read(_decode(batch.payloads[place]))) for place in places]


async def delete(api: Api, operation: Operation, target_ids: Sequence[str]) -> WriteResult:
    """Delete records one by one; one that is not there counts as deleted."""
    result = WriteResult(list(target_ids))
    for place, target_id in enumerate(target_ids):
        endpoint = filled(operation.endpoint, {"id": target_id})
        url = address(api.settings.base_url, endpoint, list(operation.query))
        try:
            await api.send(operation.method, url, operation.headers, None)
        except RefusedError as error:
            if error.status not in (404, 410):
                result.failures[place] = error.failure
        except FailureError as error:
            if place == 0:
                raise
            result.failures[place] = error.failure
    return result
