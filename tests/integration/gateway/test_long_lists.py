"""Lists that are longer than a page: every item is reached by `next`, and by a search."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from syncline.domain.access import Role
from syncline.postgres.database.database import Database, open_database
from syncline_gateway.access.caller import Caller, caller_of
from tests.support.configured import configure
from tests.support.gateway import gateway

MANY = 130
_RUNS = """
with one as (
  insert into runs (id, tenant, stream_id, instance_id, entity_type, source_id, target_id,
    mapping_id, mapping_version, mode, trigger, actor, batch_size, lanes, request_hash, state,
    created_at)
  select gen_random_uuid(), s.tenant, s.id, s.instance_id, s.entity_type, i.source_id, i.target_id,
    s.mapping_id, 1, 'incremental', 'cli', 'tester', 100, 1, gen_random_uuid(), 'succeeded',
    now() - make_interval(mins => n)
  from streams s join instances i on i.id = s.instance_id, generate_series(1, {many}) n
  where s.id = (select min(id) from streams) returning id, tenant)
insert into batches (run_id, number, tenant, lane, stage, source_ids, outcomes)
select id, 0, tenant, 0, 'normalize', array['A1', 'A2'], 'SF' from one
"""


@pytest.fixture
async def http(postgres: str) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway(postgres) as place:
        place.app.dependency_overrides[caller_of] = lambda: Caller("default", "t", Role.USER)
        await configure(place.database)
        await _fill(place.database)
        async with place.client() as client:
            yield client


async def _fill(db: Database) -> None:
    await db.execute(_RUNS.format(many=MANY))
    await db.execute(
        """insert into mapping_versions (mapping_id, version, tenant, actor, document)
        select v.mapping_id, n, v.tenant, 'anna', v.document from mapping_versions v,
          generate_series(2, $1::int) n where v.version = 1
          and v.mapping_id = (select id from mappings order by name limit 1)""",
        MANY,
    )


async def _every(http: httpx.AsyncClient, path: str, items: str, **query: Any) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    while True:
        given = query | {"limit": 100} | ({"cursor": cursor} if cursor else {})
        body = (await http.get(path, params=given)).json()
        found += body[items]
        cursor = body.get("next")
        if cursor is None:
            return found


async def test_every_run_of_a_record_is_reached(http: httpx.AsyncClient) -> None:
    runs = await _every(http, "/records", "runs", sourceId="A2")
    assert len({run["correlationId"] for run in runs}) == len(runs) == MANY
    assert [run["createdAt"] for run in runs] == sorted(
        (run["createdAt"] for run in runs), reverse=True
    )


async def test_a_version_of_a_mapping_is_found_by_its_number(http: httpx.AsyncClient) -> None:
    name = (await http.get("/mapping-configs", params={"limit": 1})).json()["items"][0]["name"]
    path = f"/mapping-configs/{name}/versions"
    assert len(await _every(http, path, "items")) == MANY
    assert [v["version"] for v in await _every(http, path, "items", search="7")] == [7]
    assert len(await _every(http, path, "items", search="ANN")) == MANY - 1


async def test_a_search_says_that_there_is_more(http: httpx.AsyncClient) -> None:
    places = (await http.get("/search", params={"q": "A2"})).json()
    assert ([hit["kind"] for hit in places["hits"]], places["more"]) == (["record"], [])


async def test_a_search_shows_each_stream_of_a_record_however_many_runs_one_had(
    http: httpx.AsyncClient, postgres: str
) -> None:
    async with open_database(postgres) as db:
        await configure(db, instance="other")
        await db.execute(_RUNS.format(many=1).replace("min(id)", "max(id)").replace(
            "now() -", "now() - interval '1 year' -"))  # fmt: skip
    body = (await http.get("/search", params={"q": "A2"})).json()
    assert [hit["instance"] for hit in body["hits"]] == ["erp-shop", "other"]


async def test_every_replay_of_a_run_is_reached(http: httpx.AsyncClient, postgres: str) -> None:
    async with open_database(postgres) as db:
        first = await db.fetchval("select id from runs order by created_at limit 1")
        await db.execute("update runs set parent_id = $1 where id <> $1", first)
    report = (await http.get(f"/runs/{first}")).json()
    assert (len(report["replays"]), report["moreReplays"], report["moreFailures"]) == (
        20, True, False,
    )  # fmt: skip
    assert len(await _every(http, "/runs", "items", parent=str(first))) == MANY - 1
