"""Doubts that only the systems themselves can settle: profiles are tested, sources are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from syncline.actions.connections.connection_test import checks_of
from syncline.actions.doubts.doubt import Doubt, Matter, answers
from syncline.connectors.port import Connector, SourceColumn
from syncline.connectors.registry import connector_class
from syncline.domain.configuration.documents import InstanceConfig, Kind, ProfileConfig
from syncline.domain.errors import FailureError, InvalidInputError, Problem
from syncline.domain.mapping.document import Mapping as MappingDocument
from syncline.domain.mapping.extraction import EPOCHS, CursorType, Extraction
from syncline.domain.mapping.source_paths import unknown_columns
from syncline.domain.mapping.validation import parse

WITHIN = 5.0
"""Seconds that a system has for each answer; a person waits."""
AT_ONCE = 10
"""Systems that are asked side by side."""
_NUMBERS = ("int", "numeric", "decimal", "real", "float", "double", "money", "serial")
_TIMES = ("date", "timestamp", "time")


async def profile_doubts(matter: Matter) -> list[Doubt]:
    """Say which of the profiles that are new or changed cannot be reached from here."""
    changed = {(step.kind, step.name) for step in matter.steps if step.action != "unchanged"}
    profiles = [
        profile
        for name, profile in matter.configured.profiles.items()
        if (Kind.PROFILE, name) in matter.named & changed and profile.active
    ]
    return await answers([partial(_of_profile, profile, matter) for profile in profiles], AT_ONCE)


async def _of_profile(profile: ProfileConfig, matter: Matter) -> list[Doubt]:
    """Run the connection test of a profile; a profile that it cannot even begin is a doubt, too."""
    kind = connector_class(profile.connector)
    try:
        connector = kind(profile.config, profile.secrets, matter.surroundings)
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
        failed = [("config", str(error) or type(error).__name__)]
    else:
        checks = await checks_of(connector, WITHIN)
        failed = [(check.part, check.message) for check in checks if not check.ok]
    words = [f"its test failed from here: {part}: {message}" for part, message in failed]
    return [Doubt(Kind.PROFILE, profile.name, Problem("$.config", each)) for each in words]


async def source_doubts(matter: Matter) -> list[Doubt]:
    """Ask each source about the mappings that read it."""
    readers: dict[str, dict[str, InstanceConfig]] = {}
    for instance in matter.instances():
        for name in instance.mappings:
            if _is_asked(matter, instance, name):
                readers.setdefault(instance.source, {}).setdefault(name, instance)
    profiles = matter.configured.profiles
    return await answers(
        [
            partial(_of_source, matter, profiles[name], mappings)
            for name, mappings in readers.items()
            if name in profiles
        ],
        AT_ONCE,
    )


def _is_asked(matter: Matter, instance: InstanceConfig, mapping: str) -> bool:
    """Tell whether something was named that decides what this mapping reads from there."""
    parts = {
        (Kind.MAPPING, mapping),
        (Kind.PROFILE, instance.source),
        (Kind.INSTANCE, instance.name),
    }
    return mapping in matter.configured.mappings and bool(parts & matter.named)


async def _of_source(
    matter: Matter, profile: ProfileConfig, readers: Mapping[str, InstanceConfig]
) -> list[Doubt]:
    """Ask a source about mappings, given with an instance by which each reads it."""
    try:
        kind = connector_class(profile.connector)
    except InvalidInputError:
        return []  # a check's affair
    connector = kind(profile.config, profile.secrets, matter.surroundings)
    doubts: list[Doubt] = []
    try:
        for name, instance in readers.items():
            mapping = parse(matter.configured.mappings[name].document, stored=True)
            problems, answers_us = await _asked(connector, profile.name, mapping)
            doubts += [matter.at(instance, Kind.MAPPING, name, problem) for problem in problems]
            if not answers_us:
                break  # one word that it is away is enough
    finally:
        with suppress(Exception):  # nothing was written, and nobody needs it any more
            await connector.close()
    return doubts


async def _asked(
    connector: Connector, profile: str, mapping: MappingDocument
) -> tuple[list[Problem], bool]:
    """Return what the source makes doubtful, and whether it answers at all."""
    extraction = mapping.extraction
    try:
        async with asyncio.timeout(WITHIN):
            columns = await connector.describe(extraction)
            late = await connector.late_commits(extraction)
    except (TimeoutError, FailureError) as error:
        reason = str(error) or f"no answer within {WITHIN:.0f} s"
        words = f"the source {profile!r} cannot be asked whether it has what the mapping reads"
        return [Problem("$.extraction", f"{words}: {reason}")], False
    problems = _cursor(extraction, columns or [])
    if columns is not None:
        everywhere = all(column.everywhere for column in columns)
        names = [column.name for column in columns]
        problems = unknown_columns(mapping, names, everywhere=everywhere) + problems
    if late is not None:
        problems.append(Problem("$.extraction.lookback", late))
    return problems, True


def _cursor(extraction: Extraction, columns: Sequence[SourceColumn]) -> list[Problem]:
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
