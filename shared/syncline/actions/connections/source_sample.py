"""Reading a few records of a source for a person who waits: within limits, with clear errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress

import structlog

from syncline.connectors.port import Connector, ConnectorError, ExtractRequest, Page, Surroundings
from syncline.connectors.registry import connector_class
from syncline.domain.columns import Columns, joined
from syncline.domain.configuration.documents import Profile
from syncline.domain.errors import (
    Category,
    Failure,
    InvalidInputError,
    Problem,
    RetriableError,
    SynclineError,
)
from syncline.domain.mapping.extraction import Extraction
from syncline.postgres.database.database import Database
from syncline.postgres.limits.leases import Limits, ProfileLimiter
from syncline.telemetry.masking import SECRETS

LIMIT = 30.0
"""Seconds the source has for its answer."""
log = structlog.get_logger()


async def read_sample(
    database: Database,
    profile: Profile,
    surroundings: Surroundings,
    extraction: Extraction,
    source_ids: Sequence[str],
    limit: int,
) -> Page:
    """Read some records, or the first ones, within the profile's limits. Raises RetriableError.

    Raises InvalidInputError, naming the place in the mapping, where the source refuses.
    """
    kind = connector_class(profile.connector)
    if not kind.capabilities.source:
        message = f"the connector {profile.connector!r} cannot be a source"
        raise InvalidInputError([Problem("$.profile", message)])
    if problems := kind.extraction_problems(extraction):
        raise InvalidInputError(problems)
    async with opened(database, profile, surroundings) as (connector, limiter):
        with _translated(extraction):
            async with asyncio.timeout(LIMIT), limiter.call():
                return await _page(connector, extraction, source_ids, limit)


@asynccontextmanager
async def opened(
    database: Database, profile: Profile, surroundings: Surroundings
) -> AsyncIterator[tuple[Connector, ProfileLimiter]]:
    """Open a profile's connector, paced by the limits that hold for the profile's runs, too."""
    SECRETS.know(profile.secrets.values())
    limits = Limits(database)
    limiter = limits.of(profile.id, profile.tenant, profile.max_concurrent, profile.rate)
    connector = connector_class(profile.connector)(profile.config, profile.secrets, surroundings)
    connector.pace = limiter.pace
    try:
        yield connector, limiter
    finally:
        await limiter.release()
        # the page is read, or its error is on its way; a close that breaks changes neither
        with suppress(Exception):
            await connector.close()


@contextmanager
def _translated(extraction: Extraction) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        message = f"the source gave no answer within {LIMIT:.0f} s"
        raise RetriableError(message, code="source_timeout") from None
    except ConnectorError as error:
        raise InvalidInputError([_placed(error.failure, extraction)]) from error
    except SynclineError:
        raise
    except Exception as error:
        log.exception("connector_broke")
        message = f"the source's connector broke: {type(error).__name__}"
        raise InvalidInputError([Problem("$.extraction", message)]) from error


def _placed(failure: Failure, extraction: Extraction) -> Problem:
    """Say where in the mapping something stands that the source refuses."""
    named = {extraction.id_column: "idColumn", extraction.cursor_column: "cursorColumn"}
    column = failure.field
    if column is not None and column in named:
        return Problem(f"$.extraction.{named[column]}", failure.message)
    if column in extraction.columns:
        place = extraction.columns.index(column)
        return Problem(f"$.extraction.columns[{place}]", failure.message)
    return Problem("$.extraction", failure.message)


async def _page(
    connector: Connector, extraction: Extraction, source_ids: Sequence[str], limit: int
) -> Page:
    if source_ids:
        page = await connector.fetch(extraction, source_ids)
        for source_id in source_ids:
            if source_id not in page.ids:
                message = f"the source has no record {source_id!r}"
                bad = {0: Failure(Category.PERMANENT, "unknown_source_id", message)}
                _append(page, Page([source_id], [None], Columns.of([{}]), "", bad, page.columns))
        return page
    gathered = Page([], [], Columns(0, {}), "")
    asked = ExtractRequest(extraction, limit=limit, page_size=limit)
    pages = connector.extract(asked)
    async with aclosing(pages):  # type: ignore[type-var] # every connector's is a generator
        async for page in pages:
            _append(gathered, page)
            if len(gathered.ids) >= limit:
                break
    return gathered


def _append(to: Page, page: Page) -> None:
    to.columns = page.columns
    to.bad.update({len(to.ids) + place: failure for place, failure in page.bad.items()})
    to.ids += page.ids
    to.cursors += page.cursors
    to.given = joined([to.records, page.records]) if to.records else page.records
