"""Who may not do something finds no control for it: every page is opened, and all there is pressed.

Writes are not sent while pages are walked, as they would take away what the next page shows.
"""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, Request, Response, Route, expect

from syncline.domain.access import RoleName
from tests.support.access import add_user, give_key
from tests.support.browser import session_cookie
from tests.support.eventually import eventually
from tests.support.gateway import Gateway
from tests.support.other_tenant import INSTANCE, TENANT, everything

pytestmark = pytest.mark.timeout(300)
PRESS = """
(seen) => {
  const kinds = "button, input[type=checkbox], [role=menuitem], [role=tab]";
  const places = document.querySelectorAll("main, [role=dialog], [role=menu]");
  for (const one of [...places].flatMap((place) => [...place.querySelectorAll(kinds)])) {
    const said = one.getAttribute("aria-label") || one.textContent.trim();
    const name = said || one.labels?.[0]?.textContent;
    const there = one.checkVisibility() && !one.matches(":disabled");
    if (!name || seen.includes(name) || !there) continue;
    one.click();
    return name;
  }
  return null;
}
"""
NOT_NOW = {"type": "x", "title": "Not while walking", "status": 409, "code": "conflict"}


class Walk:
    """A browser that presses everything, and notes what is refused and what would be written."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.refused: list[str] = []
        self.writes: dict[tuple[str, str], str | None] = {}
        self._asked: set[Request] = set()
        page.on("response", self._on_response)
        page.on("request", self._on_request)
        page.on("requestfinished", self._on_end)
        page.on("requestfailed", self._on_end)

    def _on_request(self, request: Request) -> None:
        if "/api/v1/" in request.url and "/events" not in request.url:
            self._asked.add(request)

    def _on_end(self, request: Request) -> None:
        self._asked.discard(request)

    def _on_response(self, response: Response) -> None:
        if response.status == 403:
            self.refused.append(f"{response.request.method} {response.url}")

    async def answer(self, route: Route, request: Request) -> None:
        """Let reads pass; note a write."""
        if request.method == "GET":
            await route.continue_()
            return
        self.writes[request.method, request.url.partition("/api/v1")[2]] = request.post_data
        await route.fulfill(
            status=409, body=json.dumps(NOT_NOW), content_type="application/problem+json"
        )

    async def go(self, path: str) -> None:
        """Open a page and press all that is there, and all that opens by that."""
        await self._show(path)
        begun, seen = self.page.url.split("?")[0], ["Choose columns"]
        while (name := await self.page.evaluate(PRESS, seen)) is not None:
            seen.append(name)
            await self.page.wait_for_timeout(30)
            if self.page.url.split("?")[0] != begun:
                await self._show(path)

    async def _show(self, path: str) -> None:
        self._asked.clear()
        await self.page.goto(path)
        await expect(self.page.locator("main h1, main [role=alert]").first).to_be_visible()
        await eventually(lambda: not self._asked, within=30)


PAGES = {
    "runner": [
        "/trigger", "/runs/RUN", "/records/N-1", "/dlq", "/dlq?view=entries", "/dlq/DEAD_LETTER",
        "/operations/OPERATION", "/instances", "/instances/north-sync", "/connection-profiles",
        "/connection-profiles/north-sync-erp", "/mappings", "/schedules?open=north-nightly",
        "/mappings/north-sync-items?tab=versions", "/hooks?open=north-hook", "/new/mapping",
    ],
    "user": ["/records/N-1", "/hooks?open=north-hook", "/mappings/north-sync-items"],
}  # fmt: skip
"""Every page with controls for a Runner; some for a User who sees no payloads."""


async def signed_in(place: Gateway, dsn: str, tab: Page, role: RoleName) -> dict[str, str]:
    """Sign in somebody of a tenant that has one of everything; return the IDs in it."""
    made = await everything(place.database)
    await add_user(place.database, "bob", role, [TENANT])
    await place.database.execute("update users set sees_payloads = false where name = 'bob'")
    await tab.goto("/login")
    cookie = await session_cookie(dsn, tab.url.removesuffix("/login"), "bob")
    await tab.context.add_cookies([cookie])  # type: ignore[list-item]
    names = {"RUN": "runs", "DEAD_LETTER": "dlq", "OPERATION": "operations", "WEBHOOK": "webhooks"}
    return {word: made[name][0] for word, name in names.items()}


@pytest.mark.parametrize("role", ["runner", "user"])
async def test_nothing_that_can_be_pressed_is_refused(
    installed: Gateway, postgres: str, tab: Page, role: RoleName
) -> None:
    ids = await signed_in(installed, postgres, tab, role)
    walk = Walk(tab)
    await tab.route("**/api/v1/**", walk.answer)
    for path in PAGES[role]:
        *rest, last = path.split("/")
        await walk.go("/".join([*rest, ids.get(last, last)]))
    assert walk.refused == []
    assert walk.writes
    json_body = {"Content-Type": "application/json"}
    async with installed.client(await give_key(installed.database, role, TENANT)) as bob:
        for (method, path), body in walk.writes.items():
            answer = await bob.request(method, path, content=body, headers=json_body)
            assert answer.status_code != 403, (method, path, answer.text)
    if role == "runner":
        await tab.goto(f"/instances/{INSTANCE}")
        said = "You may not change instances: it needs the role User."
        await expect(tab.get_by_text(said)).to_be_visible()
        await expect(tab.get_by_role("textbox", name="Name")).to_be_disabled()
        await tab.goto("/audit-log")
        await expect(tab.get_by_text("This page needs the role User")).to_be_visible()
