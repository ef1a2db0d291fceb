"""What `apply`, `diff`, `prune` and `delete` do with loaded files and named objects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from syncline.domain.configuration.comparison import PlanStep, compare
from syncline.domain.configuration.documents import Kind, Name, TenantConfiguration
from syncline.domain.errors import ConflictError, NotFoundError
from syncline.domain.naming import meant, shown
from syncline.postgres.configuration.changes import Change, ConfigurationStore
from syncline.resources.checks import check
from syncline.resources.loader import DocumentSet, InvalidFilesError


async def remove(
    store: ConfigurationStore, tenant: str, actor: str, doomed: Iterable[Name]
) -> list[PlanStep]:
    """Delete objects, all or none; the history of their runs stays. Raises NotFoundError.

    Raises ConflictError: what would be left, a run or pending dead letters need one.
    """
    async with store.change(tenant, actor) as change:
        stored = await change.stored()
        wanted = list(dict.fromkeys(doomed))
        for kind, name in wanted:
            if stored.get(kind, name) is None:
                raise not_found(stored, kind, name)
        return await delete_within(change, stored.without(wanted), wanted)


async def delete_within(
    change: Change, left: TenantConfiguration, doomed: Collection[Name]
) -> list[PlanStep]:
    """Delete objects within a change, and return what became of each.

    Raises ConflictError that names all who need one: in what is `left` configured, or at work.
    """
    in_order = [name for kind in reversed(Kind) for name in sorted(doomed) if name[0] is kind]
    in_the_way = []
    for kind, name in in_order:
        if users := users_of(left, kind, name) or await change.users(kind, name):
            in_the_way.append(f"{kind.lower()} {name!r} is in use: {', '.join(users)}")
    if in_the_way:
        raise ConflictError("; ".join(in_the_way))
    for kind, name in in_order:
        await change.delete(kind, name)
    return [PlanStep("deleted", kind, name) for kind, name in in_order]


def unwanted(wanted: TenantConfiguration, stored: TenantConfiguration) -> list[Name]:
    """Return what is stored and not wanted.

    Subscriptions only where the files hold one: who is notified is often set up in the console, by
    others than those who write files.
    """
    kinds = [kind for kind in Kind if kind is not Kind.SUBSCRIPTION or wanted.subscriptions]
    return [
        (kind, c.name)
        for kind, c in stored.items()
        if kind in kinds and wanted.get(kind, c.name) is None
    ]


def users_of(configured: TenantConfiguration, kind: Kind, name: str) -> list[str]:
    """Name the instances that are made of an object, or the documents that name an instance."""
    if kind is Kind.INSTANCE:
        schedules = [c.name for c in configured.schedules.values() if c.instance == name]
        hooks = [c.name for c in configured.hooks.values() if c.instance == name]
        told = [c.name for c in configured.subscriptions.values() if name in c.instances]
        users = {Kind.SCHEDULE: schedules, Kind.HOOK: hooks, Kind.SUBSCRIPTION: told}
        return [f"{user.lower()} {name!r}" for user, names in users.items() for name in names]
    instances = configured.instances.values()
    return [f"instance {i.name!r}" for i in instances if (kind, name) in i.parts()]


def not_found(stored: TenantConfiguration, kind: Kind, name: str) -> NotFoundError:
    """Return the error for an object that is not there, with those that are near."""
    return NotFoundError(f"no {kind.lower()} {shown(name)}{meant(name, stored.of(kind), 3)}")


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
