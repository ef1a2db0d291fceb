"""Writing to a real HTTP API that behaves and misbehaves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from syncline.connectors.http import HttpConnector
from syncline.connectors.port import ConnectorError, Surroundings
from syncline.domain.errors import Category, RetriableError
from syncline.testing.http_api import Trouble
from tests.support.http_world import BULK, LOOPBACK, SINGLE, UPSERT, api_and_connector, batch, items
from tests.support.ports import free_port

PAGE = b"<!doctype html><title>Sign in</title>"


async def test_unknown_records_are_created_and_known_ones_updated() -> None:
    async with api_and_connector() as (api, connector):
        created = await connector.write(batch(items(1), SINGLE))
        updated = await connector.write(batch(items(1, name="new"), SINGLE, created.target_ids))

        assert created.target_ids == updated.target_ids == ["1"]
        assert created.failures == updated.failures == {}
        assert api.items["1"] == {"sku": "A0", "price": 0, "name": "new", "id": "1"}
        assert [a.method for a in api.asked] == ["GET", "POST", "PATCH"]


async def test_a_record_that_is_there_already_is_found_by_its_key_and_updated() -> None:
    async with api_and_connector() as (api, connector):
        api.add({"id": "77", "sku": "A0"})
        result = await connector.write(batch(items(1), SINGLE))

        assert result.target_ids == ["77"]
        assert len(api.items) == 1


async def test_calls_carry_the_runs_id_and_the_records_key() -> None:
    async with api_and_connector() as (api, connector):
        await connector.write(batch(items(1), SINGLE))

        assert api.asked[-1].headers["idempotency-key"] == "key-0"
        assert api.asked[-1].headers["x-correlation-id"] == "0190-run"
        assert api.effects == {"key-0": 1}


async def test_a_bulk_is_one_call_with_a_result_for_each_record() -> None:
    async with api_and_connector() as (api, connector):
        result = await connector.write(batch(items(100), UPSERT))

        assert result.failures == {}
        assert result.target_ids == [str(n + 1) for n in range(100)]
        assert len(api.asked) == 1
        assert api.items["1"]["effect"] == "key-0"


async def test_a_half_accepted_bulk_fails_the_refused_records_alone() -> None:
    async with api_and_connector() as (api, connector):
        records = items(5)
        records[3]["price"] = -1
        result = await connector.write(batch(records, UPSERT))

        assert list(result.failures) == [3]
        failure = result.failures[3]
        assert failure.category is Category.PERMANENT
        assert failure.message == (
            "the target refused the record: 422: price must not be negative, got -1"
        )
        assert len(api.items) == 4


async def test_a_bulk_refused_as_a_whole_is_halved_until_the_bad_record_stands_alone() -> None:
    async with api_and_connector() as (api, connector):
        records = items(100)
        records[42]["price"] = -1
        result = await connector.write(batch(records, BULK))

        assert list(result.failures) == [42]
        assert "price must not be negative" in result.failures[42].message
        assert len(api.items) == 99
        assert len(api.asked) < 20


async def test_a_record_that_a_bulks_answer_leaves_out_has_failed() -> None:
    async with api_and_connector() as (api, connector):
        api.add({"id": "1", "sku": "A0"}, {"id": "3", "sku": "A2"})
        result = await connector.write(batch(items(3), BULK, ["1", "2", "3"]))

        assert result.failures.keys() == {1}
        assert result.failures[1].code == "missing_in_answer"


@pytest.mark.parametrize("options", [SINGLE, BULK], ids=["single", "bulk"])
async def test_a_record_that_was_deleted_at_the_target_is_created_anew(
    options: dict[str, Any],
) -> None:
    options = {**options, "update": {**options["update"], "recreate": True}}
    async with api_and_connector() as (api, connector):
        api.add({"id": "11", "sku": "A0"}, {"id": "13", "sku": "A2"}, {"id": "99", "sku": "A3"})
        work = batch(items(4), options, ["11", "12", "13", "14"])
        result = await connector.write(work)

        assert result.failures == {}
        assert result.target_ids == ["11", "1", "13", "99"]  # the last had been made anew by others
        assert sorted(record["sku"] for record in api.items.values()) == ["A0", "A1", "A2", "A3"]


async def test_without_a_word_a_record_that_was_deleted_at_the_target_fails() -> None:
    async with api_and_connector() as (api, connector):
        result = await connector.write(batch(items(1), SINGLE, ["12"]))

        assert result.failures[0].code == "not_found"
        assert api.items == {}


@pytest.mark.parametrize(
    ("options", "echo"), [(SINGLE, "data"), (BULK, "")], ids=["single", "bulk"]
)
async def test_a_field_that_the_target_drops_fails_its_record_by_name(
    options: dict[str, Any], echo: str
) -> None:
    answer = {**options["answer"], "echo": echo}
    async with api_and_connector() as (api, connector):
        api.unknown = frozenset({"colour"})
        records = items(2)
        records[1]["colour"] = "red"
        result = await connector.write(batch(records, {**options, "answer": answer}))

        assert result.failures == {}
        assert result.target_ids[1] is not None  # it was written
        assert result.unkept[1].code == "field_dropped"
        assert result.unkept[1].field == "colour"
        assert result.target_ids[0] == "1"


async def test_an_endpoint_that_is_not_there_is_not_tried_for_each_record() -> None:
    options = UPSERT | {"endpoint": "/wrong"}
    async with api_and_connector() as (api, connector):
        with pytest.raises(ConnectorError, match="404: no such resource: /wrong"):
            await connector.write(batch(items(300), options))

        assert len(api.asked) == 1


async def test_a_slow_record_does_not_fail_those_that_are_sent_after_it() -> None:
    options = {**BULK, "update": SINGLE["update"]}
    async with api_and_connector(timeouts={"total": 1}) as (api, connector):
        api.add(*({"id": str(n), "sku": f"A{n}"} for n in range(3)))
        api.trouble.append(Trouble("PATCH", hangs=True))
        result = await connector.write(batch(items(3), options, ["0", "1", "2"]))

        assert result.failures.keys() == {0}
        assert result.failures[0].ambiguous


async def test_an_api_that_is_away_is_not_called_for_each_record() -> None:
    options = {**BULK, "update": SINGLE["update"]}
    async with api_and_connector() as (api, connector):
        api.trouble.extend(Trouble("PATCH") for _ in range(100))
        ids = [str(n) for n in range(100)]
        result = await connector.write(batch(items(100), options, ids))

        assert len(result.failures) == 100
        assert [result.failures[n].ambiguous for n in range(5)] == [True] * 3 + [False] * 2
        assert len(api.asked) == 3


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_api_is_left_alone_for_as_long_as_it_asks(status: int) -> None:
    async with api_and_connector() as (api, connector):
        api.trouble.append(Trouble("PUT", status, {"Retry-After": "7"}))
        with pytest.raises(RetriableError) as caught:
            await connector.write(batch(items(300), UPSERT))

        assert caught.value.failure.retry_after == 7
        assert not caught.value.failure.ambiguous
        assert len(api.asked) == 1
        assert api.items == {}


async def test_what_a_status_means_can_be_changed_for_an_api() -> None:
    rules = [{"status": 500, "contains": "invalid input syntax", "category": "permanent"}]
    async with api_and_connector(errors={"rules": rules}) as (api, connector):
        api.trouble.append(Trouble("POST", 500, body=b'{"error": "invalid input syntax: x"}'))
        api.trouble.append(Trouble("POST", 500, body=b'{"error": "out of memory"}'))
        first = await connector.write(batch(items(1), {"endpoint": "/items"}))
        second = await connector.write(batch(items(1), {"endpoint": "/items"}))

        assert first.failures[0].category is Category.PERMANENT
        assert second.failures[0].category is Category.TRANSIENT
        assert second.failures[0].message.endswith("answered 500: out of memory")


async def test_a_lost_answer_is_ambiguous_and_the_record_can_be_looked_up() -> None:
    async with api_and_connector() as (api, connector):
        work = batch(items(1), SINGLE)
        api.trouble.append(Trouble("POST", applied=True))
        with pytest.raises(RetriableError) as caught:
            await connector.write(work)

        assert caught.value.failure.ambiguous
        assert caught.value.failure.code == "connection_lost"
        assert (await connector.lookup(work)).target_ids == ["1"]


async def test_no_answer_in_time_after_applying_is_ambiguous() -> None:
    async with api_and_connector(timeouts={"total": 1}) as (api, connector):
        api.trouble.append(Trouble("POST", applied=True, hangs=True))
        with pytest.raises(RetriableError, match="no answer within 1 s") as caught:
            await connector.write(batch(items(1), SINGLE))

        assert caught.value.failure.ambiguous
        assert sum(api.effects.values()) == 1


async def test_a_refused_connection_is_not_ambiguous() -> None:
    connector = HttpConnector({"baseUrl": f"http://127.0.0.1:{free_port()}"}, {}, LOOPBACK)
    with pytest.raises(RetriableError, match="cannot connect") as caught:
        await connector.write(batch(items(1), {"endpoint": "/items"}))

    assert not caught.value.failure.ambiguous
    await connector.close()


@pytest.mark.parametrize("options", [SINGLE, UPSERT, {"endpoint": "/items"}])
async def test_a_page_in_html_is_no_success(options: dict[str, Any]) -> None:
    async with api_and_connector() as (api, connector):
        for method in ("POST", "PUT"):
            api.trouble.append(Trouble(method, 200, {"Content-Type": "text/html"}, PAGE))
        if options.get("method") == "PUT":
            api.trouble.popleft()
        with pytest.raises(ConnectorError, match="HTML or XML page") as caught:
            await connector.write(batch(items(1), options))

        assert caught.value.failure.code == "unexpected_answer"
        assert caught.value.failure.ambiguous


async def test_a_redirected_write_is_not_followed() -> None:
    async with api_and_connector() as (api, connector):
        api.trouble.append(Trouble("POST", 301, {"Location": "https://new.example/items"}))
        with pytest.raises(ConnectorError, match=r"redirects to https://new\.example/items"):
            await connector.write(batch(items(1), {"endpoint": "/items"}))

        assert len(api.asked) == 1


async def test_numbers_keep_their_digits() -> None:
    payload = b'{"price":1234567890.12345678901234567890,"sku":"A","weight":1.10}'
    async with api_and_connector() as (api, connector):
        await connector.write(batch([payload], {"endpoint": "/items"}))
        work = batch([payload], {"endpoint": "/items", "idField": "sku"}, ["B"])
        await connector.write(work)

        assert api.asked[0].body == payload
        assert b'"sku":"B"' in api.asked[1].body
        assert b"1234567890.12345678901234567890" in api.asked[1].body
        assert api.items["1"]["weight"] == Decimal("1.10")


async def test_two_records_with_one_key_at_the_target_are_named() -> None:
    async with api_and_connector() as (api, connector):
        api.add({"id": "7", "sku": "A0"}, {"id": "8", "sku": "A0"})
        result = await connector.write(batch(items(2), SINGLE))

        assert result.failures.keys() == {0}
        assert result.failures[0].code == "match_not_unique"


async def test_what_is_not_there_counts_as_deleted() -> None:
    async with api_and_connector() as (api, connector):
        api.add({"id": "7", "sku": "A0"})
        result = await connector.delete(["7", "8"], SINGLE)

        assert result.failures == {}
        assert api.items == {}


async def test_a_target_block_decides_what_the_connector_can_do() -> None:
    async with api_and_connector() as (_, connector):
        single, upsert = connector.capabilities_for(SINGLE), connector.capabilities_for(UPSERT)

        assert (single.bulk_size, single.idempotent_upsert, single.lookup) == (1, False, True)
        assert (upsert.bulk_size, upsert.idempotent_upsert, upsert.lookup) == (100, True, False)


async def test_keys_are_asked_for_where_a_header_or_a_field_carries_them() -> None:
    async with api_and_connector(idempotencyHeader="") as (api, connector):
        keyed = UPSERT | {"keyField": "effect"}
        assert not connector.capabilities_for(UPSERT | {"keyField": ""}).reads_keys
        assert connector.capabilities_for(keyed).reads_keys

        bare = msgspec.structs.replace(batch(items(2), UPSERT | {"keyField": ""}), keys=[])
        assert (await connector.write(bare)).failures == {}
        assert "idempotency-key" not in api.asked[-1].headers


async def test_a_private_address_is_refused_unless_the_operator_allows_it() -> None:
    connector = HttpConnector({"baseUrl": "http://127.0.0.1:9"}, {}, Surroundings())
    with pytest.raises(ConnectorError, match="no public address") as caught:
        await connector.write(batch(items(1), {"endpoint": "/items"}))

    assert caught.value.failure.code == "address_not_allowed"
    await connector.close()


async def test_each_call_waits_for_its_turn_at_the_profiles_pace() -> None:
    async with api_and_connector() as (api, connector):
        turns = 0

        async def pace() -> None:
            nonlocal turns
            turns += 1

        connector.pace = pace
        records = items(20)
        records[7]["price"] = -1
        await connector.write(batch(records, SINGLE))
        await connector.write(batch(records, BULK))

        assert turns == len(api.asked) > 20
