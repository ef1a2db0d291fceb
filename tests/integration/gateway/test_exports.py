"""Lists as files: all that a filter finds, harmless in a spreadsheet, audited, and never half."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import httpx
import msgspec
import pytest

from syncline.domain.access import RoleName
from syncline.domain.errors import RetriableError
from syncline.postgres.audit.log import AuditEntry, AuditFilter, AuditLog
from syncline.postgres.database.database import Database
from syncline.postgres.database.sorts import Order
from syncline.postgres.runs.run_list import RunList
from syncline_gateway.access.caller import Authentication
from syncline_gateway.export import PART
from tests.support.access import give_key
from tests.support.configured import configure
from tests.support.gateway import Gateway, problem, served

MANY = PART + 9
_FILL = f"""
with one as (
  insert into runs (id, tenant, stream_id, instance_id, entity_type, source_id, target_id,
    mapping_id, mapping_version, mode, trigger, actor, batch_size, lanes, request_hash, state,
    created_at)
  select gen_random_uuid(), s.tenant, s.id, s.instance_id, s.entity_type, i.source_id, i.target_id,
    s.mapping_id, 1, 'incremental', case when n > 1 then 'cli' else 'hook' end, 'Zoë', 100, 1,
    gen_random_uuid(), 'succeeded', now() - make_interval(mins => n)
  from streams s join instances i on i.id = s.instance_id, generate_series(1, {MANY} + 1) n
  where s.id = (select min(id) from streams) returning id, tenant, trigger, actor),
audited as (
  insert into audit_log (tenant, actor, action, object, details, ip)
  select tenant, actor, 'run.triggered', id::text, '{{"of": [1.50]}}', null from one),
letters as (
  insert into dead_letters (id, tenant, source_id, stage, category, code, error, fingerprint,
    attempts, retries, payload, failed_at)
  select id, tenant, '-5', 'execute', 'permanent', 'x', '=1+"1"', 'f', '[]', 0, null, now()
  from one)
insert into batches (run_id, number, tenant, lane, stage, source_ids, outcomes)
select id, n, tenant, 0, 'normalize', array_fill('@'::text, array[100]), repeat('SF', 50)
from one, generate_series(0, 5) n where trigger = 'hook'
"""


async def every(http: httpx.AsyncClient, path: str) -> list[Any]:
    """Return all items of a list, page by page."""
    found, query = [], {"limit": "100"}
    while True:
        url = httpx.URL(path)
        body = (await http.get(url.path, params=url.params.merge(query))).json()
        found += body["items"]
        if body["next"] is None:
            return found
        query["cursor"] = body["next"]


async def fill(database: Database) -> str:
    """Fill all lists; returns the run that has records."""
    await configure(database)
    await database.execute(_FILL)
    return str(await database.fetchval("select id from runs where trigger = 'hook'"))


async def exports(database: Database, action: str | None = None) -> list[AuditEntry]:
    found = await AuditLog(database).page(["default"], AuditFilter(action=action), 1000)
    return [entry for entry in found if ".export" in entry.action]


async def test_a_file_holds_all_that_the_list_shows_with_its_filter(place: Gateway) -> None:
    run = await fill(place.database)
    async with place.client(await give_key(place.database, "user")) as http:
        for path, query, count, kind in (
            ("/runs", "trigger=cli&state=succeeded&state=failed", MANY, "run"),
            (f"/runs/{run}/records", "outcome=failed", 300, "record"),
            ("/dlq", "code=x&status=all", MANY + 1, "dlq"),
            ("/audit-log", "action=run.triggered", MANY + 1, "audit_log"),
        ):
            answer = await http.get(f"{path}/export?{query}&format=ndjson")
            assert answer.headers["content-type"] == "application/x-ndjson; charset=utf-8"
            lines = [msgspec.json.decode(line) for line in answer.text.splitlines()]
            assert len(lines) == count
            assert lines == await every(http, f"{path}?{query}")
            done, begun = await exports(place.database, kind)
            assert (begun.action, done.action) == (f"{kind}.export_begun", f"{kind}.exported")
            assert done.details == begun.details | {"count": count}
            assert f'filename="{done.object}"' in answer.headers["content-disposition"]
    (done, _) = await exports(place.database, "run")
    assert re.fullmatch(r"runs-\d{8}T\d{6}Z\.ndjson", done.object)
    assert done.details["filter"] == {"trigger": "cli", "state": ["succeeded", "failed"]}


async def test_a_spreadsheet_computes_nothing_of_a_file(place: Gateway) -> None:
    run = await fill(place.database)
    async with place.client(await give_key(place.database, "runner")) as http:
        files = [
            (await http.get(f"{path}/export")).content
            for path in ("/dlq", f"/runs/{run}/records", "/runs")
        ]
        found = await every(http, "/runs?trigger=hook")
    assert all(file.startswith(b"\xef\xbb\xbf") and file.endswith(b"\r\n") for file in files)
    dead, records, runs = (
        list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline=""))) for file in files
    )
    assert (len(dead), len(records), len(runs)) == (MANY + 1, 600, MANY + 1)
    assert (dead[0]["error"], dead[0]["sourceId"], dead[0]["retries"]) == ('\'=1+"1"', "'-5", "0")
    assert (records[0]["sourceId"], dead[0]["instance"]) == ("'@", "")
    (first, *_) = runs
    assert (first["createdAt"], first["actor"]) == (found[0]["createdAt"], "Zoë")
    assert (first["totalIsFinal"], first["notices"]) == ("false", "[]")


@pytest.mark.parametrize("role", ["runner", "user"])
async def test_who_may_not_see_a_list_gets_no_file(place: Gateway, role: RoleName) -> None:
    async with place.client(await give_key(place.database, role)) as http:
        allowed = await http.get("/audit-log/export")
        assert allowed.status_code == (await http.get("/audit-log")).status_code
        assert problem(await http.get("/runs/export?format=xml")) == (422, "invalid_input")
    assert len(await exports(place.database)) == 2 * allowed.is_success


async def test_an_export_that_fails_breaks_off(
    place: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(place.database)
    page = RunList.page

    async def fails(self: RunList, tenant: str, wanted: Any, limit: int, order: Order) -> Any:
        if order.after is not None:
            raise RetriableError("away", code="database_unavailable")
        return await page(self, tenant, wanted, limit, order)

    async def is_not(*_: object) -> bool:
        return False

    key = await give_key(place.database, "user")
    for replaced, name, by in (
        (RunList, "page", fails),
        (Authentication, "is_still", is_not),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(replaced, name, by)
            async with served(place) as url, httpx.AsyncClient(base_url=url, headers=key) as http:
                for format in ("csv", "ndjson"):
                    with pytest.raises(httpx.RemoteProtocolError):
                        await http.get("/api/v1/runs/export", params={"format": format})
    assert {entry.action for entry in await exports(place.database)} == {"run.export_begun"}
