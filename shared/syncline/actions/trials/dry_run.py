"""Dry run: a few records of the source through a mapping, side by side; nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping as MappingType

import msgspec

from syncline.actions.connections.source_sample import read_sample
from syncline.actions.trials.bounded_work import in_thread
from syncline.actions.trials.trace import FieldError, Tracer
from syncline.connectors.port import Page, Surroundings
from syncline.contracts.messages import encode
from syncline.contracts.topics import Stage
from syncline.domain.columns import Columns
from syncline.domain.configuration.documents import Kind, Profile
from syncline.domain.errors import Category, Failure, InvalidInputError, NotFoundError, Problem
from syncline.domain.mapping.document import Mapping
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.mapping.source_paths import unknown_columns, unknown_properties
from syncline.domain.mapping.validation import parse, warnings
from syncline.domain.record import JsonObject, Record, check_record
from syncline.postgres.audit.log import audit_view
from syncline.postgres.configuration.draft_samples import Drafts
from syncline.postgres.configuration.profiles import Configuration, mapping_document
from syncline.postgres.database.database import Database
from syncline.resources.edits import read_request_document
from syncline.security.secrets import Keyring

MOST = 20
"""Records of one dry run."""
_DRAFT = "draft"


class DryRunRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What to try.

    Attributes:
        document: a draft; without one the stored mapping is used.
        version: of the stored mapping; without one the active version.
        instance: whose source is read; needed only where several instances use the mapping.
        profile: a source profile that is read instead of an instance's.
        source_ids: just these records, at most 20; without them the first `limit`.
        records: raw records to use instead of any source, at most 20.
    """

    document: JsonObject | None = None
    version: int | None = None
    instance: str | None = None
    profile: str | None = None
    source_ids: list[str] = []
    limit: int = 5
    records: list[Record] | None = None


class DryRecord(msgspec.Struct, frozen=True, rename="camel"):
    """One record, `mapped`, `excluded` or `failed`.

    `raw`, `canonical` and `payload` are JSON texts, None where it did not get there.
    """

    source_id: str
    outcome: str
    raw: str
    canonical: str | None
    payload: str | None
    errors: list[FieldError]


class DryRun(msgspec.Struct, frozen=True, rename="camel"):
    """What came out.

    Attributes:
        source: the profile that was read, None where the records were given.
        on_create: fields of the payloads that the target gets only where it creates the record.
    """

    source: str | None
    records: list[DryRecord]
    warnings: list[Problem]
    on_create: tuple[str, ...] = ()


class DryRunner:
    """Runs mappings over a few records; reads sources and writes nothing anywhere."""

    def __init__(self, database: Database, keys: Keyring, surroundings: Surroundings) -> None:
        self._database = database
        self._drafts = Drafts(database)
        self._configuration = Configuration(database, keys)
        self._surroundings = surroundings

    async def run(
        self, tenant: str, name: str | None, request: DryRunRequest, actor: str
    ) -> DryRun:
        """Try a stored mapping, or with no name a draft of a new one. Raises NotFoundError.

        Reading a source is audited, as done by `actor`.
        Raises InvalidInputError for the draft, the request, or what the source refuses.
        """
        _check(request)
        mapping = await self._mapping(tenant, name, request)
        secrets = await self._configuration.secrets(tenant)

        async def result(source: str | None, page: Page) -> DryRun:
            return await in_thread(
                lambda budget: _result(source, Tracer(mapping, secrets, budget), page, mapping)
            )

        if request.records is not None:
            return await result(None, _given(mapping.extraction, request.records))
        profile = await self._source(tenant, name, request)
        wanted = (mapping.extraction, request.source_ids, request.limit)
        details = {"profile": profile.name, "sourceIds": request.source_ids}
        await audit_view(self._database, tenant, actor, "mapping.dry_run", name or _DRAFT, details)
        page = await read_sample(self._database, profile, self._surroundings, *wanted)
        return await result(profile.name, page)

    async def _mapping(self, tenant: str, name: str | None, request: DryRunRequest) -> Mapping:
        if request.document is not None:
            named = {"name": name or _DRAFT} | request.document
            loaded = await asyncio.to_thread(read_request_document, Kind.MAPPING, name, named)
            (config,) = loaded.mappings.values()
            return await asyncio.to_thread(parse, config.document)
        if name is None:
            raise InvalidInputError([Problem("$.document", "is required: the draft to try")])
        document = await mapping_document(self._database, tenant, name, request.version)
        return parse(document, stored=True)

    async def _source(self, tenant: str, name: str | None, request: DryRunRequest) -> Profile:
        """Find the profile that is read."""
        if request.profile is not None:
            found = await self._drafts.profile_id(tenant, request.profile)
            return await self._configuration.profile(tenant, found)
        streams = await self._drafts.streams(tenant, name, request.instance) if name else []
        if request.instance is not None and not streams:
            raise NotFoundError(f"no instance {request.instance!r} that uses the mapping")
        profiles = {stream.profile_id for stream in streams}
        if len(profiles) != 1:
            users = ", ".join(repr(stream.instance) for stream in streams)
            several = f"several instances use the mapping: {users}"
            known = several if users else "no instance uses it"
            message = f"is required, or `instance`, or `records`: {known}"
            raise InvalidInputError([Problem("$.profile", message)])
        return await self._configuration.profile(tenant, profiles.pop())


def _given(extraction: Extraction, records: list[Record]) -> Page:
    """Make a page of pasted records."""
    ids = [str(record.get(extraction.id_column) or "") for record in records]
    return Page(ids, [None] * len(ids), Columns.of(records), "")


def _result(source: str | None, tracer: Tracer, page: Page, mapping: Mapping) -> DryRun:
    rows = list(enumerate(zip(page.ids, page.records.records(), strict=True)))[:MOST]
    records = [_tried(tracer, i, record, page.bad.get(place)) for place, (i, record) in rows]
    found = [*warnings(mapping), *_unknown(mapping, page)]
    return DryRun(source, records, found, mapping.transformation.on_create)


def _unknown(mapping: Mapping, page: Page) -> list[Problem]:
    """Name what the mapping reads and the source does not give."""
    read = [r for place, r in enumerate(page.records.records()) if place not in page.bad]
    found = [] if page.columns is None else unknown_columns(mapping, page.columns, everywhere=True)
    said = {problem.path for problem in found}
    return found + [p for p in unknown_properties(mapping, read) if p.path not in said]


def _tried(
    tracer: Tracer, source_id: str, record: MappingType[str, object], bad: Failure | None
) -> DryRecord:
    try:
        data = encode(record)
    except (ValueError, TypeError, RecursionError) as error:
        bad = bad or Failure(Category.PERMANENT, "invalid_record", str(error))
        data = encode({"unreadable": ascii(record)[:10_000]})
    refusal = bad or check_record(source_id, len(data))
    trace = tracer.raw(data) if refusal is None else tracer.failed(Stage.INGEST, refusal)
    return DryRecord(
        source_id, trace.outcome, tracer.shown(data), trace.canonical, trace.payload, trace.errors
    )


def _check(request: DryRunRequest) -> None:
    problems = []
    if not 1 <= request.limit <= MOST:
        problems.append(Problem("$.limit", f"must be from 1 to {MOST}, not {request.limit}"))
    if len(request.source_ids) > MOST:
        message = f"holds {len(request.source_ids)} IDs, at most {MOST} are allowed"
        problems.append(Problem("$.sourceIds", message))
    if request.records is not None and not 1 <= len(request.records) <= MOST:
        problems.append(Problem("$.records", f"must hold 1 to {MOST} records"))
    if problems:
        raise InvalidInputError(problems)
