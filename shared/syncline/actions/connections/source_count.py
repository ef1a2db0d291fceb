"""How many records a read of everything takes, asked of the source before somebody begins one."""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from syncline.actions.connections.source_sample import opened
from syncline.actions.connections.system_fields import DESCRIPTIONS, LIMIT
from syncline.connectors.port import Surroundings
from syncline.connectors.registry import connector_class
from syncline.domain.errors import SynclineError, ThrottledError
from syncline.domain.mapping.validation import parse
from syncline.postgres.audit.throttle import audit_throttled
from syncline.postgres.configuration.draft_samples import Drafts
from syncline.postgres.configuration.profiles import Configuration, mapping_document
from syncline.postgres.database.database import Database
from syncline.security.secrets import Keyring
from syncline.telemetry.masking import SECRETS

log = structlog.get_logger()


class SourceCount(msgspec.Struct, frozen=True, rename="camel"):
    """How many records a source has for a stream.

    Attributes:
        source: the profile that was asked.
        records: null where that is not known.
        at_most: the mapping has filters, which may leave some of them out.
        unknown: why it is not known, for people.
    """

    source: str
    records: int | None
    at_most: bool
    unknown: str | None


class SourceCounter:
    """Asks the sources of streams, within 10 s and the profile's limits; writes nothing there."""

    def __init__(self, database: Database, keys: Keyring, surroundings: Surroundings) -> None:
        self._database = database
        self._configuration = Configuration(database, keys)
        self._surroundings = surroundings

    async def count(self, tenant: str, actor: str, instance: str, entity_type: str) -> SourceCount:
        """Count what a stream reads whole, which is audited as done by `actor`.

        That the source does not tell, or is away, is an answer (`unknown`).

        Raises NotFoundError; ThrottledError where the tenant asked its systems too often.
        """
        stream = await Drafts(self._database).stream(tenant, instance, entity_type)
        document = await mapping_document(self._database, tenant, stream.mapping)
        extraction = parse(document, stored=True).extraction
        profile = await self._configuration.profile(tenant, stream.profile_id)
        details = {"connector": profile.connector, "counted": stream.mapping}
        await audit_throttled(self._database, DESCRIPTIONS, tenant, actor, profile.name, details)
        records, unknown = None, None
        try:
            async with (
                opened(self._database, profile, self._surroundings) as (connector, limiter),
                asyncio.timeout(LIMIT),
                limiter.call(),
            ):
                records = await connector.count(extraction)
        except TimeoutError:  # an answer like any other: whoever asks is told
            unknown = f"no answer within {LIMIT:.0f} s"
        except ThrottledError:
            raise
        except SynclineError as error:
            unknown = SECRETS.mask(str(error))[:1000]
        except Exception as error:
            log.exception("connector_broke")
            unknown = f"the connector broke: {type(error).__name__}"
        if records is None and unknown is None:
            unknown = f"{connector_class(profile.connector).title} does not tell"
        return SourceCount(profile.name, records, bool(extraction.filters), unknown)


def words_of(count: SourceCount) -> str:
    """Say in words how many records it will be."""
    if count.records is None:
        return f"how many records that is, is not known: {count.unknown}"
    most = "at most " if count.at_most else ""
    return f"that is {most}{count.records:,} records of {count.source}"
