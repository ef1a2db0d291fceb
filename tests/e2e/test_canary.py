"""No secret in any answer, topic, log or table: canaries go everywhere, and are looked for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from syncline.postgres.database.database import Database, open_database
from syncline.testing.http_api import HttpApi, Trouble
from tests.support.commands import CommandLine
from tests.support.eventually import eventually
from tests.support.hooks import PLAIN, plain
from tests.support.http_world import SINGLE
from tests.support.installation import Installation, installation
from tests.support.kafka import KafkaPlace
from tests.support.mail import PASSWORD as MAIL_PASSWORD
from tests.support.mail import USER, trusted_mail_server
from tests.support.receiver import Receiver, receiver
from tests.support.topics import lying_on
from tests.support.walking import Walk

pytestmark = pytest.mark.timeout(600)
WRONG, TOKEN, PERSON, CARRIED = (
    f"canary{what}/+=1" for what in ("wrong7k", "token7k", "person7k", "carried7k")
)
"""What stands before the slash stands in every form of the value: quoted, in a URL, in JSON."""
ITEMS: dict[str, Any] = {
    "name": "items",
    "entityType": "item",
    "extraction": {
        "table": "canary_items",
        "idColumn": "code",
        "cursorColumn": "code",
        "cursorType": "id",
    },
    "normalization": {
        "fields": [{"source": "code", "target": "sku"}, {"source": "link", "target": "link"}]
    },
    "transformation": {
        "matchKey": "sku",
        "fields": [
            {"source": "sku", "target": "sku"},
            {"source": "link", "target": "link"},
        ],
        "target": SINGLE,
    },
}


_RENAMED = [{"source": "sku", "target": "sku"}, {"source": "link", "target": "address"}]


class Canaries:
    """Secrets, and everything that was said where they must not stand.

    Attributes:
        stored: what lies on topics and in tables: there records are as their systems wrote them,
            even if those wrote a secret of a profile into them.
    """

    def __init__(self) -> None:
        self.secrets = {"mail": MAIL_PASSWORD}
        for name, value in (("wrong", WRONG), ("token", TOKEN), ("person", PERSON)):
            self.secrets[name] = value.partition("/")[0]
        self.said: list[tuple[str, str]] = []
        self.stored: list[tuple[str, str]] = []
        self.silent = False

    async def hear(self, response: httpx.Response) -> None:
        """Note an answer, unless it is the one that shows a secret once."""
        await response.aread()
        if not self.silent:
            self.said.append((f"{response.request.method} {response.url}", response.text))

    def found(self) -> Iterator[str]:
        yield from _found(self.said, self.secrets | {"carried": CARRIED.partition("/")[0]})
        yield from _found(self.stored, self.secrets)


def _found(places: Sequence[tuple[str, str]], secrets: Mapping[str, str]) -> Iterator[str]:
    for place, text in places:
        for name, secret in secrets.items():
            if secret in text:
                at = text.index(secret)
                yield f"{name} in {place}: …{text[max(at - 80, 0) : at + 40]}"


@pytest.fixture
async def canaries() -> Canaries:
    return Canaries()


@pytest.fixture
async def api_of_shop() -> AsyncIterator[HttpApi]:
    api = HttpApi()
    await api.start()
    yield api
    await api.close()


@pytest.fixture
async def place(
    kafka: KafkaPlace, postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Installation]:
    """An installation that sends mail with a password."""
    async with trusted_mail_server(tmp_path, monkeypatch) as mails:
        extra = {
            "SYNCLINE_SMTP_HOST": "127.0.0.1", "SYNCLINE_SMTP_PORT": str(mails.port),
            "SYNCLINE_SMTP_USER": USER, "SYNCLINE_SMTP_PASSWORD": MAIL_PASSWORD,
            "SYNCLINE_LOG_LEVEL": "DEBUG",
        }  # fmt: skip
        async with installation(kafka, postgres, tmp_path, extra) as place:
            await place.start("notifier")
            yield place


async def test_no_secret_gets_out(
    place: Installation, api_of_shop: HttpApi, canaries: Canaries, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(await place.start_gateway())
        client.event_hooks["response"].append(canaries.hear)
        hook = await stack.enter_async_context(receiver())
        db = await stack.enter_async_context(open_database(place.dsn))
        known = await Story(place, client, api_of_shop, hook, canaries).play(db)
        walk = Walk(client, known)
        await walk.run()
        await _stream(client, known["correlation_id"])
        await _command_line(place, known["letter_id"][0], tmp_path, canaries)
        await _topics(place, canaries)
        await _tables(db, canaries)
    _logs(tmp_path, canaries)
    assert list(canaries.found()) == []
    assert walk.routes - walk.reached == set()
    assert len(canaries.said) > 100


class Story:
    """What makes others repeat our secrets."""

    def __init__(
        self, place: Installation, client: httpx.AsyncClient, shop: HttpApi, hook: Receiver,
        canaries: Canaries,
    ) -> None:  # fmt: skip
        self.place, self.client, self.shop, self.hook = place, client, shop, hook
        self.canaries = canaries

    async def play(self, db: Database) -> dict[str, list[str]]:
        """Return names for the addresses of routes."""
        await db.execute("create table canary_items (code text primary key, link text)")
        await db.execute(
            "insert into canary_items select 'A' || n, $1 from generate_series(1, 6) n",
            f"https://shop/?key={CARRIED}",
        )
        await self._people()
        await self._configure()
        await self._subscribe()
        await self._take_webhooks()
        for name in ("erp", "locked", "shop"):
            await self._call("POST", f"/connection-profiles/{name}/test")
        runs = [await self._run(instance) for instance in ("erp-shop", "locked-shop", "erp-shop")]
        await self._call("POST", "/mapping-configs/items/dry-run", {"instance": "erp-shop"})
        draft = ITEMS | {"transformation": ITEMS["transformation"] | {"fields": _RENAMED}}
        tried = await self._call("POST", "/mapping-configs/items/try-draft", {"document": draft})
        assert tried.json()["records"], tried.text
        letters = (await self._call("GET", "/dlq")).json()["items"]
        discard = {"kind": "discard", "ids": [letters[0]["id"]], "reason": "seen"}
        begun = await self._call("POST", "/operations", discard)
        assert begun.status_code == 202, begun.text
        await eventually(lambda: len(self.hook.received) >= 2, within=60)
        assert await db.fetchval("select count(*) from dead_letters") > 0
        return {
            "correlation_id": runs, "letter_id": [letter["id"] for letter in letters],
            "kind": ["profile", "mapping", "instance"], "instance": ["erp-shop"],
            "entityType": ["item"], "sourceId": ["A1"], "q": ["A1"],
        }  # fmt: skip

    async def _people(self) -> None:
        """The first user, by the link in the log; and a key of a program."""
        log = (self.place.logs / "gateway.log").read_text().splitlines()
        (link,) = [d["link"] for d in map(json.loads, log) if d["event"] == "set_up_needed"]
        body = {"link": link.partition("#")[2], "name": "anna", "password": PERSON}
        await self._call("POST", "/setup", body)
        await self._call("POST", "/session", {"name": "anna", "password": f"{PERSON}?"})
        self.canaries.silent = True
        key = (await self._call("POST", "/api-keys", {"name": "program"})).json()["key"]
        self.canaries.silent = False
        self.canaries.secrets["key"] = key
        await self._call("GET", "/session", authorization=f"ApiKey {key}x")

    async def _configure(self) -> None:
        url = urlsplit(self.place.dsn)
        assert url.password
        self.canaries.secrets["sql"] = url.password
        sql = {"host": url.hostname, "port": url.port, "database": url.path[1:],
               "user": url.username}  # fmt: skip
        profiles = [
            ("erp", "postgresql", sql, {"password": url.password}),
            ("locked", "postgresql", sql, {"password": WRONG}),
            ("shop", "http", {"baseUrl": self.shop.url, "auth": {"type": "bearer"},
                              "test": {"endpoint": "/items"}}, {"token": TOKEN}),
            ("other", "postgresql", sql, {"password": CARRIED}),
        ]  # fmt: skip
        for name, connector, config, secrets in profiles:
            body = {"name": name, "connector": connector, "config": config, "secrets": secrets}
            await self._call("POST", "/connection-profiles/test", body)
            await self._call("POST", "/connection-profiles", body)
            await self._call("POST", "/connection-profiles", body)  # refused: it is there
        await self._call("POST", "/mapping-configs", ITEMS)
        for source in ("erp", "locked"):
            body = {"name": f"{source}-shop", "source": source, "target": "shop",
                    "mappings": ["items"]}  # fmt: skip
            await self._call("POST", "/instances", body)
        schedule = {"name": "nightly", "instance": "erp-shop", "entityType": "item",
                    "cron": "0 3 * * *"}  # fmt: skip
        await self._call("POST", "/schedules", schedule)

    async def _subscribe(self) -> None:
        self.canaries.silent = True
        made = await self._call("POST", "/webhooks", {"name": "chat", "url": self.hook.url})
        secret = made.json()["secret"]
        self.canaries.silent = False
        self.canaries.secrets["webhook"] = secret.removeprefix("whsec_")
        self.hook.answers.extend([(400, "", f"not signed with {secret}")] * 2)
        await self._call("POST", f"/webhooks/{made.json()['webhook']['id']}/test")
        body = {"name": "people", "addresses": ["ops@example.com", "nobody@example.com"]}
        mail = (await self._call("POST", "/email-subscriptions", body)).json()
        await self._call("POST", f"/email-subscriptions/{mail['id']}/test")

    async def _take_webhooks(self) -> None:
        """Receive a delivery of a shop, after one that says the secret and is not signed."""
        hook = {"name": "shop", "instance": "erp-shop", "entityType": "item", "sourceIds": "id",
                "signature": PLAIN}  # fmt: skip
        made = (await self._call("POST", "/inbound-webhooks", hook)).json()
        self.canaries.silent = True
        given = await self._call("POST", "/inbound-webhooks/shop/rotate-secret", {})
        self.canaries.silent = False
        secret = self.canaries.secrets["hook"] = given.json()["secret"]
        path, body = f"/api/v1/hooks/{made['id']}", b'{"id": "A1"}'
        wrong = await self.client.post(path, content=secret.encode())
        assert wrong.status_code == 401
        taken = await self.client.post(path, content=body, headers=plain(secret, body))
        assert taken.status_code == 202, taken.text

    async def _run(self, instance: str) -> str:
        """Run while the shop repeats the token in its answers."""
        echo = json.dumps({"errors": [{"message": f"{TOKEN} may not write"}], "token": TOKEN})
        head = {"X-Your-Token": TOKEN}
        self.shop.login = f"Bearer {TOKEN}"
        for status in (422, 403, 400):
            self.shop.trouble.append(Trouble("POST", status, head, echo.encode()))
        body = {"instance": instance, "entityType": "item", "mode": "force_full"}
        asked = await self._call("POST", "/sync-events", body)
        run_id: str = asked.json()["correlationId"]
        await self.place.ended(run_id)
        self.shop.trouble.clear()
        self.shop.login = "Bearer somebody else's"  # now it says whose token it does not know
        return run_id

    async def _call(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        answer = await self.client.request(method, f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code < 500, answer.text
        return answer


async def _stream(client: httpx.AsyncClient, runs: list[str]) -> None:
    """Streams of runs that are over end by themselves; the hook reads them whole."""
    async with asyncio.timeout(30):
        for run_id in runs:
            await client.get(f"/api/v1/sync-events/{run_id}/stream")


async def _command_line(place: Installation, letter: str, folder: Path, canaries: Canaries) -> None:
    cli = CommandLine(folder, {k: str(v) for k, v in place.environment.items()})
    for command in ("export", "runs list --json", "dlq list --json", "dlq groups", "doctor",
                    "records find A1 --json", "schedules list --json", "records passport A1 --json",
                    f"dlq show {letter} --json"):  # fmt: skip
        said = await cli(*command.split())
        assert said.code == 0 or command == "doctor", said.err
        canaries.said.append((f"syncline {command}", said.out + said.err))


async def _topics(place: Installation, canaries: Canaries) -> None:
    for topic, deliveries in (await lying_on(place.connection)).items():
        canaries.stored += [(f"topic {topic}", repr(delivery)) for delivery in deliveries]


async def _tables(db: Database, canaries: Canaries) -> None:
    tables = await db.fetch("select tablename from pg_tables where schemaname = 'public'")
    for (table,) in tables:
        rows = await db.fetch(f'select * from "{table}"')
        canaries.stored += [(f"table {table}", repr(dict(row))) for row in rows]


def _logs(folder: Path, canaries: Canaries) -> None:
    logs = list(folder.glob("*.log"))
    assert len(logs) >= 10
    canaries.said += [(f"log {path.name}", path.read_text()) for path in logs]
