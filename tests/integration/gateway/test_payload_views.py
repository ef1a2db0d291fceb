"""Who sees what records hold: a right apart from the role, and each look is audited."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from syncline.domain.access import RoleName
from syncline.postgres.access.api_keys import ApiKeys, NewApiKey
from syncline.postgres.audit.log import AuditEntry, AuditFilter, AuditLog
from syncline.postgres.database.database import Database
from syncline.security.tokens import new_api_key
from tests.support.access import give_key
from tests.support.configured import configure
from tests.support.gateway import Gateway, problem

MAPPING = {
    "entityType": "item",
    "extraction": {"table": "t", "idColumn": "id"},
    "normalization": {"fields": [{"source": "id", "target": "id"}]},
    "transformation": {"fields": [{"source": "id", "target": "id"}], "matchKey": "id"},
}


async def key(database: Database, role: RoleName, *, payloads: bool) -> dict[str, str]:
    made = new_api_key()
    wanted = NewApiKey(f"{role} {payloads}", role, payloads=payloads)
    await ApiKeys(database).add("default", wanted, (made.prefix, made.hash), "test")
    return {"Authorization": f"ApiKey {made.text}"}


async def letter(database: Database) -> str:
    letter_id = str(uuid4())
    await database.execute(
        """insert into dead_letters (id, tenant, source_id, stage, category, code, error,
          fingerprint, attempts, retries, payload, failed_at)
        values ($1, 'default', 'A1', 'execute', 'permanent', 'x', 'no', 'f', '[]', 0, $2, now())""",
        letter_id, b'{"name":"Ada"}',
    )  # fmt: skip
    return letter_id


async def looks(database: Database) -> list[AuditEntry]:
    return await AuditLog(database).page(["default"], AuditFilter(action="payload"), 9)


@pytest.mark.parametrize("role", ["runner", "user", "platform_admin"])
async def test_who_may_not_see_payloads_gets_none(place: Gateway, role: RoleName) -> None:
    one = await letter(place.database)
    async with place.client(await key(place.database, role, payloads=False)) as caller:
        shown = (await caller.get(f"/dlq/{one}")).json()
        assert (shown["payload"], shown["edit"], shown["isHidden"]) == (None, None, True)
        assert shown["entry"]["sourceId"] == "A1"
        assert problem(await caller.get(f"/dlq/{one}/payload")) == (403, "forbidden")
        session = (await caller.get("/session")).json()
        assert session["seesPayloads"] is False
        lacking = {"permission": "payloads", "role": "platform_admin"}
        assert lacking in session["missingPermissions"]
    assert await looks(place.database) == []


async def test_without_the_right_nobody_edits_or_tries_on_stored_records(place: Gateway) -> None:
    await configure(place.database)
    one = await letter(place.database)
    async with place.client(await key(place.database, "user", payloads=False)) as caller:
        edit = {"patch": [{"op": "remove", "path": "/name"}], "reason": "x"}
        tried = {"document": MAPPING}
        for path, body in (
            (f"/dlq/{one}/replay", edit),
            ("/mapping-configs/erp-shop-items/dry-run", {}),
            ("/mapping-configs/dry-run", tried | {"profile": "erp-shop-erp"}),
            ("/mapping-configs/erp-shop-items/try-draft", tried),
        ):
            assert problem(await caller.post(path, json=body)) == (403, "forbidden"), path
        given = await caller.post("/mapping-configs/dry-run", json=tried | {"records": [{"id": 1}]})
        assert given.status_code == 200


async def test_a_look_is_audited_and_the_same_look_again_is_no_new_entry(place: Gateway) -> None:
    one = await letter(place.database)
    async with place.client(await key(place.database, "runner", payloads=True)) as caller:
        for path in (f"/dlq/{one}", f"/dlq/{one}", f"/dlq/{one}/payload"):
            assert "Ada" in (await caller.get(path)).text
    (entry,) = await looks(place.database)
    assert (entry.actor, entry.action, entry.object) == (
        "api-key:runner True", "payload.viewed", one,
    )  # fmt: skip
    assert (entry.details, entry.ip) == ({"instance": None, "sourceId": "A1"}, "192.0.2.9")


async def test_nobody_gives_a_right_that_they_lack(place: Gateway) -> None:
    async with place.client(await key(place.database, "user", payloads=False)) as blind:
        asked = {"name": "a", "role": "user", "seesPayloads": True}
        assert problem(await blind.post("/api-keys", json=asked)) == (403, "forbidden")
        made = await blind.post("/api-keys", json={"name": "a", "role": "user"})
        assert made.json()["apiKey"]["seesPayloads"] is False
    async with place.client(await give_key(place.database, "user")) as seeing:
        for role, sees in (("runner", False), ("user", True)):
            made = await seeing.post("/api-keys", json={"name": role, "role": role})
            assert made.json()["apiKey"]["seesPayloads"] is sees
        made = await seeing.post("/api-keys", json={"name": "r", "seesPayloads": True})
        assert made.json()["apiKey"]["seesPayloads"] is True


async def test_an_admin_gives_and_takes_the_right(place: Gateway) -> None:
    async with place.client(await give_key(place.database)) as admin:
        await admin.post("/users", json={"name": "root", "role": "platform_admin"})
        body = {"name": "bob", "role": "runner", "tenants": ["default"]}
        assert (await admin.post("/users", json=body)).json()["user"]["seesPayloads"] is False
        changed = await admin.patch("/users/bob", json={"seesPayloads": True})
        assert changed.json()["seesPayloads"] is True
        (entry,) = (await admin.get("/audit-log", params={"action": "user.changed"})).json()[
            "items"
        ]
        assert entry["details"] == {"sees_payloads": {"before": False, "after": True}}


async def test_whoever_is_there_before_the_upgrade_keeps_the_right(database: Database) -> None:
    for table in ("users", "api_keys"):  # rows of the build before do not name the column
        column = await database.fetchrow(
            "select column_default, is_nullable from information_schema.columns "
            "where table_name = $1 and column_name = 'sees_payloads'",
            table,
        )
        assert column is not None
        assert tuple(column) == ("true", "NO")


async def test_a_record_is_erased_by_admins_alone(place: Gateway) -> None:
    await configure(place.database)
    body = {"instance": "erp-shop", "sourceId": "A1"}

    async def erased(role: RoleName) -> httpx.Response:
        async with place.client(await give_key(place.database, role)) as caller:
            return await caller.post("/records/erase", json=body)

    assert problem(await erased("user")) == (403, "forbidden")
    answer = await erased("platform_admin")
    assert answer.json() == body | {"deadLetters": 0, "attempts": 0}
