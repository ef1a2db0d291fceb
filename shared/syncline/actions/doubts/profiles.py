"""Doubts about profiles: new and changed ones are tested, so that a wrong address shows at once."""

from __future__ import annotations

import asyncio

from syncline.actions.connections.connection_test import checks_of
from syncline.actions.doubts.doubt import Doubt, Matter
from syncline.connectors.registry import connector_class
from syncline.domain.configuration.documents import Kind, ProfileConfig
from syncline.domain.errors import Problem

WITHIN = 5.0
"""Seconds a profile has to answer; a person waits."""
AT_ONCE = 10
"""Profiles that are tried side by side."""


async def profile_doubts(matter: Matter) -> list[Doubt]:
    """Say which of the profiles that are new or changed cannot be reached from here."""
    changed = {(step.kind, step.name) for step in matter.steps if step.action != "unchanged"}
    profiles = [
        profile
        for name, profile in matter.configured.profiles.items()
        if (Kind.PROFILE, name) in matter.named & changed and profile.active
    ]
    few = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(_tried(profile, matter, few)) for profile in profiles]
    return [doubt for task in asked for doubt in task.result()]


async def _tried(profile: ProfileConfig, matter: Matter, few: asyncio.Semaphore) -> list[Doubt]:
    """Run the connection test of a profile; a profile that it cannot even begin is a doubt, too."""
    kind = connector_class(profile.connector)
    async with few:
        try:
            connector = kind(profile.config, profile.secrets, matter.surroundings)
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
            return [_doubt(profile, "config", str(error) or type(error).__name__)]
        checks = await checks_of(connector, WITHIN)
    return [_doubt(profile, check.part, check.message) for check in checks if not check.ok]


def _doubt(profile: ProfileConfig, part: str, message: str) -> Doubt:
    words = f"its test failed from here: {part}: {message}"
    return Doubt(Kind.PROFILE, profile.name, Problem("$.config", words))
