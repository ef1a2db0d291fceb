"""Every page of the rail: it opens, axe finds nothing serious in either scheme, and it is kept."""

from __future__ import annotations

import re

from playwright.async_api import Page, Route, expect

from tests.support.browser import fit_for_everybody, serious

PATHS = [
    "/", "/trigger", "/runs", "/records", "/dlq", "/instances", "/connection-profiles", "/mappings",
    "/schedules", "/hooks", "/monitor", "/notifications", "/api-keys", "/users", "/tenants",
    "/audit-log",
]  # fmt: skip


async def test_the_rail_leads_to_every_page_and_each_is_fit_for_everybody(page: Page) -> None:
    """In one tab: to load the console costs half as much as what is looked at on a page."""
    await page.goto("/")
    rail = page.get_by_role("navigation", name="Pages").get_by_role("link")
    await expect(rail).to_have_count(len(PATHS))
    found = [await link.get_attribute("href") for link in await rail.all()]
    assert found == PATHS
    heading, left = page.get_by_role("heading", level=1), ""
    for path, link in zip(PATHS, await rail.all(), strict=True):
        await link.click()
        await expect(page).to_have_url(re.compile(rf"//[^/]+{path}($|\?)"))
        await expect(heading).not_to_have_text(left)
        await expect(page.get_by_role("status", name="Loading")).to_have_count(0)
        await fit_for_everybody(page, f"page-{path.strip('/') or 'dashboard'}")
        left = await heading.inner_text()


async def test_a_large_number_of_dead_letters_is_short_to_the_eye_and_exact_in_its_name(
    page: Page,
) -> None:
    async def many(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(json=await answer.json() | {"pending": 92_959})

    await page.route("**/api/v1/dlq/summary", many)
    await page.goto("/")
    link = page.get_by_role("link", name="Dead Letter Queue 92k, exactly 92,959")
    await expect(link.get_by_text("92k", exact=True)).to_be_in_viewport(ratio=1)
    assert await serious(page, ["label-content-name-mismatch"]) == []
