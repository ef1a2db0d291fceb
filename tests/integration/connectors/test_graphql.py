"""Reading from and writing to a GraphQL shop with a real schema, whose faults are scripted."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from syncline.connectors.http import HttpConnector
from syncline.connectors.http.client.login import LoginHeaders
from syncline.connectors.port import ConnectorError
from syncline.domain.errors import Category, RetriableError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.http_api import Trouble
from tests.support.graphql_shop import failing, graphql_shop
from tests.support.http_world import batch, items
from tests.support.scripted_api import ids_of, item, read

READ = """
query Products($first: Int!, $after: String, $since: String) {
  products(first: $first, after: $after, changedSince: $since) {
    nodes { id sku changed }  # all that is mapped
    pageInfo { hasNextPage endCursor }
  }
}
"""
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id sku changed } }"
FOUND = """query ($skus: [String!]!) { bySku(skus: $skus) {
  nodes { id sku price variants { color } } pageInfo { hasNextPage } } }"""
CREATE = """mutation ($input: ProductInput!) {
  createProduct(input: $input) { product { id } userErrors { field message code } } }"""
UPDATE = """mutation ($id: ID!, $input: ProductInput!) {
  updateProduct(id: $id, input: $input) { product { id } userErrors { field message } } }"""
SET = """mutation ($inputs: [ProductInput!]!) {
  setProducts(inputs: $inputs) { products { id } userErrors { field message } } }"""
ADD = """mutation ($input: ProductInput!) { addProduct(input: $input) {
  __typename ... on Product { id } ... on RefusedError { errorCode message } } }"""
LOOKUP: dict[str, Any] = {
    "endpoint": "/graphql", "query": FOUND, "variables": {"skus": "{keys}"},
    "records": "data.bySku.nodes", "key": "sku", "id": "id", "complete": True,
}  # fmt: skip
SINGLE: dict[str, Any] = {
    "endpoint": "/graphql", "query": CREATE, "variables": {"input": "{record}"},
    "answer": {"id": "data.createProduct.product.id"},
    "update": {
        "endpoint": "/graphql", "query": UPDATE, "variables": {"id": "{id}", "input": "{record}"},
    },
    "lookup": LOOKUP,
}  # fmt: skip
BULK: dict[str, Any] = {
    "endpoint": "/graphql", "query": SET, "variables": {"inputs": "{records}"}, "bulkSize": 100,
    "idempotent": True,
}  # fmt: skip


def reading(paging: dict[str, Any] | None = None, **options: Any) -> Extraction:
    made = Extraction(
        mode=ExtractionMode.API,
        endpoint="/graphql",
        id_column="id",
        cursor_column="changed",
        paging={"type": "cursor", "sizeParameter": "first", "size": 3} | (paging or {}),
        options={
            "query": READ,
            "variables": {"since": "{cursor}"},
            "records": "data.products.nodes",
            "ordered": True,
            "fetch": {
                "endpoint": "/graphql", "query": NODES, "variables": {"ids": "{ids}"},
                "records": "data.nodes",
            },
        }
        | options,
    )  # fmt: skip
    assert HttpConnector.extraction_problems(made) == []
    return made


def product(n: int, **more: Any) -> dict[str, Any]:
    return {"sku": f"A{n}", "changed": item(n)["ts"], **more, "id": str(n)}


async def test_pages_follow_the_end_cursor_of_their_page_info() -> None:
    async with graphql_shop() as (shop, connector):
        shop.add(*map(product, range(10)))
        pages = await read(connector, reading())

        assert ids_of(pages) == [str(n) for n in range(10)]
        assert len(shop.asked) == 4
        assert b'"since"' not in shop.asked[0].body  # there is no bookmark yet
        assert pages[-1].cursors[-1] == product(9)["changed"]


async def test_a_read_goes_on_from_its_bookmark_and_from_each_position() -> None:
    async with graphql_shop() as (shop, connector):
        shop.add(*map(product, range(10)))
        pages = await read(connector, reading(), after=product(4)["changed"])
        behind = await read(connector, reading(), position=pages[0].position)

        assert ids_of(pages) == ["4", "5", "6", "7", "8", "9"]
        assert ids_of(behind) == ["7", "8", "9"]


async def test_a_query_that_costs_too_much_is_asked_for_fewer_records() -> None:
    async with graphql_shop() as (shop, connector):
        shop.add(*map(product, range(7)))
        shop.affordable = 2
        assert ids_of(await read(connector, reading({"size": 50}))) == [str(n) for n in range(7)]

        shop.affordable = 0
        with pytest.raises(ConnectorError, match="too costly"):
            await read(connector, reading())


async def test_a_long_read_begins_anew_at_its_last_bookmark() -> None:
    """An API that gives no more than 25,000 records in one read is asked from a later time."""
    async with graphql_shop() as (shop, connector):
        shop.add(*(product(n, changed=item(n // 2)["ts"]) for n in range(20)))
        found = await read(connector, reading({"anchorAfter": 6}))

        assert ids_of(found) == [str(n) for n in range(20)]
        assert sum(b'"since"' in asked.body for asked in shop.asked) > 3


async def test_a_read_that_the_api_cuts_at_its_limit_fails() -> None:
    async with graphql_shop() as (shop, connector):
        shop.add(*(product(n, changed=item(1)["ts"]) for n in range(9)))
        with pytest.raises(ConnectorError, match="all that it gives in one read") as caught:
            await read(connector, reading({"anchorAfter": 6, "most": 9}))
        assert caught.value.failure.code == "paging_limit"


async def test_partial_data_with_errors_is_not_taken_as_read() -> None:
    async with graphql_shop() as (shop, connector):
        shop.add(*map(product, range(2)))
        shop.broken = [failing("ACCESS_DENIED", "no right to read_customers")]
        with pytest.raises(ConnectorError, match="no right to read_customers") as caught:
            await read(connector, reading())
        assert caught.value.failure.code == "permission_refused"


async def test_a_throttled_read_says_when_the_next_call_is_affordable() -> None:
    async with graphql_shop() as (shop, connector):
        status = {"maximumAvailable": 1000, "currentlyAvailable": 80, "restoreRate": 50}
        cost = {"requestedQueryCost": 180, "actualQueryCost": None, "throttleStatus": status}
        shop.trouble.append(_said(failing("THROTTLED", "Throttled", extensions={"cost": cost})))
        with pytest.raises(RetriableError) as caught:
            await read(connector, reading())
        assert caught.value.failure.retry_after == 2.0


async def test_an_error_without_data_names_the_mistake_of_the_query() -> None:
    async with graphql_shop() as (_, connector):
        wrong = reading(query=READ.replace("sku", "skew"))
        with pytest.raises(ConnectorError, match="Cannot query field 'skew'"):
            await read(connector, wrong)


async def test_a_page_token_that_is_not_taken_any_more_lets_the_read_begin_again() -> None:
    async with graphql_shop() as (shop, connector):
        shop.add(*map(product, range(6)))
        pages = await read(connector, reading())
        shop.items.clear()
        with pytest.raises(ConnectorError) as caught:
            await read(connector, reading(), position=pages[0].position)
        assert caught.value.failure.code == "position_expired"


async def test_records_are_fetched_by_id_and_unknown_ones_left_out() -> None:
    async with graphql_shop() as (shop, connector):
        shop.add(*map(product, range(5)))
        page = await connector.fetch(reading(), ["3", "77", "1"])

        assert sorted(page.ids) == ["1", "3"]
        assert page.bad == {}


async def test_new_records_are_created_and_found_ones_updated() -> None:
    async with graphql_shop() as (shop, connector):
        shop.add({"id": "77", "sku": "A0"})
        result = await connector.write(batch(items(2), SINGLE))

        assert result.failures == {}
        assert result.target_ids == ["77", "1"]
        assert shop.effects == {"update 77": 1, "create A1": 1}
        assert shop.items["77"]["price"] == 0


async def test_what_a_mutation_refuses_fails_its_record_alone() -> None:
    async with graphql_shop() as (shop, connector):
        records: list[dict[str, Any]] = [
            {"sku": "A0", "price": 1},
            {"sku": "A1", "price": -1},
            {"sku": "A2"},
        ]
        result = await connector.write(batch(records, SINGLE))
        bulk = await connector.write(batch(records, BULK))

        for found in (result, bulk):
            assert list(found.failures) == [1]
            assert "input.price: must not be negative" in found.failures[1].message
            assert found.failures[1].category is Category.PERMANENT
        assert shop.effects == {"create A0": 2, "create A2": 2}


async def test_an_error_in_place_of_a_result_fails_its_record() -> None:
    async with graphql_shop() as (_, connector):
        target = {"endpoint": "/graphql", "query": ADD, "variables": {"input": "{record}"}}
        result = await connector.write(batch([{"sku": "A0", "price": -1}, {"sku": "A1"}], target))

        assert list(result.failures) == [0]
        assert "PRICE: too low" in result.failures[0].message


async def test_a_mutation_with_data_and_errors_may_have_been_done() -> None:
    async with graphql_shop() as (shop, connector):
        shop.broken = [failing("ACCESS_DENIED", "no right to see the product")]
        options = {n: v for n, v in SINGLE.items() if n not in ("lookup", "update")}
        result = await connector.write(batch(items(1), options))

        assert result.failures[0].ambiguous
        assert result.failures[0].category is Category.UNKNOWN
        assert shop.effects == {"create A0": 1}


async def test_a_throttled_write_was_not_done_and_waits() -> None:
    async with graphql_shop() as (shop, connector):
        shop.trouble.append(_said(failing("THROTTLED", "Throttled")))
        with pytest.raises(RetriableError) as caught:
            await connector.write(batch(items(3), BULK))
        assert not caught.value.failure.ambiguous
        assert shop.effects == {}


async def test_a_mutation_that_the_api_does_not_know_stops_the_run() -> None:
    async with graphql_shop() as (shop, connector):
        wrong = failing("GRAPHQL_VALIDATION_FAILED", "no field setProducts on Mutation")
        shop.trouble.append(_said(wrong))
        with pytest.raises(ConnectorError, match="no field setProducts"):
            await connector.write(batch(items(3), BULK))


async def test_the_connection_test_sends_its_query() -> None:
    test = {"endpoint": "/graphql", "query": "{ me }"}
    async with graphql_shop(test=test) as (shop, connector):
        assert all(check.ok for check in await connector.test())
        assert shop.asked[0].method == "POST"
        shop.tokens = set()
        checks = await connector.test()
        assert [(c.part, c.ok) for c in checks][-1] == ("permission", False)


LOGIN = """mutation ($u: String!, $p: String!) { login(user: $u, password: $p) {
  __typename ... on RefusedError { errorCode message } } }"""
SESSION: dict[str, Any] = {
    "type": "session", "tokenUrl": "/graphql", "username": "app", "tokenHeader": "Shop-Token",
    "body": {"query": LOGIN, "variables": {"u": "{username}", "p": "{password}"}},
}  # fmt: skip


async def test_a_token_of_a_response_header_signs_calls_and_is_fetched_anew() -> None:
    async with graphql_shop({"password": 's"e{u}'}, auth=SESSION) as (shop, connector):
        shop.users, shop.tokens = {"app": 's"e{u}'}, set()
        shop.add(*map(product, range(4)))
        assert len(ids_of(await read(connector, reading()))) == 4
        shop.tokens = set()  # the session has ended: GraphQL says so with 200
        result = await connector.write(batch([{"sku": "new"}], SINGLE))

        assert result.failures == {}
        assert shop.effects == {"create new": 1}
        assert sum(b"login(" in asked.body for asked in shop.asked) == 2


async def test_many_calls_at_once_sign_in_once_and_once_more_when_the_session_ends() -> None:
    async with graphql_shop({"password": "right"}, auth=SESSION) as (shop, connector):
        shop.users, shop.tokens = {"app": "right"}, set()
        shop.add(*map(product, range(2)))
        for logins in (1, 2):
            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(read(connector, reading()))
            assert sum(b"login(" in asked.body for asked in shop.asked) == logins
            shop.tokens = set()


async def test_a_token_that_was_renewed_meanwhile_is_kept() -> None:
    async with graphql_shop({"password": "right"}, auth=SESSION) as (shop, connector):
        shop.users, shop.tokens = {"app": "right"}, set()
        login = LoginHeaders(connector._api.settings, {"password": "right"}, connector._client)
        old = await login.headers()
        assert login.renewed(old, 401)
        new = await login.headers()
        assert login.renewed(old, 401)  # of a call that began before, and is refused only now
        assert await login.headers() == new != old


async def test_a_session_that_is_refused_at_once_is_renewed_once_and_then_final() -> None:
    async with graphql_shop({"password": "right"}, auth=SESSION | {"sendIn": "X-Token"}) as (
        shop,
        connector,
    ):  # the shop looks for the token in another header
        shop.users, shop.tokens = {"app": "right"}, set()
        with pytest.raises(ConnectorError, match="not signed in"):
            await read(connector, reading())
        assert sum(b"login(" in asked.body for asked in shop.asked) == 2
        assert shop.asked[-1].headers["x-token"] == "token-2"


async def test_a_login_that_is_throttled_may_succeed_later() -> None:
    async with graphql_shop({"password": "right"}, auth=SESSION) as (shop, connector):
        shop.users, shop.tokens = {"app": "right"}, set()
        shop.trouble.append(_said(failing("THROTTLED", "Throttled")))
        with pytest.raises(RetriableError) as caught:
            await read(connector, reading())
        assert caught.value.failure.code == "login_unavailable"


async def test_a_login_without_the_header_says_which_one_is_missing() -> None:
    auth = SESSION | {"tokenHeader": "Other-Token"}
    async with graphql_shop({"password": "right"}, auth=auth) as (shop, connector):
        shop.users, shop.tokens = {"app": "right"}, set()
        with pytest.raises(ConnectorError, match="the login call gave no header Other-Token"):
            await read(connector, reading())


async def test_a_login_that_is_refused_with_200_names_the_login() -> None:
    async with graphql_shop({"password": "wrong"}, auth=SESSION) as (shop, connector):
        shop.users, shop.tokens = {"app": "right"}, set()
        with pytest.raises(ConnectorError, match="LOGIN: who is it") as caught:
            await read(connector, reading())
        assert caught.value.failure.code == "login_refused"
        assert "wrong" not in str(caught.value)


def _said(body: dict[str, Any]) -> Trouble:
    return Trouble(status=200, body=msgspec.json.encode(body))
