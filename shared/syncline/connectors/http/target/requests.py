"""Requests of a write: their URLs, headers and bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.connectors.http.answers.answer import Answer, is_page
from syncline.connectors.http.client.api import JSON, Api
from syncline.connectors.http.settings.target import WriteCall
from syncline.connectors.http.target import results
from syncline.connectors.http.target.search import keys_of
from syncline.connectors.port import WriteBatch
from syncline.domain.record import Value


class WriteRequests:
    """Makes and sends the requests of one write."""

    def __init__(self, api: Api, batch: WriteBatch) -> None:
        self._api = api
        self._batch = batch

    def values(self, operation: WriteCall, place: int, target_id: str | None) -> dict[str, str]:
        """Return what {id} and {key} of a record stand for, where the call holds them."""
        values = {"id": target_id or ""} if operation.is_of_one("{id}") else {}
        if operation.is_of_one("{key}"):
            values["key"] = keys_of(self._batch, [place])[0]
        return values

    def enveloped(
        self,
        operation: WriteCall,
        records: list[bytes],
        keys: Sequence[str],
        places: Sequence[int],
    ) -> list[bytes]:
        """Return records, which are parallel to their keys and places, as the call wants them."""
        if not operation.envelope:
            return records
        return results.enveloped(operation.envelope, records, keys_of(self._batch, places), keys)

    async def send(
        self,
        operation: WriteCall,
        records: Sequence[bytes],
        keys: Sequence[str],
        values: Mapping[str, str],
    ) -> Answer:
        """Send records under their idempotency keys.

        Raises FailureError: there is no answer, or it is no success.
        """
        own = self._api.settings.idempotency_header
        url = self._api.url(operation.endpoint, operation.parameters, values)
        headers = {**JSON, "X-Correlation-ID": self._batch.correlation_id, **operation.headers}
        if own:
            headers[own] = results.key_of(keys)
        is_graphql = operation.query is not None
        if is_graphql:
            body = results.graphql_body_of(operation, records, results.key_of(keys), values)
        else:
            body = results.body_of(operation, records)
        return await self._api.send(operation.method, url, headers, body, graphql=is_graphql)

    def document(self, operation: WriteCall, answer: Answer) -> Value:
        """Return an answer's JSON, None where nothing of it counts. Raises FailureError."""
        needed = operation.answer.is_read or answer.graphql or self._api.settings.errors.in_success
        html = is_page(answer.body) or "html" in answer.headers.get("content-type", "")
        document = self._api.decoded(answer) if needed or html else None
        if answer.graphql and not operation.answer.tells:
            self._api.check_own_error(answer, document)
        return document
