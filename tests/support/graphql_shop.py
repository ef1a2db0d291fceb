"""A small GraphQL shop on loopback: a real schema, executed by graphql-core.

It misbehaves as the scripted API does (`trouble`), and `effects` counts what its mutations did.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from graphql import GraphQLError, build_schema, graphql_sync

from syncline.connectors.http import HttpConnector
from syncline.testing.http_api import HttpApi, ReceivedRequest, Reply
from tests.support.http_world import LOOPBACK

SDL = """
type Query {
  products(first: Int!, after: String, changedSince: String): Products!
  nodes(ids: [ID!]!): [Product]!
  bySku(skus: [String!]!): Products!
  me: String!
}
type Mutation {
  createProduct(input: ProductInput!): ProductPayload!
  updateProduct(id: ID!, input: ProductInput!): ProductPayload!
  setProducts(inputs: [ProductInput!]!): ProductsPayload!
  createVariants(productId: ID!, variants: [VariantInput!]!): ProductPayload!
  addProduct(input: ProductInput!): ProductResult!
  login(user: String!, password: String!): Login!
}
type Products { nodes: [Product!]!, pageInfo: PageInfo! }
type PageInfo { hasNextPage: Boolean!, endCursor: String }
type Product { id: ID!, sku: String, price: Float, changed: String, variants: [Variant!] }
type Variant { color: String }
input ProductInput { sku: String!, price: Float, variants: [VariantInput!] }
input VariantInput { color: String! }
type UserError { field: [String!], message: String!, code: String }
type ProductPayload { product: Product, userErrors: [UserError!]! }
type ProductsPayload { products: [Product!], userErrors: [UserError!]! }
type RefusedError { errorCode: String!, message: String! }
union ProductResult = Product | RefusedError
type User { name: String! }
union Login = User | RefusedError
"""
_SCHEMA = build_schema(SDL)


class GraphqlShop(HttpApi):
    """The shop. `affordable`: most products in a page; `broken`: what each answer carries."""

    def __init__(self) -> None:
        super().__init__()
        self.affordable = 1000
        self.broken: list[Mapping[str, Any]] = []
        self.users: dict[str, str] = {}
        self._signed_in = ""
        self._fields = {
            "products": self._products,
            "nodes": lambda _, ids: [self.items.get(id_) for id_ in ids],
            "bySku": self._by_sku,
            "me": lambda _: "the app",
            "createProduct": self._create,
            "addProduct": self._add,
            "updateProduct": self._update,
            "setProducts": self._set_all,
            "createVariants": self._create_variants,
            "login": self._login,
        }

    def _reply(self, asked: ReceivedRequest) -> Reply:
        if asked.path != "/graphql" or asked.method != "POST":
            return super()._reply(asked)
        body = msgspec.json.decode(asked.body)
        is_login = "login(" in body["query"]
        if self.tokens is not None and not is_login:
            given = asked.headers.get("authorization", "").removeprefix("Bearer ")
            if given not in self.tokens:
                return Reply(body=failing("FORBIDDEN", "you are not signed in", data=None))
        self._signed_in = ""
        done = graphql_sync(_SCHEMA, body["query"], self._fields, variable_values=body["variables"])
        answer: dict[str, Any] = dict(done.formatted)
        if self.broken:
            answer |= self.broken.pop(0)
        return Reply(
            body=answer, headers={"Shop-Token": self._signed_in} if self._signed_in else {}
        )

    def _products(self, _: object, first: int, **given: Any) -> dict[str, Any]:
        if first > self.affordable:
            raise GraphQLError("too costly", extensions={"code": "MAX_COST_EXCEEDED"})
        since, start = given.get("changedSince") or "", int(given.get("after") or 0)
        found = sorted(self.items.values(), key=lambda p: (p.get("changed", ""), int(p["id"])))
        found = [p for p in found if p.get("changed", "") >= since]
        if start > len(found):
            raise GraphQLError("the cursor is not valid any more")
        page = found[start : start + first]
        more = start + first < len(found)
        end = str(start + len(page)) if page else None
        return {"nodes": page, "pageInfo": {"hasNextPage": more, "endCursor": end}}

    def _by_sku(self, _: object, skus: list[str]) -> dict[str, Any]:
        found = [p for p in self.items.values() if p.get("sku") in skus]
        return {"nodes": found, "pageInfo": {"hasNextPage": False, "endCursor": None}}

    def _create(self, _: object, **given: Any) -> dict[str, Any]:
        record = given["input"]
        return self._payload(record) or {"product": self._kept(record), "userErrors": []}

    def _add(self, _: object, **given: Any) -> dict[str, Any]:
        if self._payload(given["input"]):
            return {"__typename": "RefusedError", "errorCode": "PRICE", "message": "too low"}
        return {"__typename": "Product", **self._kept(given["input"])}

    def _update(self, _: object, **given: Any) -> dict[str, Any]:
        id_ = given["id"]
        self.effects[f"update {id_}"] += 1
        self.items[id_] |= given["input"]
        return {"product": self.items[id_], "userErrors": []}

    def _set_all(self, _: object, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        refused = next(filter(None, map(self._payload, inputs)), None)
        return refused or {"products": [self._kept(i) for i in inputs], "userErrors": []}

    def _create_variants(self, _: object, **given: Any) -> dict[str, Any]:
        id_, variants = given["productId"], given["variants"]
        if any(variant["color"] == "none" for variant in variants):
            field = ["variants", "0", "color"]
            return {"userErrors": [{"field": field, "message": "is no color"}]}
        self.effects[f"variants {id_}"] += 1
        self.items[id_].setdefault("variants", []).extend(variants)
        return {"product": self.items[id_], "userErrors": []}

    def _login(self, _: object, user: str, password: str) -> dict[str, Any]:
        if self.users.get(user) != password:
            return {"__typename": "RefusedError", "errorCode": "LOGIN", "message": "who is it?"}
        self._logins += 1
        self._signed_in = f"token-{self._logins}"
        self.tokens = (self.tokens or set()) | {self._signed_in}
        return {"__typename": "User", "name": user}

    def _payload(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        if (given.get("price") or 0) >= 0:
            return None
        error = {"field": ["input", "price"], "message": "must not be negative", "code": "INVALID"}
        return {"product": None, "products": None, "userErrors": [error]}

    def _kept(self, given: Mapping[str, Any]) -> dict[str, Any]:
        id_ = self._new_id()
        self.items[id_] = {"variants": [], **given, "id": id_}
        self.effects[f"create {given['sku']}"] += 1
        return self.items[id_]


def failing(code: str, message: str, **more: Any) -> dict[str, Any]:
    """Return an answer with an error; `data` and `extensions` are told of as they are."""
    return {"errors": [{"message": message, "extensions": {"code": code}}]} | more


@asynccontextmanager
async def graphql_shop(
    secrets: dict[str, str] | None = None, **config: Any
) -> AsyncIterator[tuple[GraphqlShop, HttpConnector]]:
    shop = GraphqlShop()
    await shop.start()
    settings = {"baseUrl": shop.url} | config
    assert HttpConnector.config_problems(settings, secrets or {}) == []
    connector = HttpConnector(settings, secrets or {}, LOOPBACK)
    try:
        yield shop, connector
    finally:
        await connector.close()
        await shop.close()
