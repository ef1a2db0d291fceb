"""Looking records up: what an answer leaves out is not there only where the answer is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from syncline.connectors.http import HttpConnector
from syncline.connectors.port import ConnectorError, LookupResult
from syncline.domain.errors import RetriableError
from tests.support.answering import Answering, Call
from tests.support.http_world import LOOKUP, SINGLE, batch, items

THERE = [{"id": f"T{n}", "sku": f"A{n}"} for n in range(50)]


def api(answer: Callable[[Call], Any], **config: Any) -> Answering:
    """Return an API that creates and updates whatever it is sent, and is asked by `answer`."""

    def all_of(call: Call) -> Any:
        if call.method == "GET" or call.path.endswith("search"):
            return answer(call)
        return 200, {"data": {**call.sent, "id": call.path.partition("/items/")[2] or "new"}}

    return Answering(all_of, **config)


def asked_for(call: Call, name: str = "skus") -> list[str]:
    return call.query[name][0].split(",")


def among(call: Call, wanted: list[str], page: int = 1000) -> Any:
    found = [record for record in THERE if record["sku"] in wanted]
    return 200, {"data": found[:page], "total": len(found)}


def lookup(**changes: Any) -> dict[str, Any]:
    return {**SINGLE, "lookup": {**LOOKUP, **changes}}


async def written(
    told: Answering, options: dict[str, Any] = SINGLE, records: list[dict[str, Any]] | None = None
) -> dict[int, str]:
    """Write records, and return the codes of failures."""
    result = await told.connector.write(batch(records or items(50), options))
    return {place: failure.code for place, failure in result.failures.items()}


@pytest.mark.parametrize("page", [1, 7, 10, 49])
@pytest.mark.parametrize("says_total", [True, False])
async def test_an_answer_that_is_cut_at_the_apis_own_page_size_creates_nothing_again(
    page: int, says_total: bool
) -> None:
    def answer(call: Call) -> Any:
        status, document = among(call, asked_for(call), page)
        return status, document if says_total else {"data": document["data"]}

    told = api(answer)
    assert await written(told) == {}
    assert "POST" not in told.methods()
    assert told.methods().count("PATCH") == 50


async def test_what_is_not_there_is_created_and_a_whole_answer_is_asked_for_once() -> None:
    told = api(lambda call: among(call, asked_for(call)))
    assert await written(told, records=items(60)) == {}
    assert [told.methods().count(m) for m in ("GET", "PATCH", "POST")] == [1, 50, 10]


async def test_without_a_total_the_rest_is_asked_for_once_more() -> None:
    told = api(lambda call: (200, {"data": among(call, asked_for(call))[1]["data"]}))
    assert await written(told, records=items(60)) == {}
    assert [told.methods().count(m) for m in ("GET", "PATCH", "POST")] == [2, 50, 10]


async def test_an_api_that_ignores_the_question_is_not_believed() -> None:
    told = api(lambda call: (200, {"data": THERE[:10], "total": 50}))
    codes = await written(told)
    assert set(codes.values()) == {"lookup_incomplete"}
    assert sorted(codes) == list(range(10, 50))
    assert "POST" not in told.methods()


async def test_an_api_that_ignores_the_question_and_shows_everything_is_understood() -> None:
    told = api(lambda call: (200, {"data": THERE, "total": 50}))
    assert await written(told, records=items(52)) == {}
    assert told.methods().count("POST") == 2


async def test_one_key_a_call_that_is_ignored_is_not_taken_for_the_record() -> None:
    one = {name: value for name, value in LOOKUP.items() if name != "key"}
    options = {**SINGLE, "lookup": {**one, "parameters": {"sku": "{key}"}}}
    told = api(lambda call: (200, {"data": THERE[7:8]}))
    assert await written(told, options, items(1)) == {0: "lookup_incomplete"}
    assert told.methods() == ["GET"]


@pytest.mark.parametrize("shown", ["a0", "A0 ", " a0"])
@pytest.mark.parametrize(
    ("ignore_case", "codes", "method"),
    [(None, {0: "lookup_ambiguous"}, None), (True, {}, "PATCH"), (False, {}, "POST")],
)
async def test_a_key_in_another_case_is_the_same_record_where_the_mapping_says_so(
    shown: str, ignore_case: bool | None, codes: dict[int, str], method: str | None
) -> None:
    told = api(lambda call: (200, {"data": [{"id": "T0", "sku": shown}]}))
    options = SINGLE if ignore_case is None else lookup(ignoreCase=ignore_case)
    assert await written(told, options, items(1)) == codes
    assert told.methods() == ["GET", *([method] if method else [])]


async def test_two_records_whose_keys_differ_in_case_are_not_one() -> None:
    told = api(
        lambda call: (200, {"data": [{"id": n, "sku": s} for n, s in ((1, "a0"), (2, "A0"))]})
    )
    assert await written(told, lookup(ignoreCase=True), items(1)) == {}  # the exact one
    assert told.calls[-1].path == "/items/2"
    told = api(
        lambda call: (200, {"data": [{"id": n, "sku": s} for n, s in ((1, "a0"), (2, "a0 "))]})
    )
    assert await written(told, lookup(ignoreCase=True), items(1)) == {0: "match_not_unique"}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"data": [{"sku": "A0"}]}, "lookup_without_id"),
        ({"data": [{"sku": "A0", "id": ""}]}, "lookup_without_id"),
        ({"data": [{"sku": "A0", "id": {"value": 1}}]}, "lookup_without_id"),
        ({"data": [{"id": 1}]}, "lookup_incomplete"),  # no key is shown
        ({"data": ["A0"]}, "lookup_incomplete"),
        ({"data": [], "next": "/items?page=2"}, "lookup_incomplete"),
        ({"data": [], "has_more": True}, "lookup_incomplete"),
    ],
)
async def test_what_is_not_understood_creates_nothing(document: Any, code: str) -> None:
    told = api(lambda call: (200, document))
    assert await written(told, records=items(1)) == {0: code}
    assert "POST" not in told.methods()


@pytest.mark.parametrize(
    "link", ['</items?page=2>; rel="next"', "</i>; rel='next'", "</i>; rel=NEXT"]
)
async def test_an_empty_page_with_a_next_one_is_not_the_end(link: str) -> None:
    told = api(lambda call: (200, {"data": []}, {"link": link}))
    assert await written(told, records=items(1)) == {0: "lookup_incomplete"}


async def test_an_answer_without_a_place_for_records_is_the_mappings_fault() -> None:
    told = api(lambda call: (200, {"items": THERE}))
    with pytest.raises(
        ConnectorError, match=r"nothing at `lookup.records` \(data\); it has: items"
    ):
        await told.connector.write(batch(items(2), SINGLE))
    assert "POST" not in told.methods()


@pytest.mark.parametrize("document", [{"data": None}, {"data": []}, {}, []])
async def test_a_place_for_records_that_is_empty_holds_none(document: Any) -> None:
    options = SINGLE if isinstance(document, dict) else lookup(records="")
    told = api(lambda call: (200, document))
    assert await written(told, options, items(1)) == {}
    assert told.methods() == ["GET", "POST"]


async def test_an_empty_body_is_no_answer_and_204_is_one() -> None:
    told = api(lambda call: (200, b""))
    with pytest.raises(RetriableError):
        await told.connector.write(batch(items(1), SINGLE))
    assert told.methods() == ["GET"]
    told = api(lambda call: (204, b""))
    assert await written(told, records=items(1)) == {}
    assert told.methods() == ["GET", "POST"]


async def test_an_api_says_in_its_own_way_that_it_has_none() -> None:
    none = lookup(absent=[{"status": 404, "contains": "no match"}])
    told = api(lambda call: (404, {"error": "No match."}))
    assert await written(told, none, items(1)) == {}
    assert told.methods() == ["GET", "POST"]
    with pytest.raises(ConnectorError):  # without the rule, the endpoint is not there
        await api(lambda call: (404, {"error": "No match."})).connector.write(
            batch(items(1), SINGLE)
        )


async def test_a_parameter_can_be_repeated_for_each_key() -> None:
    told = api(lambda call: among(call, call.query["sku"]))
    options = lookup(parameters={"sku": "{eachKey}", "fields": "id"}, size=20)
    assert await written(told, options) == {}
    asked = [call.query for call in told.calls if call.method == "GET"]
    assert [len(query["sku"]) for query in asked] == [20, 20, 10]
    assert asked[0]["fields"] == ["id"]
    assert "POST" not in told.methods()


async def test_keys_can_go_in_the_body_of_a_post() -> None:
    body = {"query": "by {keysJson}", "where": {"sku": {"in": "{keys}"}}, "first": 50}
    options = lookup(method="POST", endpoint="/items/search", parameters={}, body=body)
    told = api(lambda call: among(call, call.sent["where"]["sku"]["in"]))
    assert await written(told, options, items(2)) == {}
    assert told.calls[0].sent == {
        "query": 'by ["A0","A1"]',
        "where": {"sku": {"in": ["A0", "A1"]}},
        "first": 50,
    }
    assert told.methods() == ["POST", "PATCH", "PATCH"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"parameters": {}}, "lookup.parameters"),
        ({"parameters": {"a": "{key}", "b": "{keys}"}}, "lookup.parameters"),
        ({"body": {"a": "{keys}"}}, "lookup.body"),
        ({"method": "POST", "body": {"a": "{kees}"}}, "lookup.body"),
        ({"method": "PUT"}, "lookup.method"),
        ({"ignoreCase": "yes"}, "lookup.ignoreCase"),
        ({"absent": [{}]}, "lookup.absent[0]"),
        ({"absent": [{"status": 200}]}, "lookup.absent[0].contains"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], path: str) -> None:
    problems = HttpConnector.target_problems(lookup(**changes))
    assert f"$.transformation.target.{path}" in [problem.path for problem in problems]


async def test_a_look_up_tells_whether_a_record_holds_the_payload() -> None:
    stored = [
        {"id": 1, "sku": "A0", "price": "0.00", "more": 1},  # 0 is often shown as "0.00"
        {"id": 2, "sku": "A1", "price": 7},
        {"id": 3, "sku": "A2"},
    ]
    told = api(lambda call: (200, {"data": stored}))
    result: LookupResult = await told.connector.lookup(batch(items(4), lookup(complete=True)))
    assert result.target_ids == ["1", "2", "3", None]
    assert result.holds == {0: True, 1: False}  # of the third the price is not shown


async def test_one_bad_key_fails_its_record_alone() -> None:
    told = api(lambda call: (200, {"data": [THERE[0], {"id": "X", "sku": "A0"}, THERE[1]]}))
    result = await told.connector.lookup(batch(items(2), lookup(complete=True)))
    assert result.failures.keys() == {0}
    assert result.target_ids == [None, "T1"]
