"""What a system has, for who writes a mapping: its tables, and the fields of one with their types.

Asked like a connection test: within 10 s and the profile's limits, audited, and only so often.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import msgspec
import structlog

from syncline.actions.connections.source_sample import opened
from syncline.connectors.port import Connector, SourceColumn, Surroundings
from syncline.connectors.registry import connector_class
from syncline.domain.errors import FailureError, InvalidInputError, Problem, SynclineError
from syncline.domain.mapping.extraction import Extraction, extraction_problems, unquoted
from syncline.domain.record import JsonObject
from syncline.domain.validation_errors import validated
from syncline.postgres.audit.throttle import AuditThrottle, audit_throttled
from syncline.postgres.configuration.draft_samples import Drafts
from syncline.postgres.configuration.profiles import Configuration
from syncline.postgres.database.database import Database
from syncline.security.secrets import Keyring
from syncline.telemetry.masking import SECRETS

T = TypeVar("T")
LIMIT = 10.0
"""Seconds for all that a system is asked."""
DESCRIPTIONS = AuditThrottle("profile.described", 60, timedelta(minutes=1))
"""As often as a tenant may ask: each is a call to another system."""
MOST_FIELDS = 2000
log = structlog.get_logger()


class FieldsRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The block of a draft that says what is read or written; one of the two.

    Attributes:
        extraction: a mapping's `extraction`: the fields of a source are asked for.
        target: a mapping's `transformation.target`: the fields of a target are asked for.
    """

    extraction: JsonObject | None = None
    target: JsonObject | None = None


class SystemField(msgspec.Struct, frozen=True, rename="camel"):
    """A column or property, with its type in the system's own words.

    `everywhere` is false where only some records were looked at.
    """

    name: str
    type: str
    everywhere: bool


class SystemFields(msgspec.Struct, frozen=True, rename="camel"):
    """What a system has.

    Attributes:
        tables: what may be named as `table`, at most 1,000; null where that is not known.
        fields: of the block that was given, at most 2,000; null where they are not known.
        unknown: why the fields are not known, for people.
    """

    tables: list[str] | None
    fields: list[SystemField] | None
    unknown: str | None


class FieldReader:
    """Asks the systems of stored profiles what they have; writes nothing there."""

    def __init__(self, database: Database, keys: Keyring, surroundings: Surroundings) -> None:
        self._database = database
        self._drafts = Drafts(database)
        self._configuration = Configuration(database, keys)
        self._surroundings = surroundings

    async def read(
        self, tenant: str, actor: str, name: str, request: FieldsRequest
    ) -> SystemFields:
        """Ask the system of a profile, which is audited as done by `actor`.

        What the system refuses, and that it is away, is an answer (`unknown`).

        Raises NotFoundError; ThrottledError where the tenant asked too often; InvalidInputError.
        """
        if (request.extraction is None) == (request.target is None):
            raise InvalidInputError([Problem("$", "takes one of `extraction` and `target`")])
        profile_id = await self._drafts.profile_id(tenant, name)
        profile = await self._configuration.profile(tenant, profile_id)
        direction = "source" if request.target is None else "target"
        details = {"connector": profile.connector, "direction": direction}
        await audit_throttled(self._database, DESCRIPTIONS, tenant, actor, name, details)
        tables: list[str] | None = None
        try:
            async with (
                opened(self._database, profile, self._surroundings) as (connector, limiter),
                asyncio.timeout(LIMIT),
                limiter.call(),
            ):
                tables, _ = await _answer(connector.tables)
                fields, unknown = await _answer(lambda: _fields(connector, request))
        except TimeoutError:  # an answer like any other: whoever asks is told
            fields, unknown = None, f"no answer within {LIMIT:.0f} s"
        except FailureError as error:
            fields, unknown = None, str(error)
        if fields is None and unknown is None:
            unknown = f"{connector_class(profile.connector).title} does not tell its fields"
        return SystemFields(
            tables,
            None if fields is None else [_shown(field) for field in fields[:MOST_FIELDS]],
            None if unknown is None else SECRETS.mask(unknown)[:1000],
        )


async def _answer(ask: Callable[[], Awaitable[T | None]]) -> tuple[T | None, str | None]:
    """Return what a connector says, or why it does not."""
    try:
        return await ask(), None
    except SynclineError as error:
        return None, str(error)
    except TimeoutError:
        raise
    except Exception as error:
        log.exception("connector_broke")
        return None, f"the connector broke: {type(error).__name__}"


async def _fields(connector: Connector, request: FieldsRequest) -> list[SourceColumn] | None:
    """Ask for the fields of the block. Raises InvalidInputError with its mistakes."""
    kind = type(connector)
    if request.target is not None:
        problems = kind.target_problems(request.target)
        if problems:
            raise InvalidInputError(problems)
        return await connector.describe_target(request.target)
    extraction = unquoted(validated(Extraction, {"idColumn": "id"} | (request.extraction or {})))
    problems = [*extraction_problems(extraction)] or kind.extraction_problems(extraction)
    if problems:
        raise InvalidInputError(problems)
    return await connector.describe(extraction)


def _shown(field: SourceColumn) -> SystemField:
    return SystemField(field.name, field.type, field.everywhere)
