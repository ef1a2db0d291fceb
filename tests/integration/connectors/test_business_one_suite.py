"""The connector of Business One does what the port promises, at a stand-in Service Layer.

Records of the suites have names of their own; the entity types' blocks are told in those.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from syncline.connectors.api.entities import Entity
from syncline.connectors.business_one import BusinessOneConnector
from syncline.connectors.business_one.entities import ENTITIES
from syncline.connectors.port import Connector, Surroundings
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import JsonObject
from syncline.testing.connectors.connections import ConnectorSuite
from syncline.testing.connectors.reads import START, Source, dated, ids_of, pages_of
from syncline.testing.connectors.source_faults import (
    DriftSuite,
    HostileSuite,
    ThrottledSourceSuite,
)
from syncline.testing.connectors.sources import SourceSuite
from syncline.testing.connectors.target_faults import (
    WAIT,
    LostAnswerSuite,
    ReadBackSuite,
    ReadOnlySuite,
    SizeLimitSuite,
    ThrottledSuite,
)
from syncline.testing.connectors.targets import TargetSuite
from syncline.testing.http_api import Trouble
from tests.support.http_world import LOOPBACK
from tests.support.one_world import OneWorld
from tests.support.ports import free_port
from tests.support.service_layer import RefusedError, ServiceLayer
from tests.support.service_layer_world import config_of, reading, started

NAMES = {"ItemCode": "id", "UpdateDate": "changed", "CreateDate": "made"}
"""Property of an item -> its name in the suites."""
EXTRACTION = reading("item", "id", "changed")
OPTIONS = {"entity": "salesorder", "reference": "id"}
SHOWN = ("id", "name", "amount", "count", "note")
FIRST = Trouble(proper=True)
HOSTILE = {
    "a page in HTML": (FIRST, Trouble(status=502, body=b"<html>Bad Gateway</html>")),
    "an empty 500": (FIRST, Trouble(status=500)),
    "half a page": (FIRST, Trouble(status=200, body=b'{"value": [{"id": "0003"}, {"i')),
    "a page without records": (FIRST, Trouble(status=200, body=b'{"value": null}')),
    "no page at all": (FIRST, Trouble(status=204)),
    "the first page once more": (
        FIRST, Trouble(status=200, body=b'{"value": [{"id": "0000"}, {"id": "0001"}]}')
    ),
    "records that are none": (FIRST, Trouble(status=200, body=b'{"value": [1, null, []]}')),
    "a connection that is cut": (FIRST, *[Trouble()] * 9),
}  # fmt: skip
"""What it answers for its second page."""


def renamed(block: Any) -> Any:
    """Return a block with the suites' names instead of an item's."""
    if isinstance(block, Mapping):
        return {name: renamed(part) for name, part in block.items()}
    for name, own in NAMES.items() if isinstance(block, str) else ():
        block = block.replace(name, own)
    return block


def renamed_source(source: Extraction) -> Extraction:
    return dataclasses.replace(
        source,
        id_column=renamed(source.id_column),
        cursor_column=renamed(source.cursor_column),
        parameters=renamed(source.parameters),
        options=renamed(source.options),
    )


class SuiteConnector(BusinessOneConnector):
    """Reads items that have the suites' names."""

    entities = {**ENTITIES, "item": Entity(renamed_source(ENTITIES["item"].source or EXTRACTION))}


class OpenLayer(ServiceLayer):
    """A Service Layer that takes any document but one of a price below 0."""

    def __init__(self) -> None:
        super().__init__()
        self.keys["Items"] = "id"
        self.properties = {}

    def _check_document(self, name: str, given: JsonObject, own: int | None) -> None:
        if given.get("price", 0) < 0:
            raise RefusedError(400, -5002, "Price is negative")


class ServiceLayerWorld:
    """The stand-in and a connector that has signed in."""

    secret = "sesame-9f2"
    extraction = EXTRACTION
    texts = frozenset({"nul", "bell"})
    options = OPTIONS
    elsewhere = OPTIONS | {"entity": "nothing_there"}
    refused = {"price": -1}
    oversized = {"note": "x" * 1_000_000}
    heavy = {"note": "x" * 200_000}
    keeps_one = True
    deletes = False
    cannot_hold: frozenset[str] = frozenset()
    unanswerable = [(reading("nothing_there", "id"), "nothing_there")]

    def __init__(self, layer: OpenLayer) -> None:
        self.layer = layer
        self.connector = self._connector()
        self.hostilities = {name: self._beginning(*after) for name, after in HOSTILE.items()}

    def _connector(
        self, password: str = secret, where: Surroundings = LOOPBACK, **changes: Any
    ) -> SuiteConnector:
        config = config_of(self.layer, **({"pageSize": 12} | changes))
        return SuiteConnector(config, {"password": password}, where)

    def broken(self) -> Sequence[tuple[Connector, str]]:
        tls = self.layer.url.replace("http:", "https:")
        return [
            (self._connector(url=f"http://127.0.0.1:{free_port()}"), "host"),
            (self._connector(where=Surroundings()), "host"),
            (self._connector(url=tls, timeouts={"connect": 0.1}), "tls"),
            (self._connector(f"{self.secret}-wrong"), "login"),
            (self._connector(company="NoSuchCompany"), "login"),
        ]

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        """Make these the items; minutes of the suites are days, as the system has no more."""
        self.layer.sets["Items"].clear()
        self.layer.trouble.clear()
        for record in records:
            changed = record["changed"]
            if changed is not None:
                days = (changed - START) // timedelta(minutes=1)
                changed = (START + timedelta(days=days)).date().isoformat()
            self.layer.put("Items", record | {"changed": changed})

    async def rows(self) -> list[dict[str, Any]]:
        orders = self.layer.sets["Orders"].values()
        return [{name: o[name] for name in SHOWN if name in o} for o in orders]

    def _beginning(self, *troubles: Trouble) -> Callable[[], Awaitable[None]]:
        async def begin() -> None:
            self.layer.trouble.clear()
            self.layer.trouble.extend(troubles)

        return begin

    async def drop(self, column: str) -> None:
        for record in self.layer.sets["Items"].values():
            del record[column]

    async def add(self, column: str) -> None:
        for record in self.layer.sets["Items"].values():
            record[column] = "new"

    async def lose_answer(self) -> None:
        self.layer.trouble.append(Trouble("POST", applied=True))

    async def throttle(self) -> None:
        self.layer.trouble.append(Trouble(status=429, headers={"Retry-After": str(WAIT)}))

    async def set_read_only(self, read_only: bool) -> None:
        self.layer.trouble.clear()
        self.layer.trouble.extend([Trouble("POST", 405)] if read_only else [])


class TestBusinessOne(OneWorld[ServiceLayerWorld],
    ConnectorSuite, SourceSuite, DriftSuite, HostileSuite, ThrottledSourceSuite,
    TargetSuite, LostAnswerSuite, ThrottledSuite, ReadOnlySuite, SizeLimitSuite, ReadBackSuite,
):  # fmt: skip
    system = "business_one"
    kind = BusinessOneConnector
    good_config = {"url": "https://b1.example:50000", "company": "SBODemo", "username": "syncline"}
    wrong_configs = [
        ({"url": ...}, {"password": "x"}, "$.config.url"),
        ({"url": "https://b1.example:50000/B1S/V2"}, {"password": "x"}, "$.config.url"),
        ({"company": ""}, {"password": "x"}, "$.config.company"),
        ({}, {}, "$.secrets.password"),
        ({}, {"pasword": "x"}, "$.secrets.pasword"),
        ({"databse": "x"}, {"password": "x"}, "$.config.databse"),
    ]
    wrong_mappings = [
        (reading("itms", "ItemCode"), None, "$.extraction.options.entity"),
        (reading("item", "Code"), None, "$.extraction.idColumn"),
        (reading("warehouse", "WarehouseCode", "UpdateDate"), None, "$.extraction.cursorColumn"),
        (reading("bp", "CardCode", paging={"size": 9}), None, "$.extraction.paging"),
        (None, {}, "$.transformation.target.entity"),
        (None, {"entity": "item"}, "$.transformation.target.entity"),
        (None, {"entity": "salesorder", "reference": "a b"}, "$.transformation.target.reference"),
    ]

    @pytest.fixture
    async def world(self) -> AsyncIterator[ServiceLayerWorld]:
        async with started(OpenLayer()) as layer:
            layer.largest_body = 600_000
            world = ServiceLayerWorld(layer)
            await world.connector.test()
            yield world
            await world.connector.close()

    def test_a_good_configuration_has_no_problems(self) -> None:
        assert self.kind.config_problems(self.good_config, {"password": "x"}) == []

    async def test_lookback_begins_before_the_cursor(self, source: Source) -> None:
        """The system counts in days: a lookback of a second reads the day before."""
        await source.fill([dated(n, n) for n in range(10)])
        widened = dataclasses.replace(source.extraction, lookback=1.0)

        pages = await pages_of(source, extraction=widened, after="2026-01-09")

        assert sorted(ids_of(pages)) == ["0007", "0008", "0009"]
