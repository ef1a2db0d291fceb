"""The mark of the installation's database: it only grows, and is published on the control topic.

A database whose mark is lower than the newest published one was restored to an earlier time; one
with another ID is another database (docs/decisions/0072).
"""

from __future__ import annotations

from syncline.domain.installation import Mark
from syncline.postgres.database.database import Database
from syncline.postgres.database.rows import struct_of

_READ = "select id as database, mark as number from installation"
_RAISE = """
update installation set mark = mark + 1
where $1::uuid is null or id = $1 and mark >= $2 returning id as database, mark as number
"""
_ADOPT = "update installation set id = $1, mark = greatest(mark, $2)"


async def read_mark(database: Database) -> Mark:
    """Return the mark of the database. Raises RetriableError."""
    row = await database.fetchrow(_READ)
    assert row is not None
    return struct_of(Mark, row)


async def raise_mark(database: Database, published: Mark | None) -> Mark | None:
    """Raise the mark; None where the published one is not of this database's past.

    Raises RetriableError.
    """
    known = (None, 0) if published is None else (published.database, published.number)
    row = await database.fetchrow(_RAISE, *known)
    return None if row is None else struct_of(Mark, row)


async def adopt_mark(database: Database, published: Mark) -> None:
    """Take over the published mark: a person goes on with the topics. Raises RetriableError."""
    await database.execute(_ADOPT, published.database, published.number)
