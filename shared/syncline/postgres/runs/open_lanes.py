"""Open runs whose lanes were laid over another number of partitions."""

from __future__ import annotations

from syncline.postgres.database.database import Queryable

# A big run has a lane for each partition that there was when it was accepted; a small one has one.
_OTHERS = """
select count(*) as runs, min(lanes) as lanes from runs
where state in ('extracting', 'in_progress') and lanes > 1 and lanes <> $1
"""


async def moved_lanes(database: Queryable, partitions: int) -> str | None:
    """Say in words why stages must not work with so many partitions now; None where they may.

    The lanes of open runs would move, and the order of their messages would be lost. May raise
    RetriableError.
    """
    row = await database.fetchrow(_OTHERS, partitions)
    if row is None or not row["runs"]:
        return None
    begun = f"{row['runs']:,} open run{'s were' if row['runs'] > 1 else ' was'} begun"
    return (
        f"SYNCLINE_KAFKA_PARTITIONS is {partitions}, but {begun} with {row['lanes']}: "
        "set it back until they have ended"
    )
