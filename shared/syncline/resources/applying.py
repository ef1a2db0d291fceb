"""What `syncline apply` and `syncline diff` do with loaded files."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.domain.configuration import Configured, Step, compare
from syncline.domain.errors import ConflictError
from syncline.postgres.configuration.changes import Change, ConfigurationStore
from syncline.resources.checking import check
from syncline.resources.loading import Loaded
from syncline.resources.mistakes import InvalidFilesError
from syncline.resources.removing import superfluous, take_away, without


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
        await _save(change, loaded, stored, steps)
        return steps


async def diff(
    store: ConfigurationStore, loaded: Loaded, tenant: str, *, prune: bool = False
) -> list[Step]:
    """Say what `apply` would do, or `pruned` where that is asked. Raises as they do."""
    stored = await store.stored(tenant)
    return _pruning(loaded, stored) if prune else _steps(loaded, stored)


async def pruned(
    store: ConfigurationStore, loaded: Loaded, tenant: str, actor: str, planned: Sequence[Step]
) -> list[Step]:
    """Store what the files want and delete everything else of the tenant, all or nothing.

    Args:
        planned: what `diff` said and a person agreed to.

    Raises:
        ConflictError: something else was configured meanwhile, or what is to go is in use.
    """
    async with store.change(tenant, actor) as change:
        stored = await change.stored()
        steps = _pruning(loaded, stored)
        if steps != list(planned):
            raise ConflictError("the configuration was changed meanwhile: look at the plan again")
        doomed = superfluous(loaded.wanted, stored)
        kept = without(stored, doomed)
        await take_away(change, _with(kept, loaded.wanted), doomed)
        await _save(change, loaded, stored, steps)
        return steps


def _pruning(loaded: Loaded, stored: Configured) -> list[Step]:
    doomed = superfluous(loaded.wanted, stored)
    steps = _steps(loaded, without(stored, doomed))
    deleted = [Step("deleted", kind, name) for kind, name in reversed(doomed)]
    return [*steps, *deleted]


async def _save(change: Change, loaded: Loaded, stored: Configured, steps: Sequence[Step]) -> None:
    for step in steps:
        config = loaded.wanted.get(step.kind, step.name)
        if config is not None and step.action != "unchanged":
            await change.save(step, config, stored.get(step.kind, step.name))


def _with(stored: Configured, wanted: Configured) -> Configured:
    return Configured(
        stored.profiles | wanted.profiles,
        stored.mappings | wanted.mappings,
        stored.instances | wanted.instances,
        stored.schedules | wanted.schedules,
    )


def _steps(loaded: Loaded, stored: Configured) -> list[Step]:
    mistakes = check(loaded, stored)
    if mistakes:
        raise InvalidFilesError(mistakes)
    return compare(loaded.wanted, stored)
