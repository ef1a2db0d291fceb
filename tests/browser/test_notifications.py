"""Notifications: a webhook is added, tested, told of a failure, looked at and told again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import uuid4

from playwright.async_api import Page, expect

from syncline.contracts.events import COMPLETED, RunStatus
from syncline.contracts.status import status_message
from syncline.postgres.database.database import Database
from tests.support.browser import keep, new_stream, serious
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.receiver import TAKEN, Receiver, receiver
from tests.support.stored_runs import store_runs

NAME = "Operations chat"


async def tell_of_a_failure(place: Installation, db: Database) -> str:
    """Publish that a run has failed, as Finalize does."""
    now = datetime.now(UTC)  # noqa: TID251 - the page shows how long ago it was
    run = RunStatus(
        str(uuid4()), "default", "erp-shop", "item", "incremental", "schedule", "failed", 9,
        reason="the source refused the login", finished_at=now.isoformat(),
    )  # fmt: skip
    await store_runs(db, [run.correlation_id])
    await place.producer.send([status_message(COMPLETED, "finalize", run, now)])
    return run.correlation_id


async def test_a_webhook_from_its_first_test_to_a_failure_told_again(
    page: Page, place: Installation, db: Database
) -> None:
    await new_stream(db, place, "told-of", 1)
    if "notifier" not in place.processes:
        await place.start("notifier")
        await place.ready()
    await page.goto("/notifications")
    await expect(page.get_by_text("No webhooks yet")).to_be_visible()
    await keep(page, "notifications-empty")
    async with receiver() as hook:
        secret = await _added(page, hook.url)
        await page.get_by_role("button", name="Send test").click()
        await expect(page.get_by_text("The receiver took the test")).to_be_visible()
        await eventually(lambda: bool(hook.received) and hook.received[0].signed_by(secret))
        await page.get_by_role("button", name="Close the result").click()
        await _told_when_it_is_up(page, place, db, hook)
        await _told_again(page, hook)
        await page.get_by_role("link", name="Notifications", exact=True).last.click()
        await expect(page.get_by_role("row").filter(has_text=NAME)).to_contain_text("Run failed")
        await keep(page, "notifications")
        assert await serious(page) == []
        await _removed(page)


async def _told_when_it_is_up(
    page: Page, place: Installation, db: Database, hook: Receiver
) -> None:
    """The receiver is away at first, and gets the same event when it is back."""
    hook.otherwise = (503, "", "down for maintenance")
    await tell_of_a_failure(place, db)
    row = page.get_by_role("row").filter(has_text="erp-shop")
    await expect(row).to_contain_text("down for maintenance")
    await keep(page, "notification")
    assert await serious(page) == []
    hook.otherwise = TAKEN
    await expect(row).to_contain_text("Delivered", timeout=60_000)
    first, *_, again = hook.received[1:]
    assert first.headers["webhook-id"] == again.headers["webhook-id"]


async def _told_again(page: Page, hook: Receiver) -> None:
    before = len(hook.received)
    row = page.get_by_role("row").filter(has_text="erp-shop")
    await row.get_by_role("button", name="Redeliver").click()
    await eventually(lambda: len(hook.received) == before + 1, within=20)
    await row.get_by_text("Run failed").click()
    attempts = page.get_by_role("dialog", name="Attempts")
    await expect(attempts.get_by_text("down for maintenance").first).to_be_visible()
    await keep(page, "notification-attempts")
    await expect(page).to_have_url(re.compile(r"delivery=[0-9a-f-]{36}"))
    await page.keyboard.press("Escape")


async def _added(page: Page, url: str) -> str:
    """Add a webhook, first with a mistake, and return the secret that is shown once."""
    await page.get_by_role("button", name="Add webhook").first.click()
    form = page.get_by_role("dialog", name="Add webhook")
    await form.get_by_label("Name").fill(NAME)
    await form.get_by_label("URL").fill("ftp://example.com")
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(form.get_by_text("must be an address such as")).to_be_visible()
    await form.get_by_label("Not synced for", exact=True).check()
    await keep(page, "notification-form")
    assert await serious(page) == []
    await form.get_by_label("URL").fill(url)
    await form.get_by_role("button", name="Add", exact=True).click()
    shown = page.get_by_role("dialog", name=f"Secret of {NAME}")
    secret = await shown.get_by_text("whsec_").inner_text()
    await keep(page, "notification-secret")
    await shown.get_by_role("button", name="I have copied it").click()
    await expect(page.get_by_role("heading", name=NAME)).to_be_visible()
    await expect(page.get_by_text("Nothing to tell so far")).to_be_visible()
    await expect(page.get_by_text("Not synced for 24 hours")).to_be_visible()
    return secret


async def _removed(page: Page) -> None:
    await page.get_by_role("link", name=NAME).click()
    await page.get_by_role("button", name="Remove").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("No webhooks yet")).to_be_visible()


async def test_e_mail_says_that_there_is_no_mail_server(page: Page) -> None:
    await page.goto("/notifications?kind=email")
    await page.get_by_role("button", name="Add e-mail").first.click()
    form = page.get_by_role("dialog", name="Add e-mail")
    await form.get_by_label("Name").fill("Night shift")
    await form.get_by_label("Addresses").fill("ops@example.com")
    await form.get_by_label("Addresses").press("Enter")
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("SYNCLINE_SMTP_HOST is not set")).to_be_visible()
    await page.get_by_role("button", name="Send test").click()
    await expect(page.get_by_text("The test did not arrive")).to_be_visible()
    await keep(page, "notification-email")
    assert await serious(page) == []
