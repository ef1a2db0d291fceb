"""What `syncline apply` and `syncline diff` do with loaded files."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.domain.configuration.comparison import PlanStep, compare
from syncline.domain.configuration.documents import TenantConfiguration
from syncline.domain.errors import ConflictError
from syncline.postgres.configuration.changes import Change, ConfigurationStore
from syncline.resources.checks import check
from syncline.resources.deletion import delete_within, unwanted
from syncline.resources.loader import DocumentSet
from syncline.resources.mistakes import InvalidFilesError


async def apply(
    store: ConfigurationStore, loaded: DocumentSet, tenant: str, actor: str
) -> list[PlanStep]:
    """Store what the files want, all or nothing; what they do not name is left alone.

    Raises InvalidFilesError with every mistake, and NotFoundError: no such tenant.
    """
    async with store.change(tenant, actor) as change:
        stored = await change.stored()
        steps = _steps(loaded, stored)
        await _save(change, loaded, stored, steps)
        return steps


async def diff(
    store: ConfigurationStore, loaded: DocumentSet, tenant: str, *, prune: bool = False
) -> list[PlanStep]:
    """Say what `apply` would do, or `prune` where that is asked. Raises as they do."""
    stored = await store.stored(tenant)
    return _pruning(loaded, stored) if prune else _steps(loaded, stored)


async def prune(
    store: ConfigurationStore,
    loaded: DocumentSet,
    tenant: str,
    actor: str,
    planned: Sequence[PlanStep],
) -> list[PlanStep]:
    """Store what the files want and delete everything else of the tenant, all or nothing.

    Raises ConflictError: `planned`, which a person agreed to, is not the plan any more, or what is
    to go is in use.
    """
    async with store.change(tenant, actor) as change:
        stored = await change.stored()
        steps = _pruning(loaded, stored)
        if steps != list(planned):
            raise ConflictError("the configuration was changed meanwhile: look at the plan again")
        doomed = unwanted(loaded, stored)
        kept = stored.without(doomed)
        await delete_within(change, kept | loaded, doomed)
        await _save(change, loaded, stored, steps)
        return steps


def _pruning(loaded: DocumentSet, stored: TenantConfiguration) -> list[PlanStep]:
    doomed = unwanted(loaded, stored)
    steps = _steps(loaded, stored.without(doomed))
    deleted = [PlanStep("deleted", kind, name) for kind, name in reversed(doomed)]
    return [*steps, *deleted]


async def _save(
    change: Change, loaded: DocumentSet, stored: TenantConfiguration, steps: Sequence[PlanStep]
) -> None:
    for step in steps:
        config = loaded.get(step.kind, step.name)
        if config is not None and step.action != "unchanged":
            await change.save(step, config, stored.get(step.kind, step.name))


def _steps(loaded: DocumentSet, stored: TenantConfiguration) -> list[PlanStep]:
    mistakes = check(loaded, stored)
    if mistakes:
        raise InvalidFilesError(mistakes)
    return compare(loaded, stored)
