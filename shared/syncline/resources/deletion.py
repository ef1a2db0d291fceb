"""Deleting what is configured: several objects at once, those that need others first, or none."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from syncline.domain.configuration.comparison import PlanStep
from syncline.domain.configuration.documents import Kind, Name, TenantConfiguration
from syncline.domain.errors import ConflictError, NotFoundError
from syncline.domain.naming import meant, shown
from syncline.postgres.configuration.changes import Change, ConfigurationStore


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
    """Return what is stored and not wanted."""
    return [(kind, c.name) for kind, c in stored.items() if wanted.get(kind, c.name) is None]


def users_of(configured: TenantConfiguration, kind: Kind, name: str) -> list[str]:
    """Name the instances that are made of an object, and the schedules of an instance."""
    if kind is Kind.INSTANCE:
        schedules = configured.schedules.values()
        return [f"schedule {s.name!r}" for s in schedules if s.instance == name]
    instances = configured.instances.values()
    return [f"instance {i.name!r}" for i in instances if (kind, name) in i.parts()]


def not_found(stored: TenantConfiguration, kind: Kind, name: str) -> NotFoundError:
    """Return the error for an object that is not there, with those that are near."""
    return NotFoundError(f"no {kind.lower()} {shown(name)}{meant(name, stored.of(kind), 3)}")
