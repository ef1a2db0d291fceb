"""Sessions, reads and documents at a stand-in for the Service Layer of Business One."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from syncline.connectors.business_one import BusinessOneConnector
from syncline.connectors.port import ConnectorError, ExtractRequest
from syncline.domain.errors import Category, FailureError, RetriableError
from syncline.domain.mapping.extraction import Extraction
from syncline.testing.http_api import Trouble
from tests.support.service_layer import ServiceLayer
from tests.support.service_layer_world import batch, connector_to, order, reading, started

ITEMS = reading("item", "ItemCode", "UpdateDate")


@pytest.fixture
async def layer() -> AsyncIterator[ServiceLayer]:
    async with started(ServiceLayer()) as layer:
        layer.put("BusinessPartners", {"CardCode": "C1"}, {"CardCode": "C2", "Frozen": "tYES"})
        yield layer


@pytest.fixture(params=["v1", "v2"])
async def b1(
    layer: ServiceLayer, request: pytest.FixtureRequest
) -> AsyncIterator[BusinessOneConnector]:
    connector = connector_to(layer, request.param, pageSize=10)
    yield connector
    await connector.close()


def put_items(layer: ServiceLayer, count: int, per_day: int = 7) -> None:
    for n in range(count):
        day = f"2026-10-{1 + n // per_day:02}"
        layer.put("Items", {"ItemCode": f"A{n:03}", "UpdateDate": day, "CreateDate": "2026-01-01"})


async def read(
    b1: BusinessOneConnector, extraction: Extraction, after: str | None = None
) -> list[str]:
    request = ExtractRequest(extraction, after=after)
    return [i for page in [p async for p in b1.extract(request)] for i in page.ids]


def orders(layer: ServiceLayer, name: str = "Orders") -> list[dict[str, Any]]:
    return list(layer.sets[name].values())


async def test_calls_at_the_same_time_sign_in_once(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    put_items(layer, 30)

    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(read(b1, ITEMS)) for _ in range(8)]

    assert [len(task.result()) for task in reads] == [30] * 8
    assert layer.logins == 1


@pytest.mark.parametrize("moves", [False, True], ids=["session over", "node down"])
async def test_a_session_that_is_over_is_renewed_once(
    layer: ServiceLayer, b1: BusinessOneConnector, moves: bool
) -> None:
    put_items(layer, 5)
    await read(b1, ITEMS)
    if moves:
        layer.node = ".node2"
    else:
        layer.end_sessions()

    async with asyncio.TaskGroup() as group:
        writes = [group.create_task(b1.write(batch([order(f"R{n}")]))) for n in range(5)]

    assert [task.result().failures for task in writes] == [{}] * 5
    assert layer.logins == 2
    assert layer.effects.total() == 5


async def test_a_refused_login_is_not_tried_again(layer: ServiceLayer) -> None:
    connector = connector_to(layer, password="wrong")
    with pytest.raises(ConnectorError, match="Login failed") as caught:
        await connector.write(batch([order("R1")]))
    await connector.close()

    assert caught.value.failure.code == "login_refused"
    assert layer.calls["POST /Login"] == 1


async def test_a_missing_right_opens_no_further_session(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    await b1.test()
    layer.trouble.extend([Trouble("GET", 403)] * 2)
    with pytest.raises(ConnectorError) as caught:
        await read(b1, ITEMS)

    assert caught.value.failure.code == "permission_refused"
    assert (layer.logins, len(layer.sessions)) == (1, 1)


async def test_a_login_that_is_not_answered_is_named(
    layer: ServiceLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncline.connectors.http.client.connection_test.TEST_LIMIT", 0.2)
    layer.trouble.append(Trouble("POST", hangs=True))
    connector = connector_to(layer)
    checks = await connector.test()
    await connector.close()

    failed = next(check for check in checks if not check.ok)
    assert failed.part == "login"
    assert "the company" in failed.message


async def test_a_closed_connector_gives_its_session_back(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    await read(b1, ITEMS)
    assert len(layer.sessions) == 1
    await b1.close()

    assert layer.sessions == set()
    assert layer.logins == 1


async def test_the_last_day_is_read_again_and_new_items_without_a_day_of_change_too(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    put_items(layer, 40)
    layer.put("Items", {"ItemCode": "NEW", "UpdateDate": None, "CreateDate": "2026-10-05"})

    assert sorted(await read(b1, ITEMS, "2026-10-05T00:00:00Z")) == [
        *(f"A{n:03}" for n in range(28, 40)), "NEW",
    ]  # fmt: skip
    layer.calls.clear()
    assert len(await read(b1, ITEMS)) == 41
    assert layer.calls["GET /Items"] == 6  # pages of 10, and an empty one


async def test_items_without_a_day_of_change_are_read_once_however_often_a_read_begins_anew(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    put_items(layer, 60, per_day=4)
    for n in range(3):
        new = {"ItemCode": f"NEW{n}", "UpdateDate": None, "CreateDate": "2026-10-30"}
        layer.put("Items", new)

    ids = await read(b1, ITEMS, "2026-10-01")

    assert len(ids) == len(set(ids)) == 63


async def test_items_that_change_while_they_are_read_are_all_read(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    put_items(layer, 60, per_day=4)
    seen: set[str] = set()
    async for page in b1.extract(ExtractRequest(ITEMS, after="2026-10-01")):
        seen |= set(page.ids)
        for code in page.ids[:5]:
            layer.sets["Items"][code]["UpdateDate"] = "2026-11-30"

    assert len(seen) == 60


async def test_codes_may_hold_quotes_and_slashes(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    codes = ["O'Neil/1", "' or ItemCode eq '", "Ä 2"]
    layer.put("Items", *({"ItemCode": code} for code in [*codes, "other"]))

    page = await b1.fetch(reading("item", "ItemCode"), [*codes[:1], "gone", codes[2]])

    assert sorted(page.ids) == ["O'Neil/1", "Ä 2"]
    assert sorted(await read(b1, reading("item", "ItemCode"))) == sorted([*codes, "other"])


async def test_stock_is_read_by_item_and_warehouse(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    for n in range(25):
        rows = [
            {"WarehouseCode": f"0{w}", "InStock": 5.5, "Committed": n, "CostAccount": "_SYS"}
            for w in range(n % 3)
        ]
        own = {"InventoryUOM": "kg", "SalesItem": "tYES", "ItemWarehouseInfoCollection": rows}
        layer.put("Items", {"ItemCode": f"A/{n:02}"} | own)
    stock = reading("itemstock", "StockId")

    pages = [page async for page in b1.extract(ExtractRequest(stock))]
    limited = [page async for page in b1.extract(ExtractRequest(stock, limit=4))]
    behind = ExtractRequest(stock, position=pages[0].position)
    rest = [page async for page in b1.extract(behind)]

    ids = [i for page in pages for i in page.ids]
    assert len(ids) == len(set(ids)) == 24
    assert ids[:3] == ["A/01/00", "A/02/00", "A/02/01"]
    assert [i for page in limited for i in page.ids] == ids[:4]
    assert [*pages[0].ids, *(i for page in rest for i in page.ids)] == ids
    assert pages[0].records.records()[1] == {
        "StockId": "A/02/00", "ItemCode": "A/02", "WarehouseCode": "00",
        "Available": Decimal("3.5"), "InStock": Decimal("5.5"), "Committed": 2,
        "Ordered": None, "Locked": None, "InventoryUOM": "kg", "SalesItem": "tYES",
        "InventoryItem": None,
    }  # fmt: skip
    found = await b1.fetch(stock, ["a/02/01", "A/02/09", "none", "A/01/00"])
    assert sorted(found.ids) == ["A/01/00", "A/02/01"]
    assert found.asked == {"a/02/01": "A/02/01"}
    columns = await b1.describe(stock) or []
    assert {"StockId", "Available", "InventoryUOM"} <= {column.name for column in columns}


async def test_partners_and_documents_are_read(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    layer.put("Orders", *({"DocEntry": n, "UpdateDate": "2026-10-01"} for n in (9, 10, 11)))

    documents = reading("salesorder", "DocEntry", "UpdateDate")
    assert await read(b1, documents) == ["9", "10", "11"]
    assert (await b1.fetch(documents, ["10", "1 or 1 eq 1", "12"])).ids == ["10"]
    assert await read(b1, reading("bp", "CardCode")) == ["C1", "C2"]


async def test_a_changed_order_has_no_line_twice(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    (target_id,) = (await b1.write(batch([order("R1", "A1", "A2")]))).target_ids

    changed = batch([order("R1", "A1", "A3", "A4")], [target_id])
    for _ in range(2):
        assert (await b1.write(changed)).failures == {}

    (kept,) = orders(layer)
    assert [line["ItemCode"] for line in kept["DocumentLines"]] == ["A1", "A3", "A4"]
    assert layer.effects == {"create Orders R1": 1, "update Orders R1": 2}


async def test_an_order_that_is_there_is_changed_and_not_made_again(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    await b1.write(batch([order("O'1", "A1"), order("R2", "A1")]))

    result = await b1.write(batch([order("O'1", "A2"), order("R2", "A2"), order("R3", "A2")]))

    assert result.failures == {}
    assert layer.effects.total() == 5
    assert len(orders(layer)) == 3


async def test_days_are_read_back_whatever_their_form_and_some_fields_are_only_for_new_ones(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    record = order("R1", DocDate="2026-11-30", Comments="from the shop")
    made = batch([record], on_create=("Comments",))
    (target_id,) = (await b1.write(made)).target_ids
    layer.sets["Orders"]["1"] |= {"DocDate": "2026-11-30T00:00:00Z", "Comments": "theirs"}

    assert (await b1.lookup(made)).differs == {0: []}
    made.target_ids = [target_id]
    assert (await b1.write(made)).failures == {}
    assert layer.sets["Orders"]["1"]["Comments"] == "theirs"


async def test_refusals_are_the_records_own_in_the_systems_words(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    layer.refusal = lambda given: "no orders on Sundays" if "Comments" in given else None

    result = await b1.write(
        batch(
            [
                order("R0"), order("R1", customer="C2"), order("R2", customer="none"),
                order("R3", Comments="x"), order("R4", Coments="x"), order("R5"),
                order("R6", U_Nope="x"),
            ]
        )
    )  # fmt: skip

    words = {place: failure.message for place, failure in result.failures.items()}
    assert list(words) == [1, 2, 3, 4, 6]
    assert "-10: 10000107 - Customer is inactive" in words[1]
    assert "-2028: No matching records found" in words[2]
    assert "no orders on Sundays" in words[3]
    assert "Property 'Coments' of 'Document' is invalid" in words[4]
    assert "Property 'U_Nope' of 'Document' is invalid" in words[6]
    assert {f.category for f in result.failures.values()} == {Category.PERMANENT}
    assert [o["NumAtCard"] for o in orders(layer)] == ["R0", "R5"]


async def test_an_order_that_becomes_a_draft_is_written_once(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    layer.approval.add("C1")

    first = await b1.write(batch([order("R1")]))
    again = await b1.write(batch([order("R1")]))
    found = await b1.lookup(batch([order("R1"), order("R2")]))

    assert (first.failures, again.failures) == ({}, {})
    assert first.target_ids == again.target_ids == ["draft-1"]
    assert (found.target_ids, found.differs) == (["draft-1", None], {0: []})
    assert layer.effects == {"create Drafts R1": 1}


async def test_a_draft_is_not_changed_before_it_is_approved(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    layer.approval.add("C1")
    await b1.write(batch([order("R1")]))
    changed = batch([order("R1", "A9")], ["draft-1"], asked=True)

    waiting = await b1.write(changed)
    layer.put("Orders", layer.sets["Drafts"]["1"] | {"DocEntry": 7})
    approved = await b1.write(changed)

    assert waiting.failures[0].code == "awaits_approval"
    assert (approved.failures, approved.target_ids) == ({}, ["7"])
    assert layer.effects == {"create Drafts R1": 1, "update Orders R1": 1}


async def test_drafts_of_other_documents_are_none_of_the_orders(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    layer.put("Drafts", {"DocEntry": 5, "NumAtCard": "R1", "DocObjectCode": "oQuotations"})

    assert (await b1.write(batch([order("R1")]))).failures == {}
    assert len(orders(layer)) == 1


async def test_where_drafts_cannot_be_asked_nothing_is_known(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    layer.approval.add("C1")
    await b1.test()
    layer.trouble.extend([Trouble("POST", proper=True), Trouble("GET", 503)])

    result = await b1.write(batch([order("R1")], asked=True))

    assert result.failures[0].ambiguous
    assert "-2028" in result.failures[0].message
    assert (await b1.lookup(batch([order("R1")]))).target_ids == ["draft-1"]


TROUBLES = {
    "cut": Trouble("POST", applied=True),
    "an empty 500": Trouble("POST", 500, applied=True),
    "a gateway's 502": Trouble("POST", 502, body=b"<html>Proxy Error</html>", applied=True),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_lost_answer_to_a_new_order_is_found_again(
    layer: ServiceLayer, b1: BusinessOneConnector, trouble: str
) -> None:
    await b1.test()
    layer.trouble.append(TROUBLES[trouble])
    try:
        failure = (await b1.write(batch([order("R1")], asked=True))).failures[0]
    except RetriableError as error:
        failure = error.failure

    assert failure.ambiguous
    found = await b1.lookup(batch([order("R1")]))
    assert (found.target_ids, found.holds) == (["1"], {0: True})
    assert layer.effects.total() == 1


async def test_a_lost_answer_to_a_change_is_read_back(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    await b1.write(batch([order("R1", "A1")]))
    changed = batch([order("R1", "A2")], ["1"])
    layer.trouble.append(Trouble("PATCH", applied=True))
    with pytest.raises(RetriableError) as caught:
        await b1.write(changed)

    assert caught.value.failure.ambiguous
    assert (await b1.lookup(changed)).holds == {0: True}
    assert (await b1.lookup(batch([order("R1", "A3")]))).holds == {0: False}


async def test_a_lost_answer_to_a_question_or_a_login_changes_nothing(layer: ServiceLayer) -> None:
    for trouble in (Trouble("POST", applied=True), Trouble("GET")):
        connector = connector_to(layer)
        layer.trouble.append(trouble)
        with pytest.raises(FailureError) as caught:
            await connector.write(batch([order("R1")]))
        assert caught.value.failure.category is not Category.PERMANENT
        assert layer.effects.total() == 0
        await connector.close()


async def test_a_document_without_a_reference_is_not_written(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    result = await b1.write(batch([order(""), order("R1")]))

    assert {place: f.code for place, f in result.failures.items()} == {0: "reference_missing"}
    assert len(orders(layer)) == 1
    other = batch([order("R2")])
    other.match_key = ("CardCode",)
    with pytest.raises(ConnectorError, match="matchKey` must be NumAtCard"):
        await b1.write(other)


async def test_a_user_field_can_be_the_reference(
    layer: ServiceLayer, b1: BusinessOneConnector
) -> None:
    layer.unique = "U_ShopOrder"
    record = order("whatever", U_ShopOrder="S1")

    first = await b1.write(batch([record], reference="U_ShopOrder"))
    race = await b1.write(batch([record], reference="U_ShopOrder", asked=True))
    again = await b1.write(batch([record], reference="U_ShopOrder"))

    assert race.failures[0].category is Category.UNKNOWN
    assert first.target_ids == again.target_ids
    assert len(orders(layer)) == 1
