"""Profiles, mappings, instances and cursors over HTTP: lists, edits, marks, mistakes, tenants."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from syncline.domain.access import Role
from syncline.domain.errors import Category, Failure
from syncline.postgres.database.database import Database
from syncline.postgres.limits.breakers import Breakers
from syncline.postgres.limits.leases import Limits
from syncline.postgres.limits.run_limiter import RunLimiter
from syncline_gateway.access.caller import Caller, caller_of
from tests.support.gateway import gateway
from tests.support.stored_runs import store_runs

SECRET = "canary-s3cret"
PROFILE: dict[str, Any] = {
    "name": "erp",
    "connector": "postgresql",
    "config": {"host": "127.0.0.1", "port": 9, "database": "d", "user": "u"},
    "secrets": {"password": SECRET},
}
MAPPING: dict[str, Any] = {
    "name": "items",
    "entityType": "item",
    "extraction": {"table": "items", "idColumn": "code", "cursorColumn": "changed"},
    "normalization": {"fields": [{"source": "code", "target": "sku"}]},
    "transformation": {
        "matchKey": "sku",
        "fields": [{"source": "sku", "target": "sku"}],
        "static": [{"target": "price", "value": 1.10}],
        "target": {"table": "items"},
    },
}


class Client:
    """Calls the API as somebody of a tenant."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.tenant = "default"
        self.role = Role.USER
        self.said: list[str] = []

    def caller(self) -> Caller:
        return Caller(self.tenant, "tester", self.role, sees_payloads=True)

    async def __call__(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        text = None if body is None else body if isinstance(body, str) else json.dumps(body)
        if text is not None:
            names["content-type"] = "application/json"
        answer = await self.http.request(method, path, content=text, headers=names)
        self.said.append(answer.text)
        return answer

    async def stored(self, path: str, body: dict[str, Any]) -> httpx.Response:
        answer = await self("PUT", f"{path}/{body['name']}", body)
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture
async def call(postgres: str, tmp_path: Path) -> AsyncIterator[Client]:
    async with gateway(postgres, files_roots=str(tmp_path)) as place, place.client() as http:
        await place.database.execute("insert into tenants (id) values ('other')")
        client = Client(http)
        place.app.dependency_overrides[caller_of] = client.caller
        yield client
        assert [text for text in client.said if SECRET in text] == []


@pytest.fixture
async def configured(call: Client, tmp_path: Path) -> Client:
    """A whole instance that reads a SQLite file."""
    file = tmp_path / "erp.db"
    with sqlite3.connect(file) as c:
        c.execute("create table items (code text primary key, changed text)")
        c.execute("insert into items values ('A1', '2026-01-31 08:15:00')")
    await call.stored(
        "/connection-profiles",
        {"name": "shop", "connector": "sqlite", "config": {"file": str(file)}},
    )
    await call.stored("/mapping-configs", MAPPING)
    await call.stored(
        "/instances", {"name": "shop", "source": "shop", "target": "shop", "mappings": ["items"]}
    )
    return call


async def test_profile_is_created_read_changed_and_deleted(call: Client) -> None:
    made = await call("POST", "/connection-profiles", PROFILE)
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/connection-profiles/erp")
    assert made.json()["secrets"] == {"password": "***"}
    assert (await call("POST", "/connection-profiles", PROFILE)).status_code == 409
    shown = await call("GET", "/connection-profiles/erp")
    body = {name: shown.json()[name] for name in ("name", "connector", "config", "secrets")}
    changed = await call(
        "PUT", "/connection-profiles/erp", body | {"active": False}, if_match=shown.headers["etag"]
    )
    assert (changed.status_code, changed.json()["active"]) == (200, False)
    assert (await call("DELETE", "/connection-profiles/erp")).status_code == 204
    assert (await call("GET", "/connection-profiles/erp")).status_code == 404


async def test_a_profile_whose_system_is_away_says_since_when_and_why(
    configured: Client, database: Database
) -> None:
    path = "/connection-profiles/shop"
    before = await configured("GET", path)
    assert before.json()["breaker"] is None
    breakers, (profile,) = (
        Breakers(database),
        await database.fetch("select id, tenant from profiles where name = 'shop'"),
    )
    refused = Failure(Category.PERMANENT, "login_refused", "shop refuses the login")
    assert await breakers.failed(profile["id"], profile["tenant"], refused)
    shown = await configured("GET", path)
    assert shown.json()["breaker"]["reason"] == refused.message
    assert shown.json()["breaker"]["openedAt"] < shown.json()["breaker"]["probeAt"]
    assert shown.headers["etag"] == before.headers["etag"]
    listed = (await configured("GET", "/connection-profiles")).json()["items"]
    assert {one["name"]: one["breaker"] is not None for one in listed}["shop"] is True
    await breakers.close(profile["id"])
    assert (await configured("GET", path)).json()["breaker"] is None


async def test_a_profile_shows_which_runs_use_its_calls(
    configured: Client, database: Database
) -> None:
    path, run = "/connection-profiles/shop", str(uuid4())
    before = await configured("GET", path)
    assert before.json()["calls"] == {"inHand": 0, "waiting": 0, "runs": []}
    await store_runs(database, [run])
    (profile,) = await database.fetch("select id, tenant from profiles where name = 'shop'")
    limiter = Limits(database).of(profile["id"], profile["tenant"], 10, None)
    async with RunLimiter(limiter, run).call():
        await limiter.renew()
        shown = await configured("GET", path)
        listed = (await configured("GET", "/connection-profiles")).json()["items"]
        configured.tenant = "other"
        assert (await configured("GET", "/connection-profiles")).json()["items"] == []
    assert shown.json()["calls"]["runs"] == [
        {
            "correlationId": run,
            "instance": "shop",
            "entityType": "item",
            "inHand": 1,
            "waiting": 0,
            "waitingSince": None,
        }
    ]
    assert [one["calls"] for one in listed] == [shown.json()["calls"]]
    assert shown.headers["etag"] == before.headers["etag"]


CHANGES: dict[str, dict[str, Any]] = {
    "/mapping-configs/items": {"extraction": {"table": "other", "idColumn": "code"}},
    "/instances/shop": {"enabled": False, "failureBudget": {"percent": 5}},
    "/connection-profiles/shop": {"maxConcurrent": 3},
}


EXPECTED = {"/instances/shop": {"failureBudget": {"count": None, "percent": 5}}}


@pytest.mark.parametrize("path", CHANGES)
async def test_two_edits_of_one_state_end_in_412(configured: Client, path: str) -> None:
    shown = await configured("GET", path)
    known = {"name", "connector", "config", "source", "target", "mappings"}
    body = {name: value for name, value in shown.json().items() if name in known}
    body = dict(MAPPING) if path.startswith("/mapping") else body
    tag = shown.headers["etag"]
    first = await configured("PUT", path, body | CHANGES[path], if_match=tag)
    assert first.status_code == 200, first.text
    assert first.json().items() >= EXPECTED.get(path, {}).items()
    second = await configured("PUT", path, body, if_match=tag)
    assert (second.status_code, second.json()["code"]) == (412, "changed_meanwhile")


async def test_mapping_versions_are_kept_shown_and_made_active(configured: Client) -> None:
    first = (await configured("GET", "/mapping-configs/items")).json()
    assert first["mapping"]["activeVersion"] == 1
    assert '"value": 1.10' in first["text"] or '"value": 1.1' in first["text"]
    same = await configured("PUT", "/mapping-configs/items", first["text"])
    assert same.json()["mapping"]["versions"] == 1
    text = first["text"].replace('"idColumn": "code"', '"idColumn": "code2"')
    assert (await configured("PUT", "/mapping-configs/items", text)).status_code == 200
    versions = (await configured("GET", "/mapping-configs/items/versions")).json()["items"]
    assert [(v["version"], v["active"]) for v in versions] == [(2, True), (1, False)]
    old = (await configured("GET", "/mapping-configs/items/versions/1")).json()
    assert old["document"]["extraction"]["idColumn"] == "code"
    back = await configured("POST", "/mapping-configs/items/versions/1/activate")
    assert back.json()["mapping"]["activeVersion"] == 1


async def test_mapping_version_is_saved_now_and_made_active_later(
    configured: Client, database: Database
) -> None:
    shown = await configured("GET", "/mapping-configs/items")
    text = shown.json()["text"].replace('"idColumn": "code"', '"idColumn": "code2"')
    path = "/mapping-configs/items/versions"
    made = await configured("POST", path, text, if_match=shown.headers["etag"])
    assert (made.status_code, made.json()["version"]["active"]) == (201, False)
    now = (await configured("GET", "/mapping-configs/items")).json()
    assert (now["mapping"]["activeVersion"], now["mapping"]["versions"]) == (1, 2)
    assert now["text"] == shown.json()["text"]
    done = "select details from audit_log where action = 'mapping.version_saved'"
    assert (await database.fetchval(done))["version"] == 2
    assert (await configured("POST", path, text.replace("{", '{"x": 1,', 1))).status_code == 422
    other = text.replace('"entityType": "item"', '"entityType": "other"')
    refused = await configured("POST", path, other)
    assert refused.json()["errors"][0]["path"] == "$.entityType"
    assert (await configured("POST", path, text, if_match='"stale"')).status_code == 412
    active = await configured("POST", f"{path}/2/activate", if_match=shown.headers["etag"])
    assert active.json()["mapping"]["activeVersion"] == 2


async def test_draft_is_validated_with_every_mistake_by_its_path(configured: Client) -> None:
    draft = MAPPING | {"transformation": {"fields": [{"source": "nope", "target": "a"}]}, "x": 1}
    answer = (await configured("POST", "/mapping-configs/validate", draft)).json()
    assert answer["valid"] is False
    assert "$.x" in [problem["path"] for problem in answer["problems"]]
    sound = (await configured("POST", "/mapping-configs/validate", MAPPING)).json()
    assert (sound["valid"], sound["problems"]) == (True, [])
    broken = await configured("POST", "/mapping-configs/validate", '{"name": \n oops}')
    assert (broken.status_code, broken.json()["code"]) == (400, "malformed_json")
    assert "line 2" in broken.json()["detail"]


async def test_doubts_are_told_where_something_is_saved(configured: Client) -> None:
    doubtful = json.loads(json.dumps(MAPPING))
    doubtful["normalization"]["fields"][0]["transform"] = "toBool"
    for method, path in (
        ("PUT", "/mapping-configs/items"),
        ("POST", "/mapping-configs/validate"),
    ):
        said = (await configured(method, path, doubtful)).json()["warnings"]
        assert "$.normalization.fields[0].transform" in [problem["path"] for problem in said]
    for path in ("/connection-profiles/shop", "/instances/shop"):
        shown = (await configured("GET", path)).json()
        known = {"name", "connector", "config", "source", "target", "mappings"}
        body = {name: value for name, value in shown.items() if name in known}
        assert isinstance((await configured("PUT", path, body)).json()["warnings"], list)


async def test_dry_run_shows_three_forms(configured: Client) -> None:
    answer = await configured("POST", "/mapping-configs/items/dry-run", {"limit": 1})
    (record,) = answer.json()["records"]
    assert record["raw"] == '{"code":"A1","changed":"2026-01-31 08:15:00"}'
    assert (record["canonical"], record["outcome"]) == ('{"sku":"A1"}', "mapped")
    wrong = await configured("POST", "/mapping-configs/items/dry-run", {"limit": "many"})
    assert (wrong.status_code, wrong.json()["errors"][0]["path"]) == (422, "$.limit")


async def test_status_names_the_cause_and_lists_filter_by_it(configured: Client) -> None:
    view = (await configured("GET", "/instances/shop")).json()
    assert (view["status"], view["cause"]) == ("active", None)
    profile = (await configured("GET", "/connection-profiles/shop")).json()
    body = {name: profile[name] for name in ("name", "connector", "config")}
    await configured.stored("/connection-profiles", body | {"active": False})
    view = (await configured("GET", "/instances/shop")).json()
    assert (view["status"], view["cause"]) == (
        "dependency_inactive", "profile 'shop' is Inactive",
    )  # fmt: skip
    off = await configured("POST", "/instances/shop/deactivate")
    assert off.json()["status"] == "inactive"
    found = [
        len((await configured("GET", f"/instances?status={status}")).json()["items"])
        for status in ("active", "inactive", "dependency_inactive")
    ]
    assert found == [0, 1, 0]
    await configured("POST", "/instances/shop/activate")
    assert (await configured("GET", "/instances?status=nope")).status_code == 422


async def test_lists_are_searched_filtered_and_paged(call: Client) -> None:
    for name in ("a_1", "a%2", "b3"):
        made = await call(
            "POST", "/connection-profiles", PROFILE | {"name": name.replace("%", "-")}
        )
        assert made.status_code == 201
    first = (await call("GET", "/connection-profiles?limit=2&search=A")).json()
    assert [item["name"] for item in first["items"]] == ["a-2", "a_1"]
    assert first["next"] is None
    page = (await call("GET", "/connection-profiles?limit=2")).json()
    rest = (await call("GET", f"/connection-profiles?limit=2&cursor={page['next']}")).json()
    assert len(page["items"]) + len(rest["items"]) == 3
    assert (await call("GET", "/connection-profiles?search=_1")).json()["items"][0]["name"] == "a_1"
    assert (await call("GET", "/connection-profiles?active=false")).json()["items"] == []


async def test_a_replay_is_not_the_last_run(configured: Client, database: Database) -> None:
    read, replay = str(uuid4()), str(uuid4())
    await store_runs(database, [read])
    await store_runs(database, [replay])
    await database.execute("update runs set replay = '{}', state = 'failed' where id = $1", replay)
    (entity,) = (await configured("GET", "/instances/shop")).json()["entityTypes"]
    assert (entity["lastRun"]["correlationId"], entity["lastRun"]["state"]) == (read, "succeeded")


async def test_cursor_is_reset_rewound_and_rolled_back(configured: Client) -> None:
    at = "/cursors/shop/item"
    assert (await configured("GET", at)).json()["version"] == 0
    moved = await configured(
        "POST", f"{at}/rewind", {"value": "2026-01-31T08:15:00", "reason": "r"}
    )
    assert (moved.json()["value"], moved.headers["etag"]) == ("2026-01-31T08:15:00", '"1"')
    cleared = await configured("POST", f"{at}/reset", {"reason": "again"}, if_match='"1"')
    assert (cleared.json()["value"], cleared.json()["version"]) == (None, 2)
    late = await configured("POST", f"{at}/reset", {"reason": "again"}, if_match='"1"')
    assert late.status_code == 412
    back = await configured("POST", f"{at}/rewind", {"version": 1, "reason": "back"})
    assert back.json()["value"] == "2026-01-31T08:15:00"
    versions = (await configured("GET", f"{at}/versions?limit=2")).json()
    assert [v["version"] for v in versions["items"]] == [3, 2]
    rest = (await configured("GET", f"{at}/versions?limit=2&cursor={versions['next']}")).json()
    assert [(v["version"], v["actor"], v["reason"]) for v in rest["items"]] == [(1, "tester", "r")]
    assert len((await configured("GET", "/cursors")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("rewind", {"value": "soon", "reason": "r"}, "$.value"),
        ("rewind", {"value": "", "reason": "r"}, "$.value"),
        ("rewind", {"reason": "r"}, "$"),
        ("rewind", {"version": 0, "reason": "r"}, "$.version"),
        ("reset", {}, "$.reason"),
        ("reset", {"reason": " "}, "$.reason"),
        ("reset", {"reason": "r", "x": 1}, "$.x"),
    ],
)
async def test_mistake_about_a_cursor_is_named(
    configured: Client, path: str, body: dict[str, Any], where: str
) -> None:
    answer = await configured("POST", f"/cursors/shop/item/{path}", body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, where)


async def test_another_tenants_objects_are_not_there(configured: Client) -> None:
    configured.tenant = "other"
    for path in ("connection-profiles/shop", "mapping-configs/items", "instances/shop"):
        assert (await configured("GET", f"/{path}")).status_code == 404
        assert (await configured("DELETE", f"/{path}")).status_code == 404
    for method, path, body in (
        ("POST", "/connection-profiles/shop/test", None),
        ("GET", "/mapping-configs/items/versions", None),
        ("GET", "/mapping-configs/items/versions/1", None),
        ("POST", "/mapping-configs/items/versions", MAPPING),
        ("POST", "/connection-profiles/shop/fields", {"target": {}}),
        ("POST", "/mapping-configs/items/versions/1/activate", None),
        ("POST", "/mapping-configs/items/dry-run", {}),
        ("POST", "/mapping-configs/items/try-draft", {"document": MAPPING}),
        ("POST", "/instances/shop/activate", None),
        ("GET", "/cursors/shop/item", None),
        ("GET", "/cursors/shop/item/versions", None),
        ("POST", "/cursors/shop/item/reset", {"reason": "r"}),
        ("POST", "/cursors/shop/item/rewind", {"version": 1, "reason": "r"}),
    ):
        answer = await configured(method, path, body)
        assert answer.status_code == 404, (method, path, answer.text)
    for path in ("connection-profiles", "mapping-configs", "instances", "cursors"):
        assert (await configured("GET", f"/{path}")).json()["items"] == []


async def test_runner_looks_and_changes_nothing(configured: Client) -> None:
    configured.role = Role.RUNNER
    assert (await configured("GET", "/instances/shop")).status_code == 200
    assert (await configured("POST", "/instances/shop/deactivate")).status_code == 403
    assert (await configured("PUT", "/mapping-configs/items", MAPPING)).status_code == 403


async def test_connection_is_tested_and_the_result_kept(call: Client) -> None:
    unsaved = await call("POST", "/connection-profiles/test", PROFILE)
    assert (unsaved.status_code, unsaved.json()["ok"]) == (200, False)
    assert [c["part"] for c in unsaved.json()["checks"] if not c["ok"]] == ["host"]
    await call.stored("/connection-profiles", PROFILE)
    await call("POST", "/connection-profiles/erp/test")
    last = (await call("GET", "/connection-profiles/erp")).json()["lastTest"]
    assert (last["ok"], last["stale"]) == (False, False)
    wrong = await call("POST", "/connection-profiles/test", PROFILE | {"config": {"port": SECRET}})
    assert wrong.status_code == 422


async def test_used_objects_stay(configured: Client) -> None:
    for path in ("connection-profiles/shop", "mapping-configs/items"):
        answer = await configured("DELETE", f"/{path}")
        assert (answer.status_code, "instance 'shop'" in answer.json()["detail"]) == (409, True)


async def test_forms_and_editors_get_their_schemas(call: Client) -> None:
    connectors = (await call("GET", "/connectors")).json()["items"]
    assert {"file", "http", "postgresql", "sqlite"} <= {c["name"] for c in connectors}
    assert all(c["profileSchema"]["properties"]["config"] for c in connectors)
    mapping = (await call("GET", "/schemas/mapping")).json()
    assert {"extraction", "normalization"} <= set(mapping["jsonSchema"]["properties"])
    assert mapping["transformers"]["dateFormat"] == ["format", "inputFormat", "timezone"]
    subscription = (await call("GET", "/schemas/subscription")).json()["jsonSchema"]
    assert {"url", "addresses", "events", "secrets"} <= set(subscription["properties"])
    assert (await call("GET", "/schemas/nope")).status_code == 404


async def test_a_connector_without_its_driver_is_listed_and_refused(
    call: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = PROFILE | {"connector": "mysql"}
    monkeypatch.setattr("syncline.connectors.drivers.find_spec", lambda _: None)

    listed = (await call("GET", "/connectors")).json()["items"]
    saved = await call("POST", "/connection-profiles", profile)
    tested = await call("POST", "/connection-profiles/test", profile)

    advice = {c["name"]: c["driverMissing"] for c in listed}
    assert "pip install 'syncline[mysql]'" in advice["mysql"]
    assert advice["postgresql"] is None
    for answer in (saved, tested):
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["path"]) == (422, "$.connector")
        assert "pip install 'syncline[mysql]'" in error["message"]


async def test_editors_get_the_canonical_schemas(call: Client) -> None:
    listed = (await call("GET", "/canonical-schemas")).json()["items"]
    assert {"name": "item", "title": "Item"}.items() <= listed[0].items()
    assert len(listed) == 15
    item = (await call("GET", "/canonical-schemas/item")).json()
    price = item["jsonSchema"]["properties"]["price"]
    assert (price["type"], price["x-unit"]) == (["number", "null"], "`currency`")
    assert price["x-systems"]["WooCommerce"] == "regular_price: text"
    missing = await call("GET", "/canonical-schemas/items")
    assert (missing.status_code, "there are item, itemstock" in missing.text) == (404, True)


async def test_templates_are_listed_and_read_in_the_order_in_which_they_are_stored(
    call: Client,
) -> None:
    listed = (await call("GET", "/templates")).json()["items"]
    title = "Items of a MySQL or MariaDB table into a table of PostgreSQL"
    assert {"name": "mysql-postgresql", "title": title} in listed
    found = (await call("GET", "/templates/mysql-postgresql")).json()
    assert [(one["kind"], one["name"]) for one in found["documents"]] == [
        ("Profile", "mysql"),
        ("Profile", "postgresql"),
        ("Mapping", "mysql-postgresql-items"),
        ("Instance", "mysql-postgresql"),
    ]
    assert found["documents"][0]["document"].keys() == {"connector", "config"}
    assert list(found["files"]) == ["items.sql"]
    missing = await call("GET", "/templates/mysql-postgres")
    assert (missing.status_code, "did you mean `mysql-postgresql`" in missing.text) == (404, True)
