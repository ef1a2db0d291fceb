"""Reading records by ID from APIs that cut, fold, ignore and forget."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from syncline.connectors.http import HttpConnector
from syncline.connectors.port import ConnectorError, Page
from syncline.domain.errors import FailureError, RetriableError
from tests.support.scripted_api import Call, Said, Script, item, reading, scripted

BY_LIST = {"endpoint": "/items", "parameters": {"ids": "{ids}"}, "records": "data"}
BY_JSON = {"endpoint": "/items", "parameters": {"ids": "{idsJson}"}, "records": "data"}
ONE = {"endpoint": "/items/{id}", "records": "data"}
KNOWN = {str(n): item(n) for n in range(1, 51)}


async def fetch(
    connector: HttpConnector, ids: list[str], how: dict[str, Any] = BY_LIST, **paging: Any
) -> Page:
    extraction = reading({"type": "page", **paging}, options={"fetch": how})
    return await connector.fetch(extraction, ids)


def asked(call: Call) -> list[str]:
    text = call.query.get("ids", "")
    wanted: list[str] = msgspec.json.decode(text) if text.startswith("[") else text.split(",")
    return wanted


def capped(most: int) -> Script:
    def script(call: Call) -> dict[str, Any]:
        found = [KNOWN[i] for i in asked(call) if i in KNOWN]
        return {"data": found[:most], "total": len(found)}

    return script


@pytest.mark.parametrize("how", [BY_LIST, BY_JSON], ids=["list", "json"])
@pytest.mark.parametrize("most", [1, 7, 10, 50])
async def test_what_an_answer_cuts_off_is_asked_for_again(most: int, how: dict[str, Any]) -> None:
    async with scripted(capped(most)) as (api, connector):
        page = await fetch(connector, [*KNOWN, "nobody"], how)
        assert sorted(page.ids, key=int) == list(KNOWN)
        assert [r["id"] for r in page.records.records()] == page.ids
        assert len(api.calls) <= -(-50 // most) + 1
        for _ in range(3):
            assert (await fetch(connector, ["nobody", "else"], how)).ids == []


async def test_an_empty_answer_that_says_that_it_has_records_is_none() -> None:
    async with scripted(lambda _: {"data": [], "total": 2}) as (_, connector):
        with pytest.raises(RetriableError) as caught:
            await fetch(connector, ["1", "2"], total="total")
        assert caught.value.failure.code == "records_missing"


async def test_an_api_that_does_not_know_the_filter_is_told() -> None:
    async with scripted(lambda _: {"data": [KNOWN["7"], KNOWN["8"]]}) as (_, connector):
        for how in (
            BY_LIST,
            {"endpoint": "/items", "parameters": {"i": "{id}"}, "records": "data"},
        ):
            with pytest.raises(ConnectorError) as caught:
                await fetch(connector, ["1", "2"], how)
            assert caught.value.failure.code == "filter_ignored"


async def test_other_records_beside_those_asked_for_are_left_out() -> None:
    async with scripted(lambda _: {"data": list(KNOWN.values())}) as (_, connector):
        assert (await fetch(connector, ["3", "1"])).ids == ["1", "3"]


@pytest.mark.parametrize(
    ("ask", "answer"),
    [("ABC-1", "abc-1"), ("abc-1", "ABC-1"), (" x ", "x"), ("007", "7"), ("7", "007")],
)
async def test_a_record_in_another_spelling_is_the_record(ask: str, answer: str) -> None:
    for how in (BY_LIST, ONE):
        data: Any = {"id": answer} if how is ONE else [{"id": answer}]
        async with scripted(lambda _, data=data: {"data": data}) as (_, connector):  # type: ignore[misc]
            page = await fetch(connector, [ask], how)
            assert page.ids == [answer]
            assert page.asked == {ask: answer}


async def test_two_spellings_that_both_exist_are_two_records() -> None:
    both = [{"id": "a"}, {"id": "A"}]
    async with scripted(lambda _: {"data": both}) as (_, connector):
        page = await fetch(connector, ["a", "A"])
        assert page.ids == ["a", "A"]
        assert page.asked == {}


def single(call: Call) -> Any:
    """One record a path; 404 for what is not there."""
    if call.path == "/items":
        return {"data": [item(1)]}
    found = KNOWN.get(call.path.rpartition("/")[2])
    return {"data": found} if found else Said({"message": "no such item"}, status=404)


async def test_a_404_of_a_record_says_that_the_record_is_not_there() -> None:
    async with scripted(single) as (_, connector):
        assert (await fetch(connector, ["9", "nobody", "8"], ONE)).ids == ["9", "8"]
        assert (await fetch(connector, ["nobody"], ONE)).ids == []
        assert (await fetch(connector, ["nobody", "else"], ONE)).ids == []


@pytest.mark.parametrize(
    "how", [ONE | {"endpoint": "/itmes/{id}"}, BY_LIST | {"endpoint": "/itmes"}]
)
async def test_a_404_of_the_endpoint_says_nothing_of_the_records(how: dict[str, Any]) -> None:
    def script(call: Call) -> Any:
        wrong = call.path.startswith("/itmes")
        return Said({"message": "no such route"}, status=404) if wrong else single(call)

    async with scripted(script) as (_, connector):
        with pytest.raises(ConnectorError, match="itmes") as caught:
            await fetch(connector, ["1", "2"], how)
        assert caught.value.failure.code == "not_found"


@pytest.mark.parametrize(
    "said",
    [Said(b""), Said(b"", status=204), Said(b"{"), Said({}), Said({"dat": [item(1)]}), Said(b"[]")],
)
async def test_an_answer_that_is_not_understood_makes_no_record_unknown(said: Said) -> None:
    async with scripted(lambda _: said) as (_, connector):
        with pytest.raises(FailureError) as caught:
            await fetch(connector, ["1", "2"])
        assert caught.value.failure.code in ("unexpected_answer", "no_records")


async def test_null_says_that_there_is_no_such_record() -> None:
    async with scripted(lambda _: {"data": None}) as (_, connector):
        assert (await fetch(connector, ["1"], ONE)).ids == []


@pytest.mark.parametrize("status", [413, 414, 431])
async def test_a_request_that_is_too_long_is_halved(status: int) -> None:
    def script(call: Call) -> Any:
        wanted = asked(call)
        if len(wanted) > 8:
            return Said({"message": "too long"}, status=status)
        return {"data": [KNOWN[i] for i in wanted if i in KNOWN]}

    async with scripted(script) as (_, connector):
        page = await fetch(connector, [*KNOWN, "nobody"])
        assert sorted(page.ids, key=int) == list(KNOWN)
