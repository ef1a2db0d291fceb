"""What the REST API tells of runs and records: lists, a run in full, passports, one search."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from syncline.domain.run import Run
from syncline.postgres.database.database import open_database
from tests.support.erp_shop import store_erp_shop
from tests.support.installation import Installation

ONCE_REFUSED = """
create sequence tries;
create function refuse_once() returns trigger language plpgsql as $$ begin
  if new.code = 'A2' and nextval('tries') = 1 then
    raise exception 'try again' using errcode = '40001';
  end if;
  return new;
end $$;
create trigger refuse_once before insert on target_items for each row
  execute function refuse_once();
update source_items set name = 'internal' where code = 'A3';
update source_items set name = null where code = 'A4';
update source_items set price = 1234567890123.456789 where code = 'A1';
"""
NOBODY = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"
RUNS, RECORDS, PASSPORT, SEARCH = (
    f"/api/v1/{path}" for path in ("runs", "records", "records/passport", "search")
)


@pytest.fixture(scope="module")
async def place(module_place: Installation) -> Installation:
    async with open_database(module_place.dsn) as database:
        await store_erp_shop(database, module_place)
        async with database.connection() as connection:
            await connection.execute(ONCE_REFUSED)
    return module_place


@pytest.fixture(scope="module")
async def run(place: Installation, api: httpx.AsyncClient) -> Run:
    """A1 and A2 are written at their second attempt, A3 excluded, A4 nameless, nope unknown."""
    return await place.run(
        instance="erp-shop", entityType="item", sourceIds="A1,A2,A3,A4,nope", batchSize=2
    )


async def get(api: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def payloads(passport: Any) -> dict[str, Any]:
    return {payload["kind"]: payload for payload in passport["payloads"]}


async def steps(api: httpx.AsyncClient, source_id: str) -> tuple[Any, dict[str, Any]]:
    passport = await get(api, PASSPORT, sourceId=source_id)
    return passport, {step["stage"]: step for step in passport["steps"]}


async def test_a_passport_shows_each_stage_and_the_attempt_that_failed(
    api: httpx.AsyncClient, run: Run
) -> None:
    passport, by_stage = await steps(api, "A2")
    assert passport["place"]["correlationId"] == run.id
    assert passport["place"]["outcome"] == "success"
    assert [step["result"] for step in passport["steps"]] == ["passed"] * 3 + ["written"]
    (attempt,) = by_stage["execute"]["attempts"]
    assert (attempt["number"], attempt["category"]) == (1, "transient")
    assert "try again" in attempt["message"] + str(attempt["detail"])
    name = next(c for c in by_stage["normalize"]["changes"] if c["target"] == "name")
    assert (name["before"], name["after"], name["changed"]) == ('" Näme 2"', '"Näme 2"', True)
    assert '"code":"A2"' in payloads(passport)["raw"]["text"]
    assert '"title":"Näme 2"' in payloads(passport)["payload"]["text"]
    assert passport["unused"] == ["changed"]


async def test_payloads_keep_every_digit(api: httpx.AsyncClient, run: Run) -> None:
    passport, _ = await steps(api, "A1")
    for payload in passport["payloads"]:
        assert payload["state"] == "kept"
        assert "1234567890123.456789" in payload["text"]


async def test_a_passport_ends_where_the_record_did(api: httpx.AsyncClient, run: Run) -> None:
    excluded, by_stage = await steps(api, "A3")
    assert by_stage["transform"]["result"] == "skipped"
    assert by_stage["transform"]["reason"] == "excluded"
    assert by_stage["execute"]["result"] == "not_reached"
    assert payloads(excluded)["payload"]["state"] == "absent"

    failed, by_stage = await steps(api, "A4")
    assert by_stage["normalize"]["result"] == "failed"
    assert failed["place"]["deadLetter"]
    assert payloads(failed)["raw"]["state"] == "kept"
    assert payloads(failed)["canonical"]["state"] == "absent"
    changes = {change["target"]: change for change in by_stage["normalize"]["changes"]}
    assert changes["sku"]["after"] == '"A4"', "what was made of the good fields is shown"
    assert changes["name"]["after"] is None
    assert changes["name"]["error"]

    _, by_stage = await steps(api, "nope")
    assert [step["result"] for step in by_stage.values()] == ["failed"] + ["not_reached"] * 3


async def test_a_run_is_shown_in_full(api: httpx.AsyncClient, run: Run) -> None:
    report = await get(api, f"{RUNS}/{run.id}")
    numbers = {s["stage"]: (s["entered"], s["passed"], s["skipped"], s["failed"], s["retried"])
               for s in report["stages"]}  # fmt: skip
    assert numbers == {  # A1 and A2 were in one bulk, which the target refused as a whole
        "ingest": (5, 4, 0, 1, 0), "normalize": (4, 3, 0, 1, 0),
        "transform": (3, 2, 1, 0, 0), "execute": (2, 2, 0, 0, 2), "finalize": (5, 5, 0, 0, 0),
    }  # fmt: skip
    assert all(s["worked"] is not None for s in report["stages"] if s["stage"] == "execute")
    assert {group["sourceId"] for group in report["failures"]} == {"A4", "nope"}
    assert report["mapping"] == {"name": "items", "version": 1, "activeVersion": 1}


async def test_lists_are_filtered_and_paged(api: httpx.AsyncClient, run: Run) -> None:
    path, seen, cursor = f"{RUNS}/{run.id}/records", [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = await get(api, path, **query)
        seen += [record["sourceId"] for record in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == ["A1", "A2", "A3", "A4", "nope"]
    retried = await get(api, path, attempts=2)
    assert sorted(record["sourceId"] for record in retried["items"]) == ["A1", "A2"]

    runs = await get(api, RUNS, state=["partial_success"], idPrefix=run.id[:8])
    assert [item["correlationId"] for item in runs["items"]] == [run.id]
    assert (await get(api, f"{RUNS}/count", instance="erp-shop"))["count"] >= 1
    assert [hit["kind"] for hit in (await get(api, SEARCH, q=run.id))["hits"]] == ["run"]
    hits = (await get(api, SEARCH, q="A2"))["hits"]
    assert {hit["kind"] for hit in hits if hit["sourceId"] == "A2"} >= {"record"}
    history = await get(api, RECORDS, sourceId="A2")
    assert [each["outcome"] for each in history["runs"]] == ["success"]


ODD = ["🙂", "مرحبا", "../../runs", "a/b?c#d", "%00x", "' or 1=1 --", "x" * 512]
LONG = "x" * 10_000


@pytest.mark.parametrize("text", ODD)
async def test_unknown_ids_of_any_letters_are_looked_for(
    api: httpx.AsyncClient, run: Run, text: str
) -> None:
    assert (await get(api, SEARCH, q=text))["hits"] == []
    assert (await get(api, RECORDS, sourceId=text))["runs"] == []
    assert (await get(api, f"{RUNS}/{run.id}/records", sourceId=text))["items"] == []
    assert (await api.get(PASSPORT, params={"sourceId": text})).status_code == 404


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (f"{RUNS}/17", {}, 422),
        (f"{RUNS}/{NOBODY}", {}, 404),
        (f"{RUNS}/{NOBODY}/records", {}, 404),
        (PASSPORT, {"sourceId": "A1", "run": NOBODY}, 404),
        (PASSPORT, {"sourceId": "A1", "run": "17"}, 422),
        (PASSPORT, {"sourceId": LONG}, 422),
        (PASSPORT, {}, 422),
        (RECORDS, {"sourceId": "a\0b"}, 422),
        (RECORDS, {"sourceId": LONG}, 422),
        (SEARCH, {"q": ""}, 422),
        (SEARCH, {"q": "\0"}, 422),
        (RUNS, {"state": "done"}, 422),
        (RUNS, {"instance": "\0"}, 422),
        (RUNS, {"idPrefix": "xyz"}, 422),
        (RUNS, {"since": "yesterday"}, 422),
        (RUNS, {"since": "0001-01-01T00:00:00+14:00"}, 422),
        (RUNS, {"limit": 101}, 422),
        (RUNS, {"cursor": "Zm9v"}, 400),
    ],
)
async def test_what_is_wrong_is_refused_with_words(
    api: httpx.AsyncClient, path: str, query: dict[str, str], status: int
) -> None:
    answer = await api.get(path, params=query)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


async def test_a_cursor_belongs_to_its_filter(api: httpx.AsyncClient, run: Run) -> None:
    path = f"{RUNS}/{run.id}/records"
    cursor = (await get(api, path, limit=1))["next"]
    answer = await api.get(path, params={"limit": 1, "cursor": cursor, "outcome": "failed"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


async def test_payloads_are_hidden_from_who_may_not_see_them_and_erased_for_all(
    api: httpx.AsyncClient, run: Run
) -> None:
    """The last of the module: A4 is erased."""
    made = (await api.post("/api/v1/api-keys", json={"name": "blind"})).json()
    blind = {"Authorization": f"ApiKey {made['key']}"}
    hidden = (await api.get(PASSPORT, params={"sourceId": "A2"}, headers=blind)).json()
    assert {(p["state"], p["text"]) for p in hidden["payloads"]} == {("hidden", None)}
    assert [step["result"] for step in hidden["steps"]] == ["passed"] * 3 + ["written"]
    assert "Näme" not in str(hidden)

    erased = await api.post(
        "/api/v1/records/erase", json={"instance": "erp-shop", "sourceId": "A4"}
    )
    assert (erased.status_code, erased.json()["deadLetters"]) == (200, 1)
    passport = await get(api, PASSPORT, sourceId="A4")
    assert payloads(passport)["raw"]["state"] == "erased"
    letter = await get(api, f"/api/v1/dlq/{passport['place']['deadLetter']}")
    assert (letter["payload"], letter["entry"]["erasedBy"] is None) == (None, False)
    refused = await api.post(f"/api/v1/dlq/{letter['entry']['id']}/replay", json={})
    assert (refused.status_code, "was erased" in refused.text) == (409, True)
    looks = await get(api, "/api/v1/audit-log", action="payload.viewed", object="A2")
    assert len(looks["items"]) == 1
