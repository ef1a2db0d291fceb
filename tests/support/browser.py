"""A real browser on a real installation: who is signed in, what must never happen, what is kept."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, async_playwright, expect

from syncline.actions.sign_in import local_sign_in_link
from syncline.postgres.access.sessions import Lifetimes, begin_session
from syncline.postgres.access.users import Users
from syncline.postgres.database.database import Database, open_database
from syncline.security.tokens import new_token, token_hash
from tests.support.access import add_user
from tests.support.configured import store_instance
from tests.support.gateway import Gateway
from tests.support.installation import Installation

ROOT = Path(__file__).parents[2]
WEB = ROOT / "services/gateway/syncline_gateway/web/index.html"
AXE = ROOT / "console/node_modules/axe-core/axe.min.js"
SHOTS = ROOT / "build/screenshots"
CHROMIUM = Path("/usr/bin/chromium")
_NO_FADING = "*, *::before, *::after { transition: none !important; animation: none !important }"
_TWO_FRAMES = (
    "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
)
_OF_COLOURS = ("color-contrast", "link-in-text-block")
"""What may differ from one scheme to the other."""
_HERE = {"127.0.0.1", "localhost"}
_LEFT_OUT = (
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
    # Playwright's own, which ours would stand in for: the last such flag counts.
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
"""Features of Chromium. Its lists below the address bar, which nobody sees here, are pages of their
own with every window: half a second of a core each."""
_FLAGS = [
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    f"--disable-features={','.join(_LEFT_OUT)}",
]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start Debian's Chromium."""
    _check_installed()
    # Root has no user namespace to shut the renderer in.
    flags = [*_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else _FLAGS
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        await browser.close()


def _check_installed() -> None:
    assert WEB.is_file(), "the console is not built: make console"
    assert CHROMIUM.is_file(), "Chromium is missing: apt-get install chromium"


async def session_cookie(
    dsn: str, url: str, name: str = "anna", role: Any = "platform_admin"
) -> dict[str, str]:
    """Sign somebody in, who is made when there is no such user, and return the cookie."""
    async with open_database(dsn, size=1) as database:
        users = Users(database)
        known = {user.name: user for user in await users.list()}
        user = known.get(name) or await add_user(database, name, role, ["default"])
        token = new_token()
        async with database.transaction() as connection:
            await begin_session(
                connection, token_hash(token), user.id, "127.0.0.1", Lifetimes(), "password"
            )
    return {"name": "syncline_session", "value": token, "url": url}


async def sign_in(installed: Gateway, tab: Page) -> None:
    """Sign the local admin in, as `syncline dev` does."""
    await tab.goto(f"/login#{await local_sign_in_link(installed.database)}")
    await expect(tab.get_by_role("button", name="Signed in as admin")).to_be_visible()


class Guard:
    """Collects what no page may do: call another host, fail to load a part, log an error."""

    def __init__(self, page: Page) -> None:
        self.found: list[str] = []
        page.on("request", lambda request: self._on_request(request.url))
        page.on("response", lambda response: self._on_response(response.url, response.status))
        page.on("console", lambda message: self._on_console(message.type, message.text))
        page.on("pageerror", lambda error: self.found.append(f"thrown: {error}"))

    def _on_request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in _HERE:
            self.found.append(f"asked another host: {url}")

    def _on_response(self, url: str, status: int) -> None:
        path = urlsplit(url).path
        # A refusal of the API is for the page to show; a missing script is a broken page.
        if status >= 400 and not path.startswith("/api/"):
            self.found.append(f"{status} of {path}")

    def _on_console(self, kind: str, text: str) -> None:
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.found.append(f"console: {text}")


async def serious(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """Return what axe finds serious or critical on a page, as `rule: what (where)`.

    Args:
        rules: names of those to hold it to; all that are on by themselves without them.
    """
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE.read_text())
    only = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    options = {"resultTypes": ["violations"]} | only
    found = await page.evaluate("async (how) => (await axe.run(how)).violations", options)
    return [
        f"{one['id']}: {one['help']} ({node['target']})"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"][:3]
    ]


async def fit_for_everybody(page: Page, name: str) -> None:
    """Keep the page, and hold it in both schemes to what everybody must be able to read."""
    await in_scheme(page, "dark")
    await shot(page, f"{name}-dark")
    found = await serious(page, _OF_COLOURS)
    await in_scheme(page, "light")
    await shot(page, f"{name}-light")
    found += await serious(page)
    assert found == [], found


async def keep(page: Page, name: str) -> None:
    """Keep a screenshot of the page in both colour schemes, in build/screenshots/."""
    for scheme in ("dark", "light"):
        await in_scheme(page, scheme)
        await shot(page, f"{name}-{scheme}")


async def shot(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SHOTS / f"{name}.png")


async def retype(page: Page, word: str, new: str) -> None:
    """Double-click a word of the mapping document, in its quotes, and type another one."""
    editor = page.get_by_role("textbox", name="Mapping document")
    # Checked and drawn: nothing moves any more between the two clicks.
    await expect(page.get_by_role("region", name="Problems")).to_contain_text("None")
    # Coloured: before that, the middle of what holds the word is the middle of its line.
    await editor.locator("span").get_by_text(f'"{word}"', exact=True).dblclick()
    # At once: on a busy machine, keys half a second apart are steps of their own when undone.
    await page.keyboard.insert_text(new)
    await expect(editor.get_by_text(f'"{new}"')).to_be_visible()


async def in_scheme(page: Page, scheme: Any) -> None:
    """Show the page in `light` or `dark`."""
    # Colours that are still fading from one scheme to the other would be findings of axe.
    await page.add_style_tag(content=_NO_FADING)
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.locator(f'html[data-mantine-color-scheme="{scheme}"]').wait_for()
    await page.evaluate(_TWO_FRAMES)


_DOCUMENT: dict[str, Any] = {
    "entityType": "item",
    "extraction": {"mode": "config", "idColumn": "code", "cursorColumn": "changed"},
    "normalization": {"fields": [
        {"source": "code", "target": "sku", "required": True},
        {"source": "name", "target": "name", "transform": "trim", "required": True},
        {"source": "price", "target": "price", "type": "decimal"},
    ]},
    "transformation": {
        "matchKey": "code",
        "fields": [
            {"source": "sku", "target": "code"}, {"source": "name", "target": "title"},
            {"source": "price", "target": "price"},
        ],
    },
}  # fmt: skip


class Stream:
    """An instance of a test's own that syncs `item` from one table to another."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.source = f"{name.replace('-', '_')}_source"
        self.target = f"{name.replace('-', '_')}_target"


async def new_stream(database: Database, place: Installation, name: str, rows: int) -> Stream:
    """Make an instance whose source holds so many rows: A1, A2, …, with a name and a price.

    A row whose `name` is made null fails in Normalize; one whose price is null is written.
    """
    stream = Stream(name)
    assert re.fullmatch(r"[a-z-]+", name)
    document = _DOCUMENT | {
        "extraction": _DOCUMENT["extraction"] | {"table": stream.source},
        "transformation": _DOCUMENT["transformation"] | {"target": {"table": stream.target}},
    }
    async with database.transaction() as c:
        profiles = place.profiles(c)
        source = await profiles.store_own_database(f"{name}-erp")
        target = await profiles.store_own_database(f"{name}-shop")
        await store_instance(c, name, (source, target), f"{name}-items", document)
        await c.execute(
            f"""create table {stream.source} as select 'A' || n as code, 'Item ' || n as name,
            (n * 1.10)::numeric(19,6) as price,
            timestamp '2026-01-01' + n / 100 * interval '1 minute' as changed
            from generate_series(1, {rows}) n"""
        )
        await c.execute(
            f"create table {stream.target} (code text primary key, title text, price numeric)"
        )
    return stream
