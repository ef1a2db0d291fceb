"""Stored names that are near to one that does not exist: what a person probably meant."""

from __future__ import annotations

from typing import Any

from syncline.domain.configuration import Kind
from syncline.domain.naming import LONGEST, meant

TABLES = {
    Kind.PROFILE: "profiles",
    Kind.MAPPING: "mappings",
    Kind.INSTANCE: "instances",
    Kind.SCHEDULE: "schedules",
}
_MOST = 3
"""Names that are offered."""

# The likeliest of very many: those that begin alike and are about as long.
_CANDIDATES = """
select name from {table} where tenant = $1 and deleted_at is null
order by lower(left(name, 2)) = lower(left($2, 2)) desc, abs(length(name) - length($2)), name
limit 500
"""


async def meant_by(database: Any, kind: Kind, tenant: str, name: str) -> str:  # noqa: ANN401
    """Return `; did you mean …?` for a name that nothing of that kind has, or nothing.

    Args:
        database: a Database, or a connection of one.
    """
    wanted = "".join(c for c in name[:LONGEST] if c.isprintable())
    rows = await database.fetch(_CANDIDATES.format(table=TABLES[kind]), tenant, wanted)
    return meant(wanted, [row["name"] for row in rows], _MOST)
