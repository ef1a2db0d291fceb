"""A Shopify shop on loopback, on the real Admin schema: it throttles by cost, and forgets.

Costs are modelled on the documented rules (objects, lists by the size that is asked for, 10 a
mutation); Shopify's own figures differ.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import msgspec
from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_named_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
)

from syncline.connectors.shopify import ShopifyConnector, documents
from syncline.connectors.shopify.settings import VERSION
from syncline.testing.http_api import HttpApi, ReceivedRequest, Reply
from tests.support.shopify_customers import ShopCustomers
from tests.support.shopify_data import Info, ShopData, page_of
from tests.support.shopify_schema import schema_of

TOKEN = "shpat_0123456789abcdef"
ALL_SCOPES = (
    "write_products", "write_inventory", "write_customers", "read_orders", "read_all_orders"
)  # fmt: skip
_PATH = re.compile(r"/admin/api/(\d{4}-\d\d)/graphql\.json")
_NEEDS = {
    "customers": "read_customers",
    "customerByIdentifier": "read_customers",
    "customerSet": "write_customers",
    "customerDelete": "write_customers",
    "orders": "read_orders",
    "productSet": "write_products",
    "inventorySetQuantities": "write_inventory",
}
_EMPTY: dict[str, object] = {"Int": 0, "Float": 0.0, "Boolean": False}


@cache
def shop_schema(more: tuple[str, ...] = ()) -> GraphQLSchema:
    """Return the part of Shopify's schema that the connector, and documents of a test, touch."""
    return schema_of((*documents.EVERY.values(), *more))


class ShopifyShop(HttpApi):
    """The shop.

    Attributes:
        data: its records.
        scopes: of the app; `personal` tells whether it may see names and addresses.
        version: that answers come from.
        restored, available, most: points a second, those left, and those that the bucket holds.
        dearest: points that one query may cost.
        waits: seconds that the next calls have to wait, each; 0 for none.
        lost: operations whose next answer gets lost, after they were carried out.
    """

    def __init__(self, *more: str) -> None:
        super().__init__()
        self.data = ShopData()
        self.scopes: tuple[str, ...] = ALL_SCOPES
        self.personal = True
        self.version = VERSION
        self.good_tokens = {TOKEN}
        self.app = ("", "")
        self.restored, self.most = 1000.0, 20_000.0
        self.available = self.most
        self.dearest = 1000.0
        self.throttled = 0
        self.waits: list[float] = []
        self.lost: list[str] = []
        self.calls: list[str] = []
        self._filled_at = time.monotonic()
        self._schema = shop_schema(more)  # here: without it the test is skipped
        self._parsed: dict[str, tuple[DocumentNode, list[GraphQLError]]] = {}
        data, customers = self.data, ShopCustomers(self.data)
        self._roots = {
            "products": lambda info, **args: data.read("Product", info, **args),
            "productVariants": lambda info, **args: data.read("ProductVariant", info, **args),
            "customers": lambda info, **args: data.read("Customer", info, **args),
            "orders": lambda info, **args: data.read("Order", info, **args),
            "node": data.node,
            "nodes": data.nodes,
            "productByIdentifier": data.by_identifier,
            "shop": {"name": "Stand-in"},
            "currentAppInstallation": self._installation,
            "productSet": data.set_product,
            "productDelete": data.delete_product,
            "customerByIdentifier": customers.by_identifier,
            "customerSet": customers.put,
            "customerDelete": customers.delete,
            "inventorySetQuantities": data.set_quantities,
            "inventoryActivate": data.activate,
        }

    def config(self, **changes: Any) -> dict[str, Any]:
        return {"shop": self.url, **changes}

    def connector(
        self, where: Any, kind: type[ShopifyConnector] = ShopifyConnector, **changes: Any
    ) -> ShopifyConnector:
        config = self.config(**changes)
        assert kind.config_problems(config, {"accessToken": TOKEN}) == []
        return kind(config, {"accessToken": TOKEN}, where)

    async def _exchange(self, asked: ReceivedRequest, writer: asyncio.StreamWriter) -> bool:
        if self.lost and self.lost[0].encode() in asked.body:
            self.lost.pop(0)
            self._reply(asked)
            return False
        return await super()._exchange(asked, writer)

    def _reply(self, asked: ReceivedRequest) -> Reply:
        if asked.path == "/admin/oauth/access_token":
            return self._sign_in(asked)
        found = _PATH.fullmatch(asked.path)
        if found is None or asked.method != "POST":
            return Reply(404, {"errors": "Not Found"})
        if asked.headers.get("x-shopify-access-token") not in self.good_tokens:
            words = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return Reply(401, {"errors": words})
        body = msgspec.json.decode(asked.body)
        answer = self._answer(body["query"], body.get("variables") or {})
        return Reply(body=answer, headers={"X-Shopify-API-Version": self.version})

    def _sign_in(self, asked: ReceivedRequest) -> Reply:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        given = (form.get("client_id"), form.get("client_secret"))
        if form.get("grant_type") != "client_credentials" or given != self.app:
            return Reply(400, {"error": "invalid_client"})
        self._logins += 1
        token = f"shpat_made_{self._logins}"
        self.good_tokens.add(token)
        return Reply(body={"access_token": token, "scope": "", "expires_in": 86399})

    def _answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        document, errors = self._document(query)
        if errors:
            return {"errors": [_error("undefinedField", error.message) for error in errors]}
        operation = document.definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        self.calls.append(operation.name.value if operation.name else "")
        cost = _cost(operation, variables)
        if cost > self.dearest:
            words = f"Query cost is {cost:.0f}, which exceeds the single query max cost limit"
            return {"errors": [_error("MAX_COST_EXCEEDED", words)]}
        self._fill()
        wait = self.waits.pop(0) if self.waits else 0
        if cost > self.available or wait:
            shown = self._cost_shown(cost, None)
            if wait:
                status = {"currentlyAvailable": cost - wait, "restoreRate": 1.0}
                shown["cost"]["throttleStatus"] |= status
            self.throttled += 1
            return {"errors": [_error("THROTTLED", "Throttled")], "extensions": shown}
        done = execute_sync(
            self._schema, document, self._roots,
            variable_values=variables, field_resolver=self._resolve,
        )  # fmt: skip
        answer: dict[str, Any] = dict(done.formatted)
        if done.data is None and "data" in answer and done.errors and not done.errors[0].path:
            del answer["data"]
            answer["errors"] = [_error("INVALID_VARIABLE", e.message) for e in done.errors]
        is_mutation = operation.operation is OperationType.MUTATION
        actual = cost if is_mutation else min(cost, _size(done.data))
        self.available -= actual
        return answer | {"extensions": self._cost_shown(cost, actual)}

    def _document(self, query: str) -> tuple[DocumentNode, list[GraphQLError]]:
        if query not in self._parsed:
            try:
                document = parse(query)
                self._parsed[query] = document, validate(self._schema, document)
            except GraphQLError as error:
                self._parsed[query] = DocumentNode(), [error]
        return self._parsed[query]

    def _fill(self) -> None:
        now = time.monotonic()
        gained = (now - self._filled_at) * self.restored
        self.available = min(self.available + gained, self.most)
        self._filled_at = now

    def _cost_shown(self, cost: float, actual: float | None) -> dict[str, Any]:
        status = {
            "maximumAvailable": self.most,
            "currentlyAvailable": self.available,
            "restoreRate": self.restored,
        }
        shown = {"requestedQueryCost": cost, "actualQueryCost": actual, "throttleStatus": status}
        return {"cost": shown}

    def _installation(self, info: Info) -> dict[str, Any]:
        return {"accessScopes": [{"handle": scope} for scope in self.scopes]}

    def _resolve(self, source: Any, info: Info, **args: Any) -> Any:
        """Return a field; what a record does not say is as empty as the schema allows."""
        name, kind = info.field_name, get_named_type(info.return_type)
        scope = _NEEDS.get(name)
        if scope and not {scope, scope.replace("read", "write")} & {*self.scopes}:
            words = f"Access denied for {name} field. Required access: `{scope}` access scope."
            raise GraphQLError(words, extensions={"code": "ACCESS_DENIED"})
        if not self.personal and name in ("firstName", "defaultEmailAddress"):
            words = f"This app is not approved to access the {name} field of customers."
            raise GraphQLError(words, extensions={"code": "ACCESS_DENIED"})
        if name == "variantsCount":
            return {"count": len(source["variants"])}
        value = source.get(name) if isinstance(source, Mapping) else None
        if callable(value):
            return value(info, **args)
        if kind.name.endswith("Connection") and not isinstance(value, Mapping):
            return page_of(value or [], args)
        if value is None and is_non_null_type(info.return_type):
            return _emptiness(info.return_type.of_type, kind)
        return value


def _emptiness(kind: Any, named: Any) -> Any:
    if is_list_type(kind):
        return []
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    if isinstance(named, GraphQLScalarType):
        return _EMPTY.get(named.name, "")
    return {}


def _error(code: str, message: str) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code}}


def _cost(node: Any, variables: Mapping[str, Any]) -> float:
    """Return what an operation may cost at most."""
    if isinstance(node, OperationDefinitionNode):
        inner = sum(_cost(each, variables) for each in node.selection_set.selections)
        return math.ceil(10 if node.operation.value == "mutation" else inner)
    if not node.selection_set:
        return 0.0
    inner = sum(_cost(each, variables) for each in node.selection_set.selections)
    given = {a.name.value: a.value for a in getattr(node, "arguments", None) or ()}
    first = given.get("first")
    if first is None:
        return inner + 1
    size = variables.get(first.name.value, 0) if hasattr(first, "name") else int(first.value)
    return 2 + size * inner / 4


def _size(data: Any) -> float:
    """Return what an answer's objects cost."""
    if isinstance(data, dict):
        return 0.25 + sum(map(_size, data.values()))
    return sum(map(_size, data)) if isinstance(data, list) else 0.0
