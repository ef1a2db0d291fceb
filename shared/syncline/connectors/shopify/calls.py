"""Single calls to a shop, and what their answers say."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.http.client.api import JSON, Api, RefusedError, error_of
from syncline.connectors.http.settings.graphql import GraphqlBody
from syncline.connectors.shopify.entities import ENDPOINT
from syncline.contracts.messages import encode
from syncline.domain.record import JsonObject, Value


class Refusal(msgspec.Struct, frozen=True):
    """One of a mutation's `userErrors`; `field` is the path of what it is about."""

    code: str
    message: str
    field: tuple[str, ...]

    @property
    def words(self) -> str:
        return ": ".join(filter(None, [self.code, ".".join(self.field), self.message]))


async def ask(api: Api, document: str, variables: Mapping[str, object]) -> JsonObject:
    """Send a query and return its data. Raises RetriableError, ConnectorError."""
    url, body = api.url(ENDPOINT, (), {}), GraphqlBody(document, dict(variables))
    answer = await api.ask(url, body, graphql=True)
    try:
        return _data(api.decoded(answer), answer.where)
    except RefusedError as error:
        raise error_of(msgspec.structs.replace(error.failure, ambiguous=False)) from error


async def change(
    api: Api, document: str, variables: Mapping[str, object], correlation_id: str
) -> list[Refusal]:
    """Send a mutation once and return its `userErrors`, none where it did what it was sent for.

    Raises:
        RefusedError: the shop answered, and did nothing or not all of it.
        RetriableError, ConnectorError: no answer, or the login was refused.
    """
    body = encode(GraphqlBody(document, dict(variables)))
    headers = {**JSON, "X-Correlation-ID": correlation_id}
    url = api.url(ENDPOINT, (), {})
    answer = await api.send("POST", url, headers, body, graphql=True)
    found = list[Refusal]()
    for result in _data(api.decoded(answer), answer.where).values():
        errors = result.get("userErrors") if isinstance(result, dict) else None
        found += [_refusal(each) for each in errors or [] if isinstance(each, dict)]
    return found


def _data(document: Value, where: str) -> JsonObject:
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        raise refusal("unexpected_answer", f"{where} answered without data", ambiguous=True)
    return data


def _refusal(error: JsonObject) -> Refusal:
    field = error.get("field")
    path = tuple(map(str, field)) if isinstance(field, list) else ()
    return Refusal(str(error.get("code") or ""), str(error.get("message") or ""), path)
