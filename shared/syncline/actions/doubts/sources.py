"""Doubts about what a mapping reads: asked of the connected source, each extraction once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from syncline.actions.doubts.doubt import Doubt, Matter
from syncline.connectors.port import Column, Connector
from syncline.connectors.registry import connector_class
from syncline.domain.configuration.documents import InstanceConfig, Kind, ProfileConfig
from syncline.domain.errors import FailureError, InvalidInputError, Problem
from syncline.domain.mapping.document import Mapping
from syncline.domain.mapping.extraction import EPOCHS, CursorType, Extraction
from syncline.domain.mapping.source_paths import unknown_columns
from syncline.domain.mapping.validation import parse

LIMIT = 5.0
"""Seconds that a source has for each answer."""
AT_ONCE = 8
"""Sources that are asked side by side."""
_NUMBERS = ("int", "numeric", "decimal", "real", "float", "double", "money", "serial")
_TIMES = ("date", "timestamp", "time")


async def source_doubts(matter: Matter) -> list[Doubt]:
    """Ask each source about the mappings that read it."""
    readers: dict[str, list[tuple[InstanceConfig, str]]] = {}
    for instance in matter.instances():
        for name in instance.mappings:
            if _is_asked(matter, instance, name):
                readers.setdefault(instance.source, []).append((instance, name))
    room = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(_of_source(matter, matter.configured.profiles[name], them, room))
            for name, them in readers.items()
            if name in matter.configured.profiles
        ]
    return [doubt for task in asked for doubt in task.result()]


def _is_asked(matter: Matter, instance: InstanceConfig, mapping: str) -> bool:
    """Tell whether something was named that decides what this mapping reads from there."""
    parts = {
        (Kind.MAPPING, mapping),
        (Kind.PROFILE, instance.source),
        (Kind.INSTANCE, instance.name),
    }
    return mapping in matter.configured.mappings and bool(parts & matter.named)


async def _of_source(
    matter: Matter,
    profile: ProfileConfig,
    readers: Sequence[tuple[InstanceConfig, str]],
    room: asyncio.Semaphore,
) -> list[Doubt]:
    doubts, said = [], set()
    async with room, _opened(matter, profile) as connector:
        for instance, name in readers:
            if name in said or connector is None:
                continue
            said.add(name)
            mapping = parse(matter.configured.mappings[name].document, stored=True)
            problems, answers = await _asked(connector, profile.name, mapping)
            doubts += [matter.at(instance, Kind.MAPPING, name, problem) for problem in problems]
            if not answers:
                break  # one word that it is away is enough
    return doubts


@asynccontextmanager
async def _opened(matter: Matter, profile: ProfileConfig) -> AsyncIterator[Connector | None]:
    try:
        kind = connector_class(profile.connector)
    except InvalidInputError:
        yield None  # a check's affair
        return
    connector = kind(profile.config, profile.secrets, matter.surroundings)
    try:
        yield connector
    finally:
        with suppress(Exception):  # nothing was written, and nobody needs it any more
            await connector.close()


async def _asked(
    connector: Connector, profile: str, mapping: Mapping
) -> tuple[list[Problem], bool]:
    """Return what the source makes doubtful, and whether it answers at all."""
    extraction = mapping.extraction
    try:
        async with asyncio.timeout(LIMIT):
            columns = await connector.describe(extraction)
            late = await connector.late_commits(extraction)
    except (TimeoutError, FailureError) as error:
        reason = str(error) or f"no answer within {LIMIT:.0f} s"
        words = f"the source {profile!r} cannot be asked whether it has what the mapping reads"
        return [Problem("$.extraction", f"{words}: {reason}")], False
    problems = _unknown(mapping, columns)
    problems += _cursor(extraction, columns or [])
    if late is not None:
        problems.append(Problem("$.extraction.lookback", late))
    return problems, True


def _unknown(mapping: Mapping, columns: Sequence[Column] | None) -> list[Problem]:
    if columns is None:
        return []
    everywhere = all(column.everywhere for column in columns)
    return unknown_columns(mapping, [c.name for c in columns], everywhere=everywhere)


def _cursor(extraction: Extraction, columns: Sequence[Column]) -> list[Problem]:
    """Say where a typed source has a cursor column of another kind than the mapping says."""
    types = {column.name: column.type.lower() for column in columns}
    kind = types.get(extraction.cursor_column or "", "")
    is_id = extraction.cursor_type is CursorType.ID
    if is_id and kind.startswith(_TIMES):
        words = "`datetime` or `date`; under `id` times are no numbers, and `lookback` does nothing"
    elif not is_id and kind.startswith(_NUMBERS) and extraction.cursor_format not in EPOCHS:
        words = f"`id`, or a `cursorFormat` of {' or '.join(sorted(EPOCHS))} where it counts time"
    else:
        return []
    said = f"{extraction.cursor_column!r} is a column of type {kind}"
    return [Problem("$.extraction.cursorType", f"{said}: its cursorType would be {words}")]
