"""Users, API keys, tenants and the audit log on a real database."""

from __future__ import annotations

from datetime import datetime

import pytest

from syncline.domain.access import Role
from syncline.domain.errors import ConflictError, InvalidInputError, NotFoundError
from syncline.postgres.access.api_keys import ApiKeys, NewApiKey
from syncline.postgres.access.tenants import TENANT_SORTS, Tenants
from syncline.postgres.access.users import UserChange, Users
from syncline.postgres.audit.log import (
    ADDRESS,
    AUDIT_SORTS,
    AuditEntry,
    AuditFilter,
    AuditLog,
    audit,
)
from syncline.postgres.database.database import Database
from syncline.security.tokens import new_api_key
from tests.support.access import add_user

BEGIN = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


async def test_names_of_users_are_taken_whatever_their_case(database: Database) -> None:
    await add_user(database, "Alice", "user", ["default"], "tester")
    with pytest.raises(ConflictError, match="there is a user 'alice' already"):
        await add_user(database, "alice", "runner", ["default"], "tester")


async def test_user_is_assigned_to_tenants_that_exist(database: Database) -> None:
    with pytest.raises(InvalidInputError, match="there is no tenant 'nowhere'"):
        await add_user(database, "alice", "user", ["nowhere"], "tester")
    with pytest.raises(InvalidInputError, match="name at least one"):
        await add_user(database, "alice", "user", [], "tester")
    assert not await Users(database).exist()


async def test_last_admin_stays(database: Database) -> None:
    users = Users(database)
    await add_user(database, "root", "platform_admin", [], "tester")
    for change in (UserChange(disabled=True), UserChange(role="user", tenants=["default"])):
        with pytest.raises(ConflictError, match="no Platform Admin would be left"):
            await users.change("root", change, "tester")
    await add_user(database, "second", "platform_admin", [], "tester")
    assert (await users.change("root", UserChange(disabled=True), "tester")).disabled


async def test_change_of_a_user_is_audited_with_before_and_after(database: Database) -> None:
    users = Users(database)
    await add_user(database, "root", "platform_admin", [], "tester")
    await add_user(database, "alice", "runner", ["default"], "tester")
    address = ADDRESS.set("192.0.2.7")
    await users.change("alice", UserChange(role="user"), "root")
    await users.change("alice", UserChange(role="user"), "root")
    ADDRESS.reset(address)
    (entry,) = await AuditLog(database).page(["*"], AuditFilter(action="user.changed"), 5)
    assert (entry.actor, entry.object, entry.ip) == ("root", "alice", "192.0.2.7")
    assert entry.details == {"role": {"before": "runner", "after": "user"}}


async def test_keys_that_keys_made_are_their_makers_too(database: Database) -> None:
    await Tenants(database).add("north", "tester")
    await add_user(database, "root", "platform_admin", [], "tester")
    await add_user(database, "alice", "user", ["default"], "tester")
    for tenant, name, maker in (
        ("default", "a", "alice"), ("default", "b", "api-key:a"), ("default", "c", "api-key:b"),
        ("default", "d", "bob"), ("north", "b", "api-key:a"),
    ):  # fmt: skip
        key = new_api_key()
        await ApiKeys(database).add(tenant, NewApiKey(name, "user"), (key.prefix, key.hash), maker)
    users = Users(database)
    listed, root = await users.list()
    assert root.active_keys == []
    assert listed.active_keys == ["default/a", "default/b", "default/c"]
    changed = await users.change("alice", UserChange(disabled=True, revoke_keys=True), "root")
    assert changed.active_keys == []
    left = await database.fetch("select tenant, name from api_keys where revoked_at is null")
    assert sorted(map(tuple, left)) == [("default", "d"), ("north", "b")]


async def test_unknown_user_cannot_be_changed(database: Database) -> None:
    with pytest.raises(NotFoundError, match="no user 'nobody'"):
        await Users(database).change("nobody", UserChange(disabled=True), "tester")


async def test_key_is_found_until_it_is_revoked_or_expires(database: Database) -> None:
    keys = ApiKeys(database)
    made = [new_api_key() for _ in range(3)]
    for number, key in enumerate(made):
        wanted = NewApiKey(f"key {number}", "runner", days=1)
        await keys.add("default", wanted, (key.prefix, key.hash), "alice")
    await database.execute(
        "update api_keys set expires_at = now() where prefix = $1", made[1].prefix
    )
    await keys.revoke("default", "key 2", "bob")
    found = [await keys.find(key.prefix) for key in made]
    assert [key.name if key else None for key in found] == ["key 0", None, None]
    assert found[0] is not None
    assert (found[0].role, found[0].tenant, found[0].hash) == (Role.RUNNER, "default", made[0].hash)
    listed = await keys.list("default")
    assert [key.status for key in listed] == ["revoked", "expired", "active"]
    assert listed[0].revoked_by == "bob"


async def test_key_of_another_tenant_is_not_there(database: Database) -> None:
    await Tenants(database).add("north", "tester")
    keys, key = ApiKeys(database), new_api_key()
    view = await keys.add("north", NewApiKey("n", "user"), (key.prefix, key.hash), "alice")
    assert await keys.list("default") == []
    for name in (view.id, view.prefix, view.name):
        with pytest.raises(NotFoundError):
            await keys.revoke("default", name, "bob")


async def test_name_of_a_revoked_key_is_free_again(database: Database) -> None:
    keys = ApiKeys(database)
    for wanted_error in (False, True):
        key = new_api_key()
        adding = keys.add("default", NewApiKey("n", "user"), (key.prefix, key.hash), "alice")
        if wanted_error:
            with pytest.raises(ConflictError, match="is in use"):
                await adding
        else:
            await adding
    await keys.revoke("default", "n", "alice")
    assert (await keys.revoke("default", "n", "bob")).revoked_by == "alice"
    key = new_api_key()
    await keys.add("default", NewApiKey("n", "user"), (key.prefix, key.hash), "alice")


async def test_use_of_a_key_is_noted_once_a_minute(database: Database) -> None:
    keys, key = ApiKeys(database), new_api_key()
    view = await keys.add("default", NewApiKey("n", "user"), (key.prefix, key.hash), "alice")
    await keys.note_use(view.id)
    (first,) = await keys.list("default")
    await keys.note_use(view.id)
    (second,) = await keys.list("default")
    assert first.used_at is not None
    assert first.used_at == second.used_at


@pytest.mark.parametrize("name", ["", "-a", "A", "a_b", "a" * 64, "ä", "a\n", "*"])
async def test_tenant_has_a_name_that_urls_and_topics_take(database: Database, name: str) -> None:
    with pytest.raises(InvalidInputError, match=r"\$\.id"):
        await Tenants(database).add(name, "tester")


async def test_tenants_are_listed_with_what_is_in_them(database: Database) -> None:
    tenants = Tenants(database)
    await tenants.add("north", "tester")
    await add_user(database, "alice", "user", ["north"], "tester")
    with pytest.raises(ConflictError):
        await tenants.add("north", "tester")
    listed = await tenants.page(["default", "north"], 9, TENANT_SORTS.order())
    assert [(t.id, t.users, t.instances) for t in listed] == [
        ("default", 0, 0), ("north", 1, 0),
    ]  # fmt: skip


async def test_audit_log_comes_in_pages_and_loses_nothing_between_them(database: Database) -> None:
    async with database.transaction() as connection:
        for number in range(7):  # all at the same moment
            name = f"o{number}"
            await audit(connection, "default" if number % 2 else "*", "alice", "x.y", name, {})
        await audit(connection, "north", "alice", "x.y", "another tenant's", {})
    log, seen, order = AuditLog(database), list[AuditEntry](), AUDIT_SORTS.order()
    while page := await log.page(["default", "*"], AuditFilter(), 3, order):
        seen += page
        order = order.behind(page[-1])
    assert [entry.object for entry in seen] == [f"o{n}" for n in range(6, -1, -1)]


async def test_audit_log_is_filtered(database: Database) -> None:
    async with database.transaction() as connection:
        for actor, action, name in (
            ("alice", "profile.created", "erp"),
            ("bob", "profile.changed", "erp"),
            ("bob", "run.triggered", "1"),
        ):
            await audit(connection, "default", actor, action, name, {})
        await connection.execute("update audit_log set at = $1 where actor = 'alice'", BEGIN)

    async def objects(**fields: object) -> list[str]:
        wanted = AuditFilter(**fields)  # type: ignore[arg-type]
        return [e.action for e in await AuditLog(database).page(["default"], wanted, 10)]

    assert await objects(actor="bob") == ["run.triggered", "profile.changed"]
    assert await objects(action="profile") == ["profile.changed", "profile.created"]
    assert await objects(action="profile.changed") == ["profile.changed"]
    assert await objects(object="1") == ["run.triggered"]
    assert await objects(object="RP", actor="O") == ["profile.changed"]  # parts, in any case
    assert await objects(until=BEGIN) == []
    assert await objects(since=BEGIN, object="erp", actor="alice") == ["profile.created"]
