"""One object as a request brings it: like a document of a file, but secrets come by value."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

import msgspec

from syncline.domain.configuration.comparison import PlanStep, step_of
from syncline.domain.configuration.documents import (
    Config,
    HookConfig,
    InstanceConfig,
    Kind,
    ProfileConfig,
    ProfileSettings,
    ScheduleConfig,
    TenantConfiguration,
)
from syncline.domain.document_fields import values_of
from syncline.domain.errors import ConflictError, InvalidInputError, Problem
from syncline.domain.record import Value, unstorable
from syncline.domain.validation_errors import validated
from syncline.postgres.configuration.changes import Change, ConfigurationStore
from syncline.resources.checks import check
from syncline.resources.documents import ProfileRequest
from syncline.resources.loader import DocumentLocation, DocumentSet, config_of
from syncline.resources.plan import delete_within, not_found


def read_request_document(kind: Kind, name: str | None, body: object) -> DocumentSet:
    """Read a document of a request; `name` is what the address calls it, if it does.

    A long one takes a while: call it in a thread where others wait.

    Raises InvalidInputError with every mistake that shows in the document alone.
    """
    if not isinstance(body, dict):
        raise InvalidInputError([Problem("$", "must be an object")])
    unusable = "a text may hold no NUL and no lone surrogate"
    problems = list(_named_otherwise(body, kind, name))
    problems += [Problem(path, unusable) for path in unstorable(body)]
    if problems:
        raise InvalidInputError(problems)
    document = dict(body) if kind is Kind.MAPPING else _with_floats(body)
    document |= {"kind": kind.value} | ({} if name is None else {"name": name})
    if kind is Kind.PROFILE:
        profile = validated(ProfileRequest, document)
        settings = values_of(profile, ProfileSettings)
        config: Config = ProfileConfig(**settings, secrets=profile.secrets)
    else:
        config = config_of(kind, document)
    found = DocumentSet()
    found.add(kind, config, DocumentLocation("the request", f"{kind} {config.name}", {}))
    return found


def require_valid(wanted: DocumentSet, stored: TenantConfiguration) -> None:
    """Hold a document against everything stored. Raises InvalidInputError with every mistake."""
    mistakes = check(wanted, stored)
    if mistakes:
        raise InvalidInputError([Problem(m.path, m.message) for m in mistakes])


def _named_otherwise(body: Mapping[str, object], kind: Kind, name: str | None) -> Iterator[Problem]:
    if body.get("kind", kind.value) != kind.value:
        yield Problem("$.kind", f"must be {kind.value!r} here")
    if name is not None and body.get("name", name) != name:
        yield Problem("$.name", f"the address names {name!r}; a name never changes")


def _with_floats(value: object) -> Value:
    """Settings are no data: a decimal is as good as the float that a file would give."""
    if isinstance(value, dict):
        return {name: _with_floats(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_floats(part) for part in value]
    return float(value) if isinstance(value, Decimal) else value


class Presence(Enum):
    """What an edit takes for granted where it names no state."""

    ANYTHING = "anything"
    NOTHING_THERE = "nothing there"
    SOMETHING_THERE = "something there"


Expectation: TypeAlias = Presence | str
"""A text is the mark (`Change.mark`) of the state that the edit was based on."""


class Edit(msgspec.Struct, frozen=True):
    """Who edits what; there is no name where the document has it."""

    tenant: str
    actor: str
    kind: Kind
    name: str | None
    expected: Expectation = Presence.ANYTHING


async def save(store: ConfigurationStore, edit: Edit, body: object) -> tuple[PlanStep, str]:
    """Store one object as a request wants it; the same again changes nothing.

    Raises:
        InvalidInputError: with every mistake; nothing was written.
        ConflictError: it is there already, and should not be.
        NotFoundError: it should be there, and is not.
        StaleError: somebody else has changed it meanwhile.
    """
    loaded = await asyncio.to_thread(read_request_document, edit.kind, edit.name, body)
    ((_, config),) = loaded.items()
    async with _opened(store, edit, config.name) as (change, stored):
        await asyncio.to_thread(require_valid, loaded, stored)
        before = stored.get(edit.kind, config.name)
        step = await _stored(change, edit.kind, config, before)
        return step, await change.mark(edit.kind, config.name)


async def switch(store: ConfigurationStore, edit: Edit, *, enabled: bool) -> PlanStep:
    """Let an instance or a schedule run, or not; missed slots are gone. Raises as `save`."""
    name = edit.name or ""
    async with _opened(store, edit, name) as (change, stored):
        config = stored.get(edit.kind, name)
        if not isinstance(config, InstanceConfig | ScheduleConfig | HookConfig):
            raise not_found(stored, edit.kind, name)
        switched = dataclasses.replace(config, enabled=enabled)
        return await _stored(change, edit.kind, switched, config)


async def add_version(store: ConfigurationStore, edit: Edit, body: object) -> int:
    """Store a document as a mapping's next version, which no run uses until it is made active.

    Returns its number. Raises as `save`, and NotFoundError.
    """
    name = edit.name or ""
    loaded = await asyncio.to_thread(read_request_document, Kind.MAPPING, edit.name, body)
    (config,) = loaded.mappings.values()
    async with _opened(store, edit, name) as (change, stored):
        if stored.get(Kind.MAPPING, name) is None:
            raise not_found(stored, Kind.MAPPING, name)
        await asyncio.to_thread(require_valid, loaded, stored)
        return await change.add_version(config)


async def activate_version(store: ConfigurationStore, edit: Edit, version: int) -> None:
    """Make a stored version of a mapping the one that new runs use.

    Raises NotFoundError, StaleError; InvalidInputError: an instance could not run with it.
    """
    name = edit.name or ""
    async with _opened(store, edit, name) as (change, stored):
        document = await change.mapping_version(name, version)
        loaded = await asyncio.to_thread(read_request_document, Kind.MAPPING, name, document)
        await asyncio.to_thread(require_valid, loaded, stored)
        await change.activate(name, version)


async def delete(store: ConfigurationStore, edit: Edit) -> None:
    """Delete an object; the history of its runs stays. Raises NotFoundError, StaleError.

    Raises ConflictError with the names of those who use it.
    """
    name = edit.name or ""
    async with _opened(store, edit, name) as (change, stored):
        if stored.get(edit.kind, name) is None:
            raise not_found(stored, edit.kind, name)
        doomed = [(edit.kind, name)]
        await delete_within(change, stored.without(doomed), doomed)


async def validate(store: ConfigurationStore, edit: Edit, body: object) -> None:
    """Check a document against everything that is stored; nothing is written. Raises as `save`."""
    loaded = await asyncio.to_thread(read_request_document, edit.kind, edit.name, body)
    await asyncio.to_thread(require_valid, loaded, await store.stored(edit.tenant))


async def _stored(change: Change, kind: Kind, config: Config, before: Config | None) -> PlanStep:
    """Write what differs."""
    step = step_of(kind, config, before)
    if step.action != "unchanged":
        await change.save(step, config, before)
    return step


@asynccontextmanager
async def _opened(
    store: ConfigurationStore, edit: Edit, name: str
) -> AsyncIterator[tuple[Change, TenantConfiguration]]:
    """Open the change of an object and read what is stored; refuse what is not as expected."""
    async with store.change(edit.tenant, edit.actor) as change:
        stored = await change.stored()
        there = stored.get(edit.kind, name) is not None
        if edit.expected is Presence.NOTHING_THERE and there:
            raise ConflictError(f"there is a {edit.kind.lower()} {name!r} already")
        if edit.expected not in (Presence.ANYTHING, Presence.NOTHING_THERE) and not there:
            raise not_found(stored, edit.kind, name)
        if isinstance(edit.expected, str):
            await change.require(edit.kind, name, edit.expected)
        yield change, stored
