"""What worlds of connectors to an API share: broken connections and hostile answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar

from syncline.connectors.port import Connector, Surroundings
from syncline.testing.connectors.target_faults import WAIT
from syncline.testing.http_api import HttpApi, Trouble
from tests.support.http_world import LOOPBACK
from tests.support.ports import free_port

FIRST = Trouble(proper=True)


def hostile(records: str) -> dict[str, tuple[Trouble, ...]]:
    """Return what an API may answer for its second page; its records stand under this name."""
    name = records.encode()

    def said(body: bytes) -> tuple[Trouble, ...]:
        return FIRST, Trouble(status=200, body=body)

    return {
        "a page in HTML": said(b"<html>busy</html>"),
        "half a page": said(b'{"%b": [{"id": "0003"}, {"i' % name),
        "a page without records": said(b'{"%b": null}' % name),
        "no page at all": (FIRST, Trouble(status=204)),
        "records that are none": said(b'{"%b": [1, null, []]}' % name),
        "a connection that is cut": (FIRST, *[Trouble()] * 9),
    }


class ApiWorld:
    """An API that stands in for a vendor's, with one connector to it."""

    kind: ClassVar[type[Connector]]
    secret: str
    secret_name: ClassVar[str]
    base: ClassVar[str] = ""
    records: ClassVar[str] = "records"
    texts = frozenset({"nul", "bell"})
    cannot_hold: frozenset[str] = frozenset()

    def __init__(self, api: HttpApi) -> None:
        self.api = api
        self.connector = self.connector_to(api.url)
        self.hostilities = {
            name: self._beginning(*after) for name, after in hostile(self.records).items()
        }

    def connector_to(
        self, url: str, key: str | None = None, where: Surroundings = LOOPBACK, **changes: Any
    ) -> Connector:
        config = {"baseUrl": url + self.base, **self.config(), **changes}
        return self.kind(config, {self.secret_name: key or self.secret}, where)

    def config(self) -> Mapping[str, Any]:
        """Return the profile's settings beside its address."""
        return {}

    def broken(self) -> Sequence[tuple[Connector, str]]:
        url = self.api.url
        tls = url.replace("http:", "https:")
        return [
            (self.connector_to(f"http://127.0.0.1:{free_port()}"), "host"),
            (self.connector_to(url, where=Surroundings()), "host"),
            (self.connector_to(tls, timeouts={"connect": 0.5}), "tls"),
            (self.connector_to(url, f"{self.secret}-wrong"), "login"),
        ]

    def _beginning(self, *troubles: Trouble) -> Callable[[], Awaitable[None]]:
        async def begin() -> None:
            self.api.trouble.clear()
            self.api.trouble.extend(troubles)

        return begin

    async def throttle(self) -> None:
        self.api.trouble.append(Trouble(status=429, headers={"Retry-After": str(WAIT)}))
