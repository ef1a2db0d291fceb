"""The HTTP connector: what it can do, its calls, and its tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from syncline.connectors import port
from syncline.connectors.addresses import AllowedAddresses, Resolve
from syncline.connectors.errors import ConnectorError, refusal
from syncline.connectors.http.answers.answer import is_one_of
from syncline.connectors.http.client.api import JSON, Api, RefusedError
from syncline.connectors.http.client.client import MOST_ANSWER, Client, Sender
from syncline.connectors.http.client.connection_test import SAMPLE, columns_of, test_connection
from syncline.connectors.http.client.login import LoginHeaders
from syncline.connectors.http.settings.extraction import (
    HttpSource,
    extraction_problems,
    source_of,
)
from syncline.connectors.http.settings.profile import HttpSecrets, HttpSettings, secret_problems
from syncline.connectors.http.settings.target import HttpTarget, WriteCall
from syncline.connectors.http.source.fetch import fetch_records
from syncline.connectors.http.source.pages import read_pages
from syncline.connectors.http.target import results
from syncline.connectors.http.target.comparison import differences, holds_payload
from syncline.connectors.http.target.evidence import Evidence
from syncline.connectors.http.target.search import find_records, keys_of, own_key
from syncline.connectors.http.target.second_calls import is_half
from syncline.connectors.http.target.writer import HttpWriter
from syncline.connectors.settings import TARGET, ConnectorSettings, read, read_profile
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.errors import FailureError, Problem
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import Record

_decode = decoder_of(Record).decode
_LOGOUT = 5.0
"""Seconds that the end of a session may take."""
_KEPT = 256
"""Target blocks kept parsed."""
_OF_ALL = frozenset({405, 415})
"""Refusals of a deletion that no record is at fault for."""


class HttpConnector(port.Connector):
    """One HTTP API as its profile describes it."""

    title = "HTTP API"
    about = "Any JSON API: single or bulk calls, four kinds of paging, six kinds of login."
    profile_settings: ClassVar[type[ConnectorSettings]] = HttpSettings
    profile_secrets: ClassVar[type[ConnectorSettings]] = HttpSecrets
    target_settings: ClassVar[type[ConnectorSettings]] = HttpTarget
    capabilities = port.Capabilities(
        source=True,
        target=True,
        pages_may_move=True,
        bulk_size=1000,
        lookup=True,
        read_back=True,
        on_create=True,
    )

    def __init__(
        self,
        config: Mapping[str, object],
        secrets: Mapping[str, str],
        surroundings: port.Surroundings,
        resolver: Resolve | None = None,
    ) -> None:
        settings = self.settings_of(config)
        times = settings.timeouts
        self.capabilities = msgspec.structs.replace(
            self.capabilities, longest_call=times.connect + times.total
        )
        allowed = AllowedAddresses.of(surroundings, resolver)
        most = min(settings.max_answer_bytes, MOST_ANSWER)
        self._client = Client(allowed, times, most, settings.ca_file, self._turn, self._count)
        login = LoginHeaders(settings, self.secrets_of(secrets), self._client)
        self._api = Api(settings, login, self._sender())
        self._targets: dict[bytes, tuple[HttpTarget, Evidence]] = {}

    def _sender(self) -> Sender:
        """Return what sends the API's calls."""
        return self._client

    def _turn(self) -> Awaitable[None]:
        """Wait for the pace, which a connector is given only later."""
        return self.pace()

    def _count(self, status: str) -> None:
        """Tell of an answer whoever counts, which a connector is given only later."""
        self.count_answer(status)

    @classmethod
    def settings_of(cls, config: Mapping[str, object]) -> HttpSettings:
        """Return what a profile says of its API. Raises ConnectorError on a mistake."""
        return read_profile(HttpSettings, config)

    @classmethod
    def secrets_of(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """Return a profile's secrets by the names that its login knows."""
        return secrets

    @classmethod
    def source_block(cls, extraction: Extraction) -> Extraction:
        """Return an extraction in the words of this connector. Raises ConnectorError."""
        return extraction

    @classmethod
    def target_block(cls, options: Mapping[str, object]) -> Mapping[str, object]:
        """Return a target block in the words of this connector. Raises ConnectorError."""
        return options

    @classmethod
    def config_problems(
        cls, config: Mapping[str, object], secrets: Mapping[str, str]
    ) -> list[Problem]:
        """Name every mistake of a profile's settings."""
        found = super().config_problems(config, secrets)
        return found or list(secret_problems(cls.settings_of(config).auth, secrets))

    @classmethod
    def extraction_problems(cls, extraction: Extraction) -> list[Problem]:
        """Name every mistake of a mapping's extraction block."""
        return extraction_problems(extraction)

    @classmethod
    def system_of(
        cls, config: Mapping[str, object], target: Mapping[str, object] | None = None, /
    ) -> str:
        """Name the API by its base URL; how it is encrypted makes it no other."""
        parts = urlsplit(cls.settings_of(config).base_url)
        return f"{parts.netloc.lower()}{parts.path}".rstrip("/")

    @classmethod
    def on_create_problem(
        cls, target: Mapping[str, object], on_create: Sequence[str], /
    ) -> str | None:
        """Say why fields of creations alone do not go with the calls of a target block."""
        block = read(HttpTarget, cls.target_block(target), TARGET)
        if on_create and block.update is None and not block.skips:
            return "the target block has no `update`: it writes in one way, what is there or not"
        then, update = block.then, block.update
        if then is not None and update and update.then is None and then.field not in on_create:
            return f"must hold {then.field}, or `update.then` say how an update sends it"
        return None

    def capabilities_for(self, options: Mapping[str, object]) -> port.Capabilities:
        """Return what it can do with a target block: bulks as large as its largest call."""
        target = self._target(options)
        update = target.update.bulk_size if target.update else 1
        calls, settings = [target, *([target.update] if target.update else [])], self._api.settings
        return msgspec.structs.replace(
            self.capabilities,
            bulk_size=max(target.bulk_size, update),
            idempotent_upsert=target.idempotent,
            lookup=target.lookup is not None,
            read_back=target.lookup is not None,
            lookup_first=target.finds,
            lookup_size=target.lookup.keys_per_call if target.lookup else 1,
            reads_keys=bool(settings.idempotency_header or any(call.takes_key for call in calls)),
            honours_keys=target.honours_keys,
            two_calls=target.then is not None,
            visible_after=target.lookup.visible_after if target.lookup else 0.0,
        )

    def reads_in_order(self, extraction: Extraction) -> bool:
        """Only the mapping can tell: `options.ordered`."""
        return self.source_block(extraction).options.get("ordered") is True

    def reads_stably(self, extraction: Extraction) -> bool:
        """Only the mapping can tell: `options.stable`."""
        return self.source_block(extraction).options.get("stable") is not None

    async def close(self) -> None:
        """End the session, if the login has one, and let go of all connections."""
        with suppress(FailureError, TimeoutError):  # a session that stays ends by itself
            async with asyncio.timeout(_LOGOUT):
                await self._api.sign_out()
        await self._client.close()

    async def test(self) -> list[port.Check]:
        """Reach the host, log in, and read the profile's test endpoint."""
        return await test_connection(self._api)

    async def describe(self, extraction: Extraction) -> list[port.SourceColumn] | None:
        """Return the properties of the records on the first page; None where it has none."""
        first = port.ExtractRequest(extraction, limit=SAMPLE, page_size=SAMPLE)
        async with aclosing(self.extract(first)) as found:  # type: ignore[type-var] # a generator
            page = await anext(found, None)
        return None if page is None else columns_of(page.records.records())

    async def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream pages in the order the API gives them."""
        async for page in read_pages(self._api, self._source(request.extraction), request):
            yield page

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records, as `options.fetch` says."""
        return await fetch_records(self._api, self._source(extraction), extraction, ids)

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult:
        """Find records by match key, as the target block's `lookup` says."""
        target = self._target(batch.options)
        if target.lookup is None:
            raise _not_configured("lookup")
        keys = keys_of(batch, range(len(batch.payloads)))
        found = await find_records(self._api, target.lookup, keys, own_key(batch))
        result = port.LookupResult([None] * len(keys))
        for place, key in enumerate(keys):
            hit = found.get(key)
            if hit is not None and hit.failure is not None:
                result.failures[place] = hit.failure
            elif hit is not None:
                result.target_ids[place] = hit.id
                is_by_half = is_half(target, batch.payloads[place], hit.record)
                left_out = () if is_by_half else batch.on_create
                payload = _decode(results.without(batch.payloads[place], left_out))
                stored = target.lookup.stored(hit.record)
                told = holds_payload(payload, stored)
                if told is not None:
                    result.holds[place] = told
                partly = target.lookup.query is not None
                result.differs[place] = [] if told else differences(payload, stored, partly=partly)
        return result

    async def write(self, batch: port.WriteBatch) -> port.WriteResult:
        """Create or update records; a bulk refused as a whole is halved to find the bad record."""
        return await HttpWriter(self._api, *self._known(batch.options), batch).write()

    async def delete(
        self, target_ids: Sequence[str], options: Mapping[str, object]
    ) -> port.WriteResult:
        """Delete records one by one; one that is not there counts as deleted.

        Raises RetriableError or ConnectorError where none was deleted, for no record's fault.
        """
        target, result = self._target(options), port.WriteResult(list(target_ids))
        if target.delete is None:
            raise _not_configured("delete")
        for place, target_id in enumerate(target_ids):
            try:
                await self._delete(target.delete, target_id)
            except RefusedError as error:
                if error.status in _OF_ALL:
                    raise ConnectorError(error.failure) from error
                gone = is_one_of(target.gone, error.failure, error.status)
                if error.status not in (404, 410) and not gone:
                    result.failures[place] = error.failure
            except FailureError as error:
                if place == 0:
                    raise
                result.failures[place] = error.failure
        return result

    async def _delete(self, operation: WriteCall, target_id: str) -> None:
        url = self._api.url(operation.endpoint, operation.parameters, {"id": target_id})
        if operation.query is not None:
            body = encode(operation.graphql_body({"{id}": target_id}, {}))
            answer = await self._api.send("POST", url, JSON, body, graphql=True)
            self._api.check_own_error(answer, self._api.decoded(answer))
            return
        answer = await self._api.send(operation.method, url, operation.headers, None)
        if self._api.settings.errors.in_success and answer.body.strip():
            self._api.decoded(answer)

    def _source(self, extraction: Extraction) -> HttpSource:
        return source_of(self.source_block(extraction))

    def read_target(self, options: Mapping[str, object]) -> HttpTarget:
        """Return a target block as it is written by. Raises ConnectorError on a mistake."""
        return read(HttpTarget, self.target_block(options), TARGET)

    def _target(self, options: Mapping[str, object]) -> HttpTarget:
        return self._known(options)[0]

    def _known(self, options: Mapping[str, object]) -> tuple[HttpTarget, Evidence]:
        key = msgspec.json.encode(options, order="sorted")
        known = self._targets.get(key)
        if known is None:
            known = self.read_target(options), Evidence()
            if len(self._targets) >= _KEPT:
                self._targets.clear()
            self._targets[key] = known
        return known


def _not_configured(name: str) -> ConnectorError:
    message = f"the mapping does not say how: `transformation.target.{name}` is missing"
    return refusal(f"{name}_not_configured", message)
