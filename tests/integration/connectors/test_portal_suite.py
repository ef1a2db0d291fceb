"""The Portal connector does what the port promises, as a source and as a target of both kinds."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from syncline.connectors.portal import PortalConnector
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.connectors.connections import ConnectorSuite, item
from syncline.testing.connectors.source_faults import (
    DriftSuite,
    HostileSuite,
    ThrottledSourceSuite,
)
from syncline.testing.connectors.sources import SourceSuite
from syncline.testing.connectors.target_faults import (
    LostAnswerSuite,
    ReadBackSuite,
    ReadOnlySuite,
    SizeLimitSuite,
    ThrottledSuite,
)
from syncline.testing.connectors.targets import Target, TargetSuite, as_held, held, write
from syncline.testing.http_api import Trouble
from tests.support.api_world import ApiWorld
from tests.support.one_world import OneWorld
from tests.support.portal_hub import BASE, KEY, PortalHub

GROUPS = Extraction(
    mode=ExtractionMode.API, id_column="id", cursor_column="updatedAt",
    options={"entity": "bpgroup"},
)  # fmt: skip


def reading(**changes: Any) -> Extraction:
    return dataclasses.replace(GROUPS, **changes)


class PortalWorld(ApiWorld):
    """A hub that takes records of any shape, and names them by their keys."""

    kind = PortalConnector
    secret, secret_name, base = KEY, "integrationKey", BASE
    entity, call = "bpgroup", "PUT"
    extraction = GROUPS
    elsewhere = {"entity": "nothing_there"}
    refused = {"price": -1}
    oversized = {"note": "x" * 1_000_000}
    heavy = {"note": "x" * 200_000}
    keeps_one = True
    deletes = True
    unanswerable = [
        (reading(options={"entity": "nothing_there"}), "nothing_there"),
        (reading(options={}), "options.entity"),
    ]

    def __init__(self, api: PortalHub) -> None:
        super().__init__(api)
        self.hub = api
        self.options = {"entity": self.entity}

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        self.hub.stored[self.entity].clear()
        self.hub.trouble.clear()
        for record in records:
            changed = record["changed"] and f"{record['changed']:%Y-%m-%dT%H:%M:%SZ}"
            self.hub.put(self.entity, record["id"], record | {"changed": changed}, changed)

    async def rows(self) -> list[dict[str, Any]]:
        return [record["data"] for record in self.hub.stored[self.entity].values()]

    async def drop(self, column: str) -> None:
        for record in self.hub.stored[self.entity].values():
            del record["data"][column]

    async def add(self, column: str) -> None:
        for record in self.hub.stored[self.entity].values():
            record["data"][column] = "new"

    async def lose_answer(self) -> None:
        self.hub.trouble.append(Trouble(self.call, applied=True))

    async def set_read_only(self, read_only: bool) -> None:
        self.hub.granted[self.entity] = ["read"] if read_only else ["read", "write"]


class OrderWorld(PortalWorld):
    """The same, of documents, which are created one by one."""

    entity, call = "salesorder", "POST"


@asynccontextmanager
async def portal_world(kind: type[PortalWorld]) -> AsyncIterator[PortalWorld]:
    hub = PortalHub()
    hub.is_open, hub.name, hub.largest_body = True, str, 600_000
    await hub.start()
    world = kind(hub)
    try:
        yield world
    finally:
        await world.connector.close()
        await hub.close()


class TestMasterData(OneWorld[PortalWorld],
    ConnectorSuite, SourceSuite, DriftSuite, HostileSuite, ThrottledSourceSuite,
    TargetSuite, LostAnswerSuite, ThrottledSuite, ReadOnlySuite, SizeLimitSuite, ReadBackSuite,
):  # fmt: skip
    system = "portal"
    kind = PortalConnector
    good_config = {"baseUrl": "https://hub.example/api/v1"}
    good_secrets = {"integrationKey": KEY}
    wrong_configs = [
        ({"baseUrl": ...}, {}, "$.config.baseUrl"),
        ({"baseUrl": "hub.example"}, {}, "$.config.baseUrl"),
        ({"url": "x"}, {}, "$.config.url"),
        ({}, {"integrationKey": ""}, "$.secrets.integrationKey"),
        ({}, {"apiKey": "x"}, "$.secrets.apiKey"),
    ]
    wrong_mappings = [
        (reading(options={"entity": "bpgrup"}), None, "$.extraction.options.entity"),
        (reading(cursor_column="updatedDate"), None, "$.extraction.cursorColumn"),
        (reading(parameters={"limit": 7}), None, "$.extraction.parameters.limit"),
        (None, {}, "$.transformation.target.entity"),
        (None, {"entity": "item"}, "$.transformation.target.entity"),
        (None, {"entity": "bpgroup", "method": "PUT"}, "$.transformation.target.method"),
    ]

    @pytest.fixture
    async def world(self) -> AsyncIterator[PortalWorld]:
        async with portal_world(PortalWorld) as world:
            yield world


class TestDocuments(TargetSuite, LostAnswerSuite, ThrottledSuite):
    """Documents, which need an intent: a call that is repeated creates none twice."""

    @pytest.fixture
    async def target(self) -> AsyncIterator[PortalWorld]:
        async with portal_world(OrderWorld) as world:
            yield world

    async def test_of_two_versions_in_a_bulk_the_later_one_stays(self, target: Target) -> None:
        """No run sends two new records of one key; the hub refuses the second one."""
        result = await write(target, [item(1, name="old"), item(2), item(1, name="new")])

        assert [failure.code for failure in result.failures.values()] == ["conflict"]
        assert await held(target) == as_held([item(1, name="old"), item(2)])
