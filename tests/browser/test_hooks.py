"""Hooks in a browser: made, given a secret that is shown once, receiving, switched, gone."""

from __future__ import annotations

import httpx
from playwright.async_api import Locator, Page, expect

from syncline.postgres.database.database import Database
from tests.support import hooks
from tests.support.browser import fit_for_everybody, new_stream
from tests.support.installation import Installation

NAME = "hooked item"
BODY = b'{"id": 7, "price": 1.10}'


async def test_a_webhook_is_made_receives_is_switched_and_deleted(
    page: Page, api: httpx.AsyncClient, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "hooked", 1)
    await page.goto("/hooks")
    secret = await it_is_made_and_given_a_secret(page)
    detail = page.get_by_role("dialog", name=f"Webhook {NAME}")
    hook = (await api.get(f"/api/v1/inbound-webhooks/{NAME}")).json()
    await expect(detail).to_contain_text(hook["path"])
    headers = hooks.woocommerce(secret, BODY)
    sent = await api.post(hook["path"], headers=headers, content=BODY)
    assert sent.status_code == 202
    await it_shows_what_it_received(page, detail)
    await page.keyboard.press("Escape")
    row = page.get_by_role("row").filter(has_text=NAME)
    await choose(page, row, "Disable")
    await expect(row).to_contain_text("Disabled")
    await choose(page, row, "Delete")
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(row).to_have_count(0)


async def it_is_made_and_given_a_secret(page: Page) -> str:
    await page.get_by_role("button", name="New webhook").first.click()
    form = page.get_by_role("dialog", name="New webhook")
    await form.get_by_role("combobox", name="Instance").click()
    await page.get_by_role("option", name="hooked (").click()
    await form.get_by_role("combobox", name="Sender").click()
    await page.get_by_role("option", name="WooCommerce").click()
    await expect(form.get_by_role("textbox", name="Source IDs")).to_have_value("id")
    await fit_for_everybody(page, "hooks-form")
    await form.get_by_role("button", name="Create webhook").click()
    dialog = page.get_by_role("dialog", name=f"Secret of {NAME}")
    await dialog.get_by_role("button", name="Give secret").click()
    await expect(dialog.get_by_text("Copy the secret now")).to_be_visible()
    secret = await dialog.get_by_role("code").inner_text()
    await dialog.get_by_role("button", name="I have copied it").click()
    await expect(dialog).to_have_count(0)
    return secret


async def it_shows_what_it_received(page: Page, detail: Locator) -> None:
    deliveries = detail.get_by_role("table", name="Deliveries")
    await expect(deliveries).to_contain_text("1 waiting")
    await fit_for_everybody(page, "hooks-detail")
    await deliveries.get_by_role("button", name="Body").click()
    body = page.get_by_role("region", name="Body", exact=True)
    await expect(body).to_contain_text('"price": 1.10')
    await page.keyboard.press("Escape")
    await expect(body).to_have_count(0)


async def choose(page: Page, row: Locator, action: str) -> None:
    await row.get_by_role("button", name=f"More actions for {NAME}").click()
    await page.get_by_role("menuitem", name=action).click()
