"""What people typed is lost neither by leaving, nor to somebody else's save, nor with a session."""

from __future__ import annotations

import asyncio
import re

import httpx
from playwright.async_api import BrowserContext, Dialog, Page, expect

from syncline.actions.sign_in import set_up_link
from syncline.postgres.database.database import Database
from tests.support.browser import fit_for_everybody, keep, new_stream, retype, sign_in
from tests.support.gateway import Gateway
from tests.support.installation import Installation

PASSWORD = "correct horse"


async def test_what_is_typed_is_kept_until_it_is_saved(
    page: Page, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "unsaved", 1)
    await page.goto("/mappings/unsaved-items")
    editor = page.get_by_role("textbox", name="Mapping document")
    offer = page.get_by_role("status").filter(has_text="You have unsaved changes of")
    await retype(page, "trim", "upper")
    await page.get_by_role("link", name="Runs", exact=True).click()
    await expect(page).to_have_url(re.compile("/runs"))  # nothing is asked: nothing is lost
    await page.go_back()
    await expect(offer).to_be_visible()
    await expect(editor.get_by_text('"trim"')).to_be_visible()
    await page.reload()
    await fit_for_everybody(page, "unsaved-offer")
    await offer.get_by_role("button", name="Go on").click()
    await expect(editor.get_by_text('"upper"')).to_be_visible()
    await page.get_by_role("button", name="Save as v2").click()
    await expect(page.get_by_role("button", name="Save as v3")).to_be_visible()
    await page.reload()
    await expect(editor.get_by_text('"upper"')).to_be_visible()
    await expect(offer).to_have_count(0)


async def test_mapping_of_two_sessions_keeps_the_changes_of_both(
    page: Page, api: httpx.AsyncClient, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "both", 1)
    await page.goto("/mappings/both-items")
    await retype(page, "trim", "upper")
    theirs = (await api.get("/api/v1/mapping-configs/both-items")).json()["text"]
    saved = await api.put(
        "/api/v1/mapping-configs/both-items",
        content=theirs.replace('"decimal"', '"string"').replace('"trim"', '"lower"'),
        headers={"content-type": "application/json"},
    )
    assert saved.status_code == 200, saved.text
    await page.get_by_role("button", name="Save as v2").click()
    merge = page.get_by_role("dialog", name="Yours and theirs")
    await expect(merge).to_contain_text("Changed by both")
    await expect(merge).to_contain_text("Changed by somebody else")
    take = merge.get_by_role("button", name="Put into the form")
    await expect(take).to_be_disabled()
    await fit_for_everybody(page, "merge-mapping")
    both = merge.get_by_role("radiogroup", name=re.compile("Changed by both"))
    await both.get_by_role("radio", name="Yours").check()
    await take.click()
    await page.get_by_role("button", name="Save as v3").click()
    await expect(page.get_by_role("button", name="Save as v4")).to_be_visible()
    text = (await api.get("/api/v1/mapping-configs/both-items")).json()["text"]
    assert '"upper"' in text
    assert '"string"' in text


async def fill_in_profile(page: Page, name: str) -> None:
    """Change two limits and the password of a profile."""
    await page.goto(f"/connection-profiles/{name}")
    await page.get_by_role("textbox", name="Max Concurrent").fill("9")
    await page.get_by_role("textbox", name="Longest delay").fill("60")
    await page.get_by_label("Password", exact=True).fill("canary-passw0rd")


async def test_a_typed_password_is_not_kept_and_leaving_asks(
    page: Page, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "shared", 1)
    await fill_in_profile(page, "shared-erp")
    kept = await page.evaluate("JSON.stringify(localStorage)")
    assert "syncline.draft" in kept
    assert "canary" not in kept
    await page.get_by_role("link", name="Runs", exact=True).click()
    question = page.get_by_role("dialog", name="Leave without saving?")
    await fit_for_everybody(page, "unsaved-question")
    await question.get_by_role("button", name="Stay").click()
    closing: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def stay(dialog: Dialog) -> None:
        closing.set_result(dialog.type)
        await dialog.dismiss()

    page.once("dialog", stay)
    await page.close(run_before_unload=True)
    assert await closing == "beforeunload"


async def test_profile_of_two_sessions_keeps_the_changes_of_both(
    page: Page, api: httpx.AsyncClient, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "shared-too", 1)
    address = "/api/v1/connection-profiles/shared-too-erp"
    await fill_in_profile(page, "shared-too-erp")
    theirs = (await api.get(address)).json()
    fields = ("name", "connector", "config", "secrets", "active", "retry")
    body = {name: theirs[name] for name in fields} | {"maxConcurrent": 7, "rate": 5}
    assert (await api.put(address, json=body)).status_code == 200
    await page.get_by_role("button", name="Save").click()
    merge = page.get_by_role("dialog", name="Yours and theirs")
    await expect(merge).to_contain_text("Typed anew")
    assert "canary" not in await merge.inner_text()
    await expect(merge.get_by_role("radiogroup", name="Longest delay")).to_be_visible()
    await fit_for_everybody(page, "merge-profile")
    await merge.get_by_role("radiogroup", name="Max concurrent").get_by_label("Yours").check()
    await merge.get_by_role("button", name="Put into the form").click()
    await expect(page.get_by_role("textbox", name="Calls per second")).to_have_value("5")
    await page.get_by_role("textbox", name="Max Concurrent").fill("8")  # edited once more
    async with page.expect_response(lambda one: one.request.method == "PUT") as answer:
        await page.get_by_role("button", name="Save").click()
    assert (await answer.value).ok
    found = (await api.get(address)).json()
    assert (found["maxConcurrent"], found["rate"], found["retry"]["cap"]) == (8, 5, 60)


async def test_a_form_in_a_dialog_keeps_what_is_typed(page: Page) -> None:
    await page.goto("/schedules?edit=*")
    form = page.get_by_role("dialog", name="New schedule")
    # An open dialog sets the focus; an Escape in its picker would close the picker's list only.
    await expect(form.get_by_role("combobox", name="Instance")).to_be_focused()
    await form.get_by_role("textbox", name="Name").fill("nightly")
    await form.get_by_role("textbox", name="Name").press("Escape")
    await expect(form).to_have_count(0)
    await page.goto("/schedules?edit=*")
    await form.get_by_role("button", name="Go on").click()
    await expect(form.get_by_role("textbox", name="Name")).to_have_value("nightly")
    await page.reload()
    await form.get_by_role("button", name="Throw away").click()
    await expect(form.get_by_role("textbox", name="Name")).to_have_value("")
    await form.get_by_role("button", name="Cancel").click()
    await page.goto("/schedules?edit=*")
    await expect(form.get_by_role("button", name="Cancel")).to_be_visible()
    await expect(form.get_by_role("status").filter(has_text="unsaved")).to_have_count(0)


async def test_a_form_that_keeps_nothing_asks_before_it_closes(page: Page) -> None:
    await page.goto("/users")
    await page.get_by_role("button", name="Add user").click()
    form = page.get_by_role("dialog", name="Add user")
    await form.get_by_role("textbox", name="Name").fill("bert")
    await form.get_by_role("button", name="Cancel").click()
    question = page.get_by_role("dialog", name="Leave without saving?")
    await question.get_by_role("button", name="Stay").click()
    await expect(form.get_by_role("textbox", name="Name")).to_have_value("bert")
    await form.get_by_role("button", name="Cancel").click()
    await question.get_by_role("button", name="Leave").click()
    await expect(form).to_have_count(0)


async def test_somebody_elses_save_does_not_take_away_what_is_typed(
    page: Page, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "elsewhere", 1)
    await page.goto("/instances/elsewhere")
    await page.get_by_role("combobox", name="Target").click()
    await page.get_by_role("option", name="elsewhere-erp").click()
    async with page.expect_response(re.compile("/api/v1/instances/elsewhere$")) as asked_again:
        await db.execute("update instances set changed_at = now() where name = 'elsewhere'")
        await page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    await (await asked_again.value).finished()
    await expect(page.get_by_role("combobox", name="Target")).to_have_value("elsewhere-erp")


async def test_a_page_that_breaks_says_so_and_the_rest_goes_on(context: BrowserContext) -> None:
    tab = await context.new_page()
    await tab.route("**/api/v1/tenants*", lambda route: route.fulfill(json={"items": [None]}))
    await tab.goto("/tenants")
    await expect(tab.get_by_role("alert")).to_contain_text("This page broke")
    await fit_for_everybody(tab, "broken-page")
    await tab.get_by_role("link", name="Schedules").click()
    await expect(tab.get_by_role("heading", name="Schedules")).to_be_visible()


async def set_up_alice(installed: Gateway, tab: Page, to: str) -> None:
    """Make the first Admin, and let them sign in at an address."""
    link = await set_up_link(installed.database)
    async with installed.client() as client:
        first = {"link": link, "name": "alice", "password": PASSWORD}
        assert (await client.post("/setup", json=first)).status_code == 200
    await tab.goto(f"/login?next={to}")
    await tab.get_by_role("textbox", name="Name").fill("alice")
    await tab.get_by_role("textbox", name="Password").fill(PASSWORD)
    await tab.keyboard.press("Enter")


async def test_a_session_that_ends_is_renewed_above_the_page(installed: Gateway, tab: Page) -> None:
    await set_up_alice(installed, tab, "/new/connection-profile")
    name = tab.get_by_role("textbox", name="Name", exact=True)
    await expect(tab.get_by_role("heading", name="New connection profile")).to_be_visible()
    await name.fill("warehouse")
    await installed.database.execute("delete from sessions")
    await tab.get_by_role("button", name="Save").click()
    again = tab.get_by_role("dialog", name="Your session has ended")
    await expect(again.get_by_role("textbox", name="Name")).to_have_value("alice")
    await fit_for_everybody(tab, "session-ended")
    await again.get_by_role("textbox", name="Password").fill(PASSWORD)
    await tab.keyboard.press("Enter")
    await expect(again).to_have_count(0)
    await expect(name).to_have_value("warehouse")
    await expect(tab).to_have_url(re.compile("/new/connection-profile$"))
    await tab.get_by_role("button", name="Save").click()
    await expect(tab.get_by_text("is required").first).to_be_visible()  # the server answers again


async def test_a_session_that_ends_leaves_an_open_drawer_as_it_is(
    installed: Gateway, tab: Page
) -> None:
    await set_up_alice(installed, tab, "/users")
    row = tab.get_by_role("row", name="alice")
    await row.focus()
    await tab.keyboard.press("Enter")
    drawer = tab.get_by_role("dialog", name="alice")
    await drawer.get_by_role("checkbox", name="Sees payloads").uncheck()
    await tab.context.clear_cookies()  # at the gateway a session is remembered for some seconds
    await drawer.get_by_role("button", name="Save").click()
    again = tab.get_by_role("dialog", name="Your session has ended")
    await again.get_by_role("textbox", name="Password").fill(PASSWORD)
    await tab.keyboard.press("Enter")
    await expect(again).to_have_count(0)
    await expect(drawer.get_by_role("checkbox", name="Sees payloads")).not_to_be_checked()
    await tab.keyboard.press("Escape")
    await expect(drawer).to_have_count(0)
    await expect(row).to_be_focused()


async def test_pickers_find_what_lies_behind_the_hundredth(installed: Gateway, tab: Page) -> None:
    await installed.database.execute(
        "insert into profiles (id, tenant, name, connector, config) "
        "select gen_random_uuid(), 'default', 'p-' || to_char(n, 'FM000'), 'file', '{}' "
        "from generate_series(0, 129) n"
    )
    await sign_in(installed, tab)
    await tab.goto("/new/instance")
    await tab.get_by_role("combobox", name="Source").click()
    await expect(tab.get_by_text("type to search").first).to_be_visible()
    await tab.get_by_role("combobox", name="Source").fill("p-129")
    await tab.get_by_role("option", name="p-129").click()
    await expect(tab.get_by_role("combobox", name="Source")).to_have_value("p-129")
    await tab.keyboard.type("p-128")  # where "p-129" stands
    await tab.get_by_role("option", name="p-128").click()
    await tab.get_by_role("combobox", name="Target").click()
    await tab.get_by_role("combobox", name="Source").click()
    await tab.keyboard.type("p-127")
    await tab.get_by_role("option", name="p-127").click()
    await expect(tab.get_by_role("combobox", name="Source")).to_have_value("p-127")
    await tab.get_by_role("combobox", name="Target").fill("nobody")
    await expect(tab.get_by_text("None has such a name").locator("visible=true")).to_have_count(1)
    await tab.get_by_role("combobox", name="Source").click()
    await keep(tab, "picker")
