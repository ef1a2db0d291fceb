"""What `syncline apply` and `syncline diff` do with loaded files."""

from __future__ import annotations

from syncline.domain.configuration import Configured, Step, compare
from syncline.postgres.configuring import ConfigurationStore
from syncline.resources.checking import check
from syncline.resources.loading import Loaded
from syncline.resources.mistakes import InvalidFilesError


async def apply(store: ConfigurationStore, loaded: Loaded, tenant: str, actor: str) -> list[Step]:
    """Store what the files want, all or nothing; what they do not name is left alone.

    Raises:
        InvalidFilesError: with every mistake; nothing was written.
        NotFoundError: no such tenant.
        RetriableError: the database is away.
    """
    async with store.change(tenant, actor) as change:
        stored = await change.stored()
        steps = _steps(loaded, stored)
        for step in steps:
            config = loaded.wanted.get(step.kind, step.name)
            if config is not None and step.action != "unchanged":
                await change.save(step, config, stored.get(step.kind, step.name))
        return steps


async def diff(store: ConfigurationStore, loaded: Loaded, tenant: str) -> list[Step]:
    """Say what `apply` would do. Raises as `apply`."""
    return _steps(loaded, await store.stored(tenant))


def _steps(loaded: Loaded, stored: Configured) -> list[Step]:
    mistakes = check(loaded, stored)
    if mistakes:
        raise InvalidFilesError(mistakes)
    return compare(loaded.wanted, stored)
