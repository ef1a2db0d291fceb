"""What an API's answers to writes mean: of a record, of its absence, or of the whole call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from syncline.connectors.http import HttpConnector
from syncline.connectors.port import ConnectorError
from syncline.domain.errors import Category, RetriableError
from tests.support.answering import Answering, Call
from tests.support.http_world import BULK, SINGLE, UPSERT, batch, items

PLAIN: dict[str, Any] = {"endpoint": "/items", "answer": {"id": "id"}}
BLIND: dict[str, Any] = {name: value for name, value in SINGLE.items() if name != "lookup"}
CREATED = {"data": {"id": "new"}}


def refusing(status: int, places: set[int] | None = None) -> Callable[[Call], Any]:
    """Refuse some records, all by default; every record says its place by `price`."""

    def answer(call: Call) -> Any:
        sent = call.sent if isinstance(call.sent, list) else [call.sent]
        if places is None or places & {record["price"] for record in sent}:
            return status, {"error": f"no, says {status}"}
        return 200, {"id": "new", "data": [{**record, "id": "new"} for record in sent]}

    return answer


@pytest.mark.parametrize("status", [401, 403, 404, 405, 410, 415])
@pytest.mark.parametrize("options", [PLAIN, {**UPSERT, "answer": {}}], ids=["single", "bulk"])
async def test_what_would_meet_every_record_is_told_once(
    status: int, options: dict[str, Any]
) -> None:
    told = Answering(refusing(status))
    with pytest.raises(ConnectorError, match=f"no, says {status}") as caught:
        await told.connector.write(batch(items(50), options))
    assert caught.value.failure.category is Category.PERMANENT
    assert len(told.calls) == 1


@pytest.mark.parametrize("status", [403, 404])
async def test_a_right_that_goes_in_the_middle_stops_the_rest_and_keeps_what_was_written(
    status: int,
) -> None:
    told = Answering(refusing(status, set(range(4, 50))))
    result = await told.connector.write(batch(items(50), PLAIN))
    assert result.target_ids[:4] == ["new"] * 4
    assert sorted(result.stopped) == list(range(6, 50))  # three in a row tell
    assert sorted(result.failures) == [4, 5]
    assert len(told.calls) == 7


async def test_a_login_that_is_refused_in_the_middle_is_no_records_failure() -> None:
    told = Answering(refusing(401, set(range(4, 50))))
    result = await told.connector.write(batch(items(50), PLAIN))
    assert (sorted(result.stopped), result.failures) == (list(range(4, 50)), {})
    assert {failure.code for failure in result.stopped.values()} == {"login_refused"}


@pytest.mark.parametrize("status", [403, 404])
async def test_one_record_that_must_not_be_touched_fails_alone(status: int) -> None:
    told = Answering(refusing(status, {7}))
    result = await told.connector.write(batch(items(20), PLAIN))
    assert (sorted(result.failures), result.stopped) == ([7], {})
    # Of a right is not known yet whose it is, so the record is tried again.
    category = Category.UNKNOWN if status == 403 else Category.PERMANENT
    assert result.failures[7].category is category


async def test_403_with_a_time_to_come_again_is_a_busy_api() -> None:
    told = Answering(lambda call: (403, {"error": "slow down"}, {"retry-after": "60"}))
    with pytest.raises(RetriableError) as caught:
        await told.connector.write(batch(items(3), PLAIN))
    assert caught.value.failure.retry_after == 60
    assert len(told.calls) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(409, "conflict"), (422, "http_422"), (413, "too_large"), (400, "http_400")],
)
async def test_a_bulk_is_halved_and_refusals_are_kept_apart(status: int, code: str) -> None:
    told = Answering(refusing(status, {11}))
    result = await told.connector.write(batch(items(50), {**BULK, "lookup": None}))
    assert {place: failure.code for place, failure in result.failures.items()} == {11: code}
    assert len(told.calls) < 14


def gone_or_there(status: int, document: Any) -> Callable[[Call], Any]:
    def answer(call: Call) -> Any:
        return (status, document) if call.method == "PATCH" else (201, CREATED)

    return answer


@pytest.mark.parametrize(
    ("status", "document", "rule"),
    [
        (404, {}, None),
        (410, {}, None),
        (200, {"error": "Item 7 does not exist"}, {"status": 200, "contains": "does not exist"}),
        (422, {"error": "unknown record"}, {"contains": "Unknown record"}),
        (400, {"code": "E17"}, {"status": 400, "contains": "E17"}),
    ],
)
@pytest.mark.parametrize("recreate", [True, False])
async def test_a_record_that_is_gone_in_the_apis_own_words_is_made_anew(
    status: int, document: Any, rule: dict[str, Any] | None, recreate: bool
) -> None:
    options = {**BLIND, "update": {**BLIND["update"], "recreate": recreate}}
    told = Answering(gone_or_there(status, document), errors={"inSuccess": "error"})
    work = batch(items(1), {**options, "gone": [rule] if rule else None}, ["7"])
    result = await told.connector.write(work)
    if recreate:
        assert (result.target_ids, result.failures) == (["new"], {})
        assert told.methods() == ["PATCH", "POST"]
    else:
        assert result.failures[0].code in ("not_found", "gone")
        assert result.failures[0].category is Category.PERMANENT


async def test_of_a_bulk_those_that_are_gone_are_made_anew() -> None:
    def answer(call: Call) -> Any:
        if call.method == "POST":
            return 200, {"data": [{**record, "id": "new"} for record in call.sent]}
        told = [
            {"id": record["id"], "status": 404 if record["id"] == "2" else 200, "error": "not here"}
            for record in call.sent
        ]
        return 200, {"data": told}

    update = {
        **BULK["update"],
        "recreate": True,
        "answer": {"records": "data", "key": "id", "status": "status", "error": "error"},
    }
    options = {**BULK, "lookup": None, "update": update, "gone": [{"contains": "not here"}]}
    told = Answering(answer)
    result = await told.connector.write(batch(items(3), options, ["1", "2", "3"]))
    assert (result.target_ids, result.failures) == (["1", "new", "3"], {})


@pytest.mark.parametrize("gone", [None, [{"status": 200, "contains": "no such"}]])
async def test_deleting_what_is_gone_in_the_apis_own_words(gone: Any) -> None:
    told = Answering(lambda call: (200, {"error": "no such item"}), errors={"inSuccess": "error"})
    result = await told.connector.delete(["1"], {**SINGLE, "gone": gone})
    assert result.failures.keys() == (set() if gone else {0})


async def test_deleting_stops_where_it_concerns_the_whole_call() -> None:
    told = Answering(lambda call: (405, {}))
    with pytest.raises(ConnectorError):
        await told.connector.delete(["1", "2", "3"], SINGLE)
    assert len(told.calls) == 1


SKIP: dict[str, Any] = {
    **{name: value for name, value in SINGLE.items() if name != "update"},
    "existing": "skip",
}


async def test_only_what_is_not_there_yet_is_created() -> None:
    def answer(call: Call) -> Any:
        if call.method == "GET":
            return 200, {"data": [{"id": 1, "sku": "A1"}], "total": 1}
        return 201, CREATED

    told = Answering(answer)
    result = await told.connector.write(batch(items(3), SKIP, ["0", None, None]))
    assert (result.existing, result.failures) == ({0, 1}, {})
    assert result.target_ids == ["0", "1", "new"]
    assert told.methods() == ["GET", "POST"]


async def test_what_the_api_says_is_there_already_is_left_as_it_is() -> None:
    options = {**SKIP, "lookup": None, "exists": [{"status": 409, "contains": "taken"}]}
    told = Answering(lambda call: (409, {"error": "sku taken" if call.sent["price"] else "locked"}))
    result = await told.connector.write(batch(items(2), options))
    assert result.existing == {1}
    assert {place: failure.code for place, failure in result.failures.items()} == {0: "conflict"}


@pytest.mark.parametrize("options", [PLAIN, {**UPSERT, "answer": {}}], ids=["single", "bulk"])
@pytest.mark.parametrize("status", [404, 422])
async def test_an_answer_that_a_parent_is_missing_is_its_records_own(
    status: int, options: dict[str, Any]
) -> None:
    told = Answering(refusing(status, {1, 2, 3, 4, 5}))
    rules = {**options, "parentMissing": [{"status": status, "contains": f"SAYS {status}"}]}
    result = await told.connector.write(batch(items(8), rules))
    codes = {place: failure.code for place, failure in result.failures.items()}
    assert (codes, result.stopped) == (dict.fromkeys((1, 2, 3, 4, 5), "parent_missing"), {})


async def test_a_result_that_says_that_a_parent_is_missing() -> None:
    told = Answering(results(row(0, s=200), row(1, s=422, e="no such product")))
    rules = {
        "endpoint": "/items",
        "bulkSize": 10,
        "answer": {"records": "data", "id": "id", **STATUS},
        "parentMissing": [{"contains": "no such product"}],
    }
    result = await told.connector.write(batch(items(2), rules))
    failure = result.failures[1]
    assert (failure.code, failure.category) == ("parent_missing", Category.PERMANENT)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"existing": "skip"}, "existing"),  # beside `update`
        ({"existing": "keep"}, "existing"),
        ({"existing": "skip", "update": None, "lookup": None}, "existing"),
        ({"exists": [{"status": 409}]}, "exists"),
        ({"gone": [{"status": 200}]}, "gone[0].contains"),
        ({"gone": [{"status": 7}]}, "gone[0].status"),
        ({"gone": [{"contain": "x"}]}, "gone[0].contain"),
        ({**BULK, "honoursKeys": True}, "honoursKeys"),
        ({"honoursKeys": "yes"}, "honoursKeys"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], path: str) -> None:
    problems = HttpConnector.target_problems({**SINGLE, **changes})
    assert f"$.transformation.target.{path}" in [problem.path for problem in problems]


def results(*told: Any) -> Callable[[Call], Any]:
    return lambda call: (200, {"data": list(told)})


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"sku": f"A{number}", "id": number, **more}


BY_KEY, BY_INDEX, STATUS = {"key": "sku"}, {"index": "n"}, {"status": "s", "error": "e"}
LEFT_OUT, UNCLEAR = "missing_in_answer", "answer_unclear"


@pytest.mark.parametrize(
    ("answer", "told", "ids", "codes"),
    [
        ({}, (row(0), row(1), row(2)), ["0", "1", "2"], {}),
        # In order, and not as many: whose is which?
        ({}, (row(0), row(1)), [None] * 3, dict.fromkeys(range(3), UNCLEAR)),
        ({}, (row(0), row(1), row(2), row(3)), [None] * 3, dict.fromkeys(range(3), UNCLEAR)),
        # By key: another order, strangers, one twice, one left out.
        (BY_KEY, (row(2), row(0), row(1)), ["0", "1", "2"], {}),
        (BY_KEY, (row(2), row(9), row(0), row(1)), ["0", "1", "2"], {}),
        (BY_KEY, (row(0), row(0), row(1), row(2)), [None, "1", "2"], {0: UNCLEAR}),
        (BY_KEY, (row(0), row(2)), ["0", None, "2"], {1: LEFT_OUT}),
        (BY_KEY, (), [None] * 3, dict.fromkeys(range(3), LEFT_OUT)),
        (BY_INDEX, (row(2, n=2), row(0, n=0), row(1, n=1)), ["0", "1", "2"], {}),
        (BY_INDEX, (row(0, n=0), row(9, n=7), row(2, n=2)), ["0", None, "2"], {1: LEFT_OUT}),
        (BY_INDEX, (row(0, n=0), row(1, n=0), row(2, n=2)), [None, None, "2"],
         {0: UNCLEAR, 1: LEFT_OUT}),
        (BY_INDEX, (row(0, n=False), row(1, n=True), row(2, n=2)), [None, None, "2"],
         {0: LEFT_OUT, 1: LEFT_OUT}),
        # IDs as APIs give them.
        ({}, (row(0), {"id": ""}, {"id": None}), ["0", None, None], {}),
        ({}, ({"id": 7}, {"id": False}, {"id": [1]}), ["7", None, None], {}),
        # A status that is not there says nothing.
        (STATUS, (row(0, s="ok"), row(1), row(2, s=201)), ["0", None, "2"], {1: UNCLEAR}),
        (STATUS, (row(0, s=200.0), row(1, e="bad"), row(2, s=None)), ["0", None, None],
         {1: "record_refused", 2: UNCLEAR}),
    ],
)  # fmt: skip
async def test_the_answer_to_a_bulk(
    answer: dict[str, str], told: tuple[Any, ...], ids: list[str | None], codes: dict[int, str]
) -> None:
    options = {
        "endpoint": "/items",
        "bulkSize": 10,
        "answer": {"records": "data", "id": "id", **answer},
    }
    result = await Answering(results(*told)).connector.write(batch(items(3), options))
    assert result.target_ids == ids
    assert {place: failure.code for place, failure in result.failures.items()} == codes
    for failure in result.failures.values():  # it may have been written: the target is asked first
        assert failure.ambiguous is (failure.code != "record_refused")


async def test_two_records_with_one_key_take_their_results_in_order() -> None:
    options = {
        "endpoint": "/items",
        "bulkSize": 10,
        "answer": {"records": "data", "key": "sku", "status": "s"},
    }
    told = Answering(results(row(0, s="ok"), row(1, s="ok"), row(0, s="duplicate")))
    records = [{"sku": "A0"}, {"sku": "A1"}, {"sku": "A0"}]
    result = await told.connector.write(batch(records, options))
    assert list(result.failures) == [2]


@pytest.mark.parametrize("document", [[], [{"id": 1}, {"id": 2}]])
async def test_a_list_is_no_answer_to_one_record(document: Any) -> None:
    result = await Answering(lambda call: (200, document)).connector.write(batch(items(1), PLAIN))
    assert result.failures[0].code == "answer_unclear"
    assert result.failures[0].ambiguous


async def test_a_record_whose_id_is_not_told_is_not_created_again_at_its_next_change() -> None:
    told = Answering(lambda call: (201, {"key": 1}))
    result = await told.connector.write(batch(items(1), BLIND))
    assert result.failures[0].code == "id_missing"
    assert result.failures[0].ambiguous
    found = await Answering(lambda call: (200, {"data": [], "total": 0})).connector.write(
        batch(items(1), SINGLE)
    )
    assert found.failures == {}  # it is looked up


async def test_what_was_looked_for_is_not_looked_for_again() -> None:
    told = Answering(lambda call: (201, CREATED))
    work = batch(items(2), SINGLE)
    work.asked = True
    assert (await told.connector.write(work)).failures == {}
    assert told.methods() == ["POST", "POST"]


@pytest.mark.parametrize("size", [1, 100])
async def test_each_record_is_sent_in_its_envelope(size: int) -> None:
    def answer(call: Call) -> Any:
        sent = call.sent if isinstance(call.sent, list) else [call.sent]
        return 200, {"results": [{"key": each["key"], "id": f"i-{each['key']}"} for each in sent]}

    told = Answering(answer)
    envelope = {"key": "{key}", "data": "{record}", "once": "{idempotencyKey}"}
    read = {"records": "results", "id": "id", "key": "key", "keyOf": "key"}
    options = {"endpoint": "/items", "bulkSize": size, "envelope": envelope, "answer": read}

    result = await told.connector.write(batch(items(2), options))

    assert result.target_ids == ["i-A0", "i-A1"]
    sent = [each for call in told.calls for each in (call.sent if size > 1 else [call.sent])]
    assert sent[1] == {"key": "A1", "data": {"sku": "A1", "price": 1}, "once": "key-1"}


async def test_fields_of_new_records_alone_are_left_out_of_updates() -> None:
    there = {"id": "7", "sku": "A0", "name": "theirs"}

    def answer(call: Call) -> Any:
        return 200, {"data": [there] if call.method == "GET" else {"id": "7"}, "total": 1}

    told = Answering(answer)
    given = msgspec.structs.replace(
        batch(items(2, name="ours"), SINGLE), on_create=("name", "price")
    )
    looked = await told.connector.lookup(given)
    assert looked.holds == {0: True}  # by what an update would send
    await told.connector.write(given)

    sent = {call.method: call.sent for call in told.calls}
    assert sent["PATCH"].keys() == {"sku"}
    assert sent["POST"].keys() >= {"sku", "name", "price"}


async def test_what_is_gone_and_created_anew_gets_them_again() -> None:
    told = Answering(lambda call: (404 if call.method == "PATCH" else 200, {"data": {"id": "8"}}))
    options = {**BLIND, "update": {**BLIND["update"], "recreate": True}}
    given = msgspec.structs.replace(batch(items(1), options, ["7"]), on_create=("price",))

    assert (await told.connector.write(given)).target_ids == ["8"]
    assert [("price" in call.sent) for call in told.calls] == [False, True]
