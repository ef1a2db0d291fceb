"""The Portal connector keeps to the contract, and nothing is written twice that can be known."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from syncline.connectors.port import ConnectorError, ExtractRequest, WriteBatch
from syncline.connectors.portal import PortalConnector
from syncline.connectors.portal.entities import DOCUMENTS, MASTER
from syncline.contracts.messages import encode
from syncline.domain.errors import Category, FailureError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.http_api import Trouble
from tests.support.http_world import LOOPBACK
from tests.support.portal_hub import BASE, KEY, PortalHub
from tests.support.surroundings import surroundings_of

ORDER: dict[str, Any] = {
    "reference": "WEB-1", "bp": "C1", "date": "2026-03-01", "currency": "EUR",
    "lines": [{"number": 1, "sku": "A1", "quantity": 2, "price": 9.95}],
    "shippingAddress": {"street": "Weg 1", "city": "Köln", "country": "DE"},
}  # fmt: skip
SAMPLES: dict[str, dict[str, Any]] = {
    "bpgroup": {"code": "R", "name": "Retail", "type": "customer", "discountPercent": 2.5},
    "paymentterms": {"code": "30", "name": "30 days", "days": 30, "from": "document"},
    "itemgroup": {"code": "G", "name": "Glass", "custom": {"shelf": 7}},
    "pricelist": {"code": "P", "name": "Base", "prices": [{"sku": "A1", "price": 9.95}]},
    "salesquotation": ORDER | {"validUntil": "2026-04-01"},
    "salesorder": ORDER | {"deliveryDate": "2026-03-09"},
}
SINGLE = [(name, method) for name in DOCUMENTS for method in ("POST", "PUT", "DELETE")]


@pytest.fixture
async def hub() -> AsyncIterator[PortalHub]:
    hub = PortalHub()
    await hub.start()
    yield hub
    await hub.close()


@pytest.fixture
async def connector(hub: PortalHub) -> AsyncIterator[PortalConnector]:
    config = {"baseUrl": hub.url + BASE}
    connector = PortalConnector(config, {"integrationKey": KEY}, LOOPBACK)
    yield connector
    await connector.close()


def reading(entity: str) -> Extraction:
    return Extraction(
        mode=ExtractionMode.API, id_column="id", cursor_column="updatedAt",
        options={"entity": entity},
    )  # fmt: skip


def batch(
    entity: str, records: Sequence[Mapping[str, Any]], ids: Sequence[str | None] = (), key: str = ""
) -> WriteBatch:
    match = "reference" if entity in DOCUMENTS else "code"
    names = [f"{n}" for n in range(len(records))]
    return WriteBatch(
        tenant="t", entity_type=entity, correlation_id="run", source_ids=names,
        payloads=[encode(dict(record)) for record in records],
        target_ids=list(ids) or [None] * len(records),
        keys=[f"{key or 'key'}-{name}" for name in names],
        match_key=(match,), options={"entity": entity},
    )  # fmt: skip


def numbered(entity: str, count: int) -> list[dict[str, Any]]:
    match = "reference" if entity in DOCUMENTS else "code"
    return [SAMPLES[entity] | {match: f"{entity}-{n}"} for n in range(count)]


@pytest.mark.parametrize("entity", SAMPLES)
async def test_each_entity_type_goes_both_ways(
    hub: PortalHub, connector: PortalConnector, entity: str
) -> None:
    records = numbered(entity, 3)

    written = await connector.write(batch(entity, records))
    changed = [record | {"custom": {"x": 1}} for record in records]
    again = await connector.write(batch(entity, changed, written.target_ids, "later"))

    assert written.failures == again.failures == {}
    request = ExtractRequest(reading(entity))
    (page,) = [page async for page in connector.extract(request)]
    assert page.ids == written.target_ids
    given = {"id", "key", "updatedAt"}
    read = [{n: v for n, v in r.items() if n not in given} for r in page.records.records()]
    assert read == json.loads(json.dumps(changed), parse_float=Decimal)
    unknown = numbered(entity, 4)[3]
    found = await connector.lookup(batch(entity, [*changed, unknown]))
    assert found.target_ids == [*written.target_ids, None]
    assert found.holds == {0: True, 1: True, 2: True}
    fetched = await connector.fetch(reading(entity), [*page.ids, "nobody"])
    assert sorted(fetched.ids) == sorted(page.ids)
    assert set(hub.effects.values()) == {2}
    assert (await connector.delete(page.ids, {"entity": entity})).failures == {}
    assert hub.stored[entity] == {}


async def test_a_record_that_is_not_as_the_contract_says_fails_alone_with_its_field(
    connector: PortalConnector, hub: PortalHub
) -> None:
    records = numbered("bpgroup", 3)
    records[1] |= {"type": "friend"}
    records[2] |= {"updatedAt": "2026-01-01T00:00:00Z"}

    result = await connector.write(batch("bpgroup", records))

    assert {place: f.category for place, f in result.failures.items()} == dict.fromkeys(
        (1, 2), Category.PERMANENT
    )
    assert "type" in result.failures[1].message
    assert "is given by the hub" in result.failures[2].message
    assert len(hub.stored["bpgroup"]) == 1


@pytest.mark.parametrize("entity", MASTER)
async def test_a_bulk_whose_answer_was_lost_has_one_effect(
    hub: PortalHub, connector: PortalConnector, entity: str
) -> None:
    sent = batch(entity, numbered(entity, 5))
    hub.trouble.append(Trouble("PUT", applied=True))

    with pytest.raises(FailureError) as caught:
        await connector.write(sent)
    assert caught.value.failure.ambiguous
    assert (await connector.write(sent)).failures == {}
    assert set(hub.effects.values()) == {1}
    assert len(hub.effects) == 5


@pytest.mark.parametrize(("entity", "method"), SINGLE)
async def test_a_call_whose_answer_was_lost_has_one_effect(
    hub: PortalHub, connector: PortalConnector, entity: str, method: str
) -> None:
    (record,) = numbered(entity, 1)
    first = batch(entity, [record])
    ids: Sequence[str | None] = []
    if method != "POST":
        ids = (await connector.write(first)).target_ids
    sent = first if method == "POST" else batch(entity, [record | {"note": "x"}], ids, "later")
    hub.effects.clear()
    hub.trouble.append(Trouble(method, applied=True))
    asked, gone = {"entity": entity}, [i or "" for i in ids]
    sent.asked = True

    with pytest.raises(FailureError) as caught:
        await (connector.delete(gone, asked) if method == "DELETE" else connector.write(sent))
    assert caught.value.failure.ambiguous

    if method == "DELETE":
        assert (await connector.delete(gone, asked)).failures == {}
        assert hub.stored[entity] == {}
        return
    assert (await connector.lookup(sent)).holds == {0: True}
    result = await connector.write(sent)
    assert result.failures == {}
    assert set(result.target_ids) == set(hub.stored[entity])
    assert hub.effects[f"{entity} {entity}-0"] == (1 if method == "POST" else 2)


@pytest.mark.parametrize("entity", SAMPLES)
async def test_only_documents_need_an_intent(connector: PortalConnector, entity: str) -> None:
    able = connector.capabilities_for({"entity": entity})

    assert able.idempotent_upsert is (entity in MASTER)
    assert able.honours_keys is (entity in DOCUMENTS)
    assert able.bulk_size == (500 if entity in MASTER else 1)
    assert able.read_back
    assert "as a whole" in (PortalConnector.on_create_problem({"entity": entity}, ["note"]) or "")
    assert PortalConnector.on_create_problem({"entity": entity}, []) is None


async def test_a_key_that_comes_with_another_content_is_refused(
    connector: PortalConnector, hub: PortalHub
) -> None:
    first, second = numbered("salesorder", 2)
    await connector.write(batch("salesorder", [first]))

    result = await connector.write(batch("salesorder", [second]))

    assert "idempotency_key_reused" in result.failures[0].message
    assert result.failures[0].category is Category.PERMANENT
    assert len(hub.stored["salesorder"]) == 1


@pytest.mark.parametrize("turned", [True, False])
async def test_results_are_matched_by_key_and_a_missing_one_is_no_success(
    hub: PortalHub, connector: PortalConnector, *, turned: bool
) -> None:
    records = numbered("itemgroup", 3)
    results = [{"key": r["code"], "status": "created", "id": f"H-{r['code']}"} for r in records]
    body = {"results": results[::-1] if turned else results[:2]}
    hub.trouble.append(Trouble("PUT", 200, {"Content-Type": "application/json"}, encode(body)))

    result = await connector.write(batch("itemgroup", records))

    if turned:
        assert result.failures == {}
        assert result.target_ids == [f"H-{r['code']}" for r in records]
    else:
        assert [(p, f.code, f.ambiguous) for p, f in result.failures.items()] == [
            (2, "missing_in_answer", True)
        ]


async def test_a_key_that_is_revoked_in_the_middle_stops_the_run(
    hub: PortalHub, connector: PortalConnector
) -> None:
    hub.trouble.extend([Trouble("GET", proper=True), Trouble("POST", proper=True)])
    revoked = {"type": "about:blank", "title": "revoked", "status": 401}
    hub.trouble.extend([Trouble("POST", 401, body=encode(revoked))] * 5)

    result = await connector.write(batch("salesorder", numbered("salesorder", 4)))

    assert sorted(result.stopped) == [1, 2, 3]
    assert {failure.code for failure in result.stopped.values()} == {"login_refused"}


async def test_a_hub_that_is_down_says_when_to_come_back(
    hub: PortalHub, connector: PortalConnector
) -> None:
    hub.trouble.append(Trouble(status=503, headers={"Retry-After": "90"}))

    with pytest.raises(FailureError) as caught:
        await connector.write(batch("bpgroup", numbered("bpgroup", 2)))

    failure = caught.value.failure
    assert (failure.category, failure.retry_after) == (Category.TRANSIENT, 90)


async def test_a_page_that_is_too_old_begins_the_read_again(
    hub: PortalHub, connector: PortalConnector
) -> None:
    for record in numbered("bpgroup", 7):
        hub.put("bpgroup", record["code"], record)
    pages = connector.extract(ExtractRequest(reading("bpgroup"), page_size=3))
    position = (await anext(pages)).position
    hub.forget_tokens()

    behind = connector.extract(ExtractRequest(reading("bpgroup"), position=position))
    with pytest.raises(ConnectorError) as caught:
        await anext(behind)
    assert caught.value.failure.code == "position_expired"


async def test_a_test_says_what_the_key_may_do(hub: PortalHub, connector: PortalConnector) -> None:
    hub.granted |= {"bpgroup": ["read"], "pricelist": [], "salesorder": ["write"]}

    checks = await connector.test()

    assert all(check.ok for check in checks)
    told = checks[-1].message
    assert "read: bpgroup, paymentterms, itemgroup, salesquotation;" in told
    assert "write: paymentterms, itemgroup, salesquotation, salesorder" in told


async def test_a_key_without_rights_and_a_server_that_is_no_hub_fail_their_test(
    hub: PortalHub, connector: PortalConnector
) -> None:
    hub.granted = {}
    assert [c.part for c in await connector.test() if not c.ok] == ["permission"]

    hub.trouble.append(Trouble(status=200, body=b'{"hello": 1}'))
    assert [c.part for c in await connector.test() if not c.ok] == ["data"]


@pytest.mark.parametrize("looks", [True, False])
async def test_an_order_is_not_doubled_by_a_hub_that_has_forgotten_its_key(
    hub: PortalHub, connector: PortalConnector, *, looks: bool
) -> None:
    sent = batch("salesorder", numbered("salesorder", 1))
    first = await connector.write(sent)
    hub.forget_keys()
    sent.asked = not looks

    again = await connector.write(sent)

    if looks:
        assert again.target_ids == first.target_ids
    else:
        assert "key_taken" in again.failures[0].message
    assert len(hub.stored["salesorder"]) == 1


class TestHub:
    """The same of a real hub, whose `SYNCLINE_TEST_PORTAL_URL` is https://KEY@HOST/api/v1.

    It is written to: three groups are made and deleted.
    """

    system = "portal"

    async def test_groups_are_written_found_read_and_deleted(
        self, hub: PortalHub, system_url: str | None
    ) -> None:
        parts = urlsplit(system_url or hub.url.replace("://", f"://{KEY}@") + BASE)
        base = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        connector = PortalConnector(
            {"baseUrl": base}, {"integrationKey": parts.username or ""}, surroundings_of(base)
        )
        sent, asked = batch("bpgroup", numbered("bpgroup", 3)), {"entity": "bpgroup"}

        assert all(check.ok for check in await connector.test())
        written = await connector.write(sent)
        found = await connector.lookup(sent)
        pages = connector.extract(ExtractRequest(reading("bpgroup")))
        read = [i async for page in pages for i in page.ids]
        ids = [i or "" for i in written.target_ids]
        fetched = await connector.fetch(reading("bpgroup"), ids)
        gone = await connector.delete(ids, asked)
        await connector.close()

        assert written.failures == gone.failures == {}
        assert found.target_ids == written.target_ids
        assert found.holds == {0: True, 1: True, 2: True}
        assert set(ids) <= set(read)
        assert sorted(fetched.ids) == sorted(ids)
