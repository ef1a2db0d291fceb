"""Dead letters of runs that the database does not know, because it was restored: stored again.

They have no run then, so the books of no run change. See docs/back-up.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from syncline.contracts.events import DeadLetter
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.store import store_dead_letters

_LOST = """
select w.id from unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::text[])
  as w(id, run_id, stream_id, instance_id, tenant)
join streams s on s.id = w.stream_id and s.instance_id = w.instance_id and s.tenant = w.tenant
where not exists (select from runs r where r.id = w.run_id)
  and not exists (select from dead_letters d where d.id = w.id)
"""
_WITHOUT_RUN = "update dead_letters set run_id = null where id = any($1)"


async def recover_dead_letters(database: Database, letters: Sequence[DeadLetter]) -> int:
    """Store those whose run is not known, and whose stream is; return how many are new.

    What is there already stays as it is. Raises RetriableError.
    """
    async with database.transaction() as connection:
        rows = await connection.fetch(
            _LOST,
            [letter.id for letter in letters],
            [letter.correlation_id for letter in letters],
            [letter.stream for letter in letters],
            [letter.instance_id for letter in letters],
            [letter.tenant for letter in letters],
        )
        lost = {row["id"] for row in rows}
        await store_dead_letters(connection, [x for x in letters if x.id in lost])
        await connection.execute(_WITHOUT_RUN, list(lost))
        return len(lost)
