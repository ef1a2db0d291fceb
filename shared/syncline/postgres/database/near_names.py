"""Stored names that are near to one that does not exist: what a person probably meant."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import NotFoundError
from syncline.domain.naming import LONGEST, meant, shown
from syncline.postgres.database.database import Queryable, Row

TABLES = {
    Kind.PROFILE: "profiles",
    Kind.MAPPING: "mappings",
    Kind.INSTANCE: "instances",
    Kind.SCHEDULE: "schedules",
    Kind.HOOK: "hooks",
}
_MOST = 3
"""Names that are offered."""

# The likeliest of very many: those that begin alike and are about as long.
_CANDIDATES = """
select name from {table} where tenant = $1 and deleted_at is null
order by lower(left(name, 2)) = lower(left($2, 2)) desc, abs(length(name) - length($2)), name
limit 500
"""
_ENTITY_TYPES = """
select s.entity_type from instances i
left join streams s on s.instance_id = i.id and not s.removed
where i.tenant = $1 and (i.name = $2 or i.id::text = $2) and i.deleted_at is null order by 1
"""


async def meant_by(database: Queryable, kind: Kind, tenant: str, name: str) -> str:
    """Return `; did you mean …?` for a name that nothing of that kind has, or nothing."""
    wanted = "".join(c for c in name[:LONGEST] if c.isprintable())
    rows = await database.fetch(_CANDIDATES.format(table=TABLES[kind]), tenant, wanted)
    return meant(wanted, [row["name"] for row in rows], _MOST)


async def row_named(
    database: Queryable, kind: Kind, tenant: str, name: str, lock: str = "", select: str = ""
) -> Row:
    """Return the row of the thing of a kind that has a name.

    Args:
        lock: how to lock it, such as `for update`.
        select: the statement, if the table's own columns are not enough.

    Raises:
        NotFoundError: nothing has it; those that are near are named.
    """
    own = f"select * from {TABLES[kind]} where tenant = $1 and name = $2 and deleted_at is null"
    row = await database.fetchrow(f"{select or own} {lock}", tenant, name)
    if row is None:
        raise await none_like(database, kind, tenant, name)
    return row


async def none_like(database: Queryable, kind: Kind, tenant: str, name: str) -> NotFoundError:
    """Return the error for a name that nothing of that kind has, with those that are near."""
    like = await meant_by(database, kind, tenant, name)
    return NotFoundError(f"no {kind.lower()} {shown(name)}{like}")


async def no_stream(
    database: Queryable, tenant: str, instance: str, entity_type: str
) -> NotFoundError:
    """Return the error for an instance, or an entity type of it, that does not exist."""
    rows = await database.fetch(_ENTITY_TYPES, tenant, instance)
    if not rows:
        return await none_like(database, Kind.INSTANCE, tenant, instance)
    known = [row["entity_type"] for row in rows if row["entity_type"] is not None]
    return NotFoundError(no_entity_type(instance, entity_type, known))


def no_entity_type(instance: str, entity_type: str, known: Sequence[str]) -> str:
    """Say that an instance has no such entity type, which is near, and which it has."""
    like = meant(entity_type, known)
    has = f"{' It' if like else '; it'} has: {', '.join(known) or 'none'}"
    return f"instance {instance!r} has no entity type {shown(entity_type)}{like}{has}"
