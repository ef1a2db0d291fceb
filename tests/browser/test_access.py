"""Set-up, signing in, and who may do what, as people do it. Only the gateway runs, no pipeline."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from syncline.actions.sign_in import set_up_link
from syncline.postgres.access.api_keys import ApiKeys, NewApiKey
from syncline.postgres.audit.log import AuditFilter, AuditLog
from syncline.postgres.database.database import Database
from syncline.security.tokens import new_api_key
from tests.support.browser import fit_for_everybody, sign_in
from tests.support.gateway import Gateway

pytestmark = pytest.mark.timeout(300)
PASSWORD = "correct horse"


async def test_first_admin_sets_up_and_the_link_is_worth_nothing_then(
    installed: Gateway, tab: Page
) -> None:
    await tab.goto("/runs")
    await expect(tab.get_by_role("heading", name="Welcome to Syncline")).to_be_visible()
    await fit_for_everybody(tab, "access-not-set-up")
    link = await set_up_link(installed.database)
    await tab.goto(f"/setup#{link}")
    await expect(tab).to_have_url(re.compile("/setup$"))  # the link is in no history
    await expect(tab.get_by_role("textbox", name="Name")).to_be_focused()
    await tab.keyboard.type("alice")
    await tab.keyboard.press("Tab")
    await tab.keyboard.type("short")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_text("must have 8 to 256 characters, not 5")).to_be_visible()
    await fit_for_everybody(tab, "access-setup")
    await tab.get_by_role("textbox", name="Password").fill(PASSWORD)
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("button", name="Signed in as alice")).to_be_visible()

    await tab.goto("about:blank")
    await tab.goto(f"/setup#{link}")
    await tab.get_by_role("textbox", name="Name").fill("mallory")
    await tab.get_by_role("textbox", name="Password").fill(PASSWORD)
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_text("this link was used before")).to_be_visible()


async def test_something_is_painted_before_scripts_and_styles_have_come(
    installed: Gateway, tab: Page
) -> None:
    come = asyncio.Event()

    async def hold(route: Route) -> None:
        await come.wait()
        await route.continue_()

    await tab.route(re.compile(r"/assets/(index-[^/]*\.js|[^/]*\.css)$"), hold)
    await tab.goto("/", wait_until="commit")
    painted = "new PerformanceObserver(seen).observe({type: 'paint', buffered: true})"
    await tab.evaluate(f"new Promise((seen) => {painted})")
    await expect(tab.get_by_role("status")).to_have_text("Loading Syncline…")
    come.set()
    await expect(tab.get_by_role("heading", name="Welcome to Syncline")).to_be_visible()
    await expect(tab.get_by_text("Loading Syncline…")).to_have_count(0)


async def invite(tab: Page, name: str) -> str:
    """Add a Runner and return the link at which they choose a password."""
    await tab.goto("/users")
    await tab.get_by_role("button", name="Add user").click()
    dialog = tab.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Name").fill(name)
    await dialog.get_by_role("radio", name="Runner").check()
    await expect(dialog.get_by_role("checkbox", name="Sees payloads")).not_to_be_checked()
    await fit_for_everybody(tab, "access-add-user")
    await dialog.get_by_role("button", name="Add user").click()
    link = await dialog.locator("code").inner_text()
    await dialog.get_by_role("button", name="Copy link").click()
    assert await tab.evaluate("navigator.clipboard.readText()") == link
    await dialog.get_by_role("button", name="Done").click()
    await expect(tab.get_by_role("row", name=name)).to_contain_text("Invited")
    return link


async def test_a_person_is_invited_and_sees_what_is_theirs(installed: Gateway, tab: Page) -> None:
    await sign_in(installed, tab)
    link = await invite(tab, "bob")
    await tab.get_by_role("button", name="Signed in as admin").click()
    await tab.get_by_role("menuitem", name="Sign out").click()
    await expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()

    await tab.goto(link)
    await tab.get_by_role("textbox", name="Password").fill("another horse")
    await fit_for_everybody(tab, "access-choose-password")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("button", name="Signed in as bob")).to_be_visible()
    rail = tab.get_by_role("navigation", name="Pages")
    await expect(rail.get_by_role("link", name="Runs")).to_be_visible()
    await expect(rail.get_by_role("link", name="Users")).to_have_count(0)
    await tab.goto("/users")
    await expect(tab.get_by_text("needs the role Platform Admin")).to_be_visible()


async def test_wrong_password_is_refused_and_the_right_one_leads_where_one_wanted(
    installed: Gateway, tab: Page
) -> None:
    link = await set_up_link(installed.database)
    async with installed.client() as client:
        first = {"link": link, "name": "alice", "password": PASSWORD}
        assert (await client.post("/setup", json=first)).status_code == 200
    await tab.goto("/audit-log?range=24h")
    await expect(tab.get_by_role("textbox", name="Name")).to_be_focused()
    await tab.keyboard.type("alice")
    await tab.keyboard.press("Tab")
    await tab.keyboard.type("wrong horse")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("alert")).to_contain_text("The name or the password is wrong")
    await fit_for_everybody(tab, "access-login")
    await tab.get_by_role("textbox", name="Password").fill(PASSWORD)
    await tab.keyboard.press("Enter")
    await expect(tab).to_have_url(re.compile(r"/audit-log\?range=24h$"))
    await tab.goto("/login?next=https://evil.test/")
    await tab.get_by_role("textbox", name="Name").fill("alice")
    await tab.get_by_role("textbox", name="Password").fill(PASSWORD)
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("button", name="Signed in as alice")).to_be_visible()


async def test_a_key_is_shown_once_copied_and_revoked(installed: Gateway, tab: Page) -> None:
    await sign_in(installed, tab)
    await tab.goto("/api-keys")
    await expect(tab.get_by_text("No API keys yet")).to_be_visible()
    await tab.get_by_role("button", name="Create API key").first.click()
    dialog = tab.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Name").fill("billing")
    await dialog.get_by_role("button", name="Create API key").click()
    await dialog.get_by_role("button", name="Copy API key").click()
    await fit_for_everybody(tab, "access-key-shown-once")
    key = await tab.evaluate("navigator.clipboard.readText()")
    await dialog.get_by_role("button", name="I have copied it").click()
    await expect(dialog).to_have_count(0)
    assert key not in await tab.content()
    async with installed.client({"Authorization": f"ApiKey {key}"}) as program:
        assert (await program.get("/session")).json()["name"] == "api-key:billing"
        await tab.get_by_role("button", name="Revoke billing").click()
        await tab.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        await expect(tab.get_by_role("row", name="billing")).to_contain_text("Revoked")
        assert (await program.get("/session")).status_code == 401


async def test_tenants_are_added_and_switched_and_all_of_it_is_in_the_audit_log(
    installed: Gateway, tab: Page
) -> None:
    await sign_in(installed, tab)
    await tab.goto("/tenants")
    await tab.get_by_role("button", name="Add tenant").click()
    dialog = tab.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Name").fill("North")
    await dialog.get_by_role("button", name="Add tenant").click()
    await expect(dialog.get_by_text("must have 1 to 63 lower-case letters")).to_be_visible()
    await dialog.get_by_role("textbox", name="Name").fill("north")
    await dialog.get_by_role("button", name="Add tenant").click()
    await tab.get_by_role("button", name="Tenant default: switch").click()
    await tab.get_by_role("menuitem", name="north").click()
    await expect(tab.get_by_role("button", name="Tenant north: switch")).to_be_visible()

    await tab.goto("/audit-log?action=tenant")
    await tab.get_by_role("row", name="Tenant created").click()
    await expect(tab.get_by_role("dialog")).to_contain_text("127.0.0.1")
    await fit_for_everybody(tab, "access-audit-entry")
    await tab.keyboard.press("Escape")
    await tab.goto("/audit-log?actor=nobody")
    await expect(tab.get_by_text("No entries match this filter")).to_be_visible()
    await tab.get_by_role("button", name="Remove filter by nobody").click()
    await expect(tab.get_by_role("row", name="Signed in")).to_be_visible()
    logged = await AuditLog(installed.database).page(["*"], AuditFilter(), 10)
    assert {entry.ip for entry in logged if entry.action != "user.created"} == {"127.0.0.1"}


async def give_key_of(database: Database, maker: str) -> None:
    key = new_api_key()
    wanted = NewApiKey(f"{maker}s", "user")
    await ApiKeys(database).add("default", wanted, (key.prefix, key.hash), maker)


async def test_a_user_is_edited_and_disabled(installed: Gateway, tab: Page) -> None:
    await sign_in(installed, tab)
    await tab.goto("/users")
    await tab.get_by_role("button", name="Add user").click()
    await tab.get_by_role("dialog").get_by_role("textbox", name="Name").fill("bob")
    await tab.get_by_role("dialog").get_by_role("button", name="Add user").click()
    await tab.get_by_role("button", name="Done").click()
    await give_key_of(installed.database, "bob")
    await tab.get_by_role("row", name="bob").click()
    drawer = tab.get_by_role("dialog")
    await expect(drawer.get_by_role("radio", name="User", exact=True)).to_be_checked()
    await fit_for_everybody(tab, "access-edit-user")
    await drawer.get_by_role("radio", name="Platform Admin").check()
    await drawer.get_by_role("button", name="Save").click()
    await expect(tab.get_by_role("row", name="bob")).to_contain_text("Platform Admin")
    await tab.get_by_role("row", name="bob").click()
    await expect(drawer.get_by_role("checkbox", name="Sees payloads")).to_be_checked()
    await expect(drawer).to_contain_text("API keys that they made, which go on: default/bobs")
    await drawer.get_by_role("button", name="Revoke").click()
    revoke = tab.get_by_role("dialog", name="Revoke these keys?")
    await revoke.get_by_role("button", name="Revoke").click()
    await expect(drawer.get_by_text("API keys that they made")).to_have_count(0)
    await drawer.get_by_role("button", name="Disable").click()
    await (
        tab.get_by_role("dialog", name="Disable bob?").get_by_role("button", name="Disable").click()
    )
    await expect(tab.get_by_role("row", name="bob")).to_contain_text("Disabled")
