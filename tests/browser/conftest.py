"""One installation and one browser for all browser tests; each test makes a stream of its own."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from syncline.postgres.database.database import Database, open_database
from tests.support.browser import Guard, chromium, session_cookie
from tests.support.gateway import Gateway, gateway, served
from tests.support.installation import Installation, installation
from tests.support.kafka import KafkaPlace
from tests.support.lent_databases import LentDatabases

expect.set_options(timeout=30_000)  # two cores may be busy with other tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test pays for starting nine processes and a browser."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
async def place(
    kafka_bootstrap: str,
    migrated_databases: LentDatabases,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Installation]:
    """All pipeline services; a test that needs another one starts it with `place.start`."""
    kafka = KafkaPlace(kafka_bootstrap, f"t{secrets.token_hex(4)}.")
    logs = tmp_path_factory.mktemp("logs")
    async with (
        migrated_databases.borrowed() as dsn,
        installation(kafka, dsn, logs) as place,
    ):
        yield place


@pytest.fixture(scope="session")
async def api(place: Installation) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway, and a Platform Admin's client of it."""
    async with await place.start_gateway() as client:
        yield client


@pytest.fixture(scope="session")
async def db(place: Installation) -> AsyncIterator[Database]:
    async with open_database(place.dsn) as database:
        yield database


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
async def shared_context(
    browser: Browser, place: Installation, api: httpx.AsyncClient
) -> AsyncIterator[BrowserContext]:
    """A browser profile with a Platform Admin signed in; it loads and compiles the console once."""
    url = str(api.base_url)
    context = await browser.new_context(
        base_url=url,
        viewport={"width": 1280, "height": 800},
        locale="en-GB",
        timezone_id="Europe/Vienna",
        color_scheme="light",
        reduced_motion="reduce",  # what moves is drawn again and again
    )
    yield context
    await context.close()


@pytest.fixture
async def context(
    shared_context: BrowserContext, place: Installation, api: httpx.AsyncClient
) -> AsyncIterator[BrowserContext]:
    """The profile as new, with no tab."""
    url = str(api.base_url)
    await shared_context.clear_cookies()
    await shared_context.add_cookies([await session_cookie(place.dsn, url)])  # type: ignore[list-item]
    yield shared_context
    for tab in shared_context.pages:
        devtools = await shared_context.new_cdp_session(tab)
        stored = {"origin": url, "storageTypes": "local_storage"}
        await devtools.send("Storage.clearDataForOrigin", stored)
        await tab.close()


@pytest.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A tab; fails the test when it asked another host, missed a part or logged an error."""
    page = await context.new_page()
    guard = Guard(page)
    yield page
    assert guard.found == []


@pytest.fixture
async def installed(postgres: str) -> AsyncIterator[Gateway]:
    async with gateway(postgres) as made:
        yield made


@pytest.fixture
async def profile(browser: Browser, installed: Gateway) -> AsyncIterator[BrowserContext]:
    """A browser in which nobody is signed in."""
    async with served(installed) as url:
        context = await browser.new_context(
            base_url=url,
            viewport={"width": 1280, "height": 800},
            color_scheme="light",
            reduced_motion="reduce",
        )
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        yield context
        await context.close()


@pytest.fixture
async def tab(profile: BrowserContext) -> AsyncIterator[Page]:
    page = await profile.new_page()
    guard = Guard(page)
    yield page
    assert guard.found == []
