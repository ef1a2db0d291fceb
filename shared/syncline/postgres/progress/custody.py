"""Which partitions a process has in hand, so that its death is noticed by whoever comes next."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import uuid4

from syncline.contracts.wire import Partition, UncleanEnd
from syncline.postgres.database.database import Database, Repository

_TAKE = """
with taken as (
  select t, p from unnest($2::text[], $3::int[]) as x (t, p)
), before as (
  select c.topic, c.partition, c.position, c.deaths
  from custody c join taken on c.topic = t and c.partition = p where c.stage = $1
), kept as (
  insert into custody (stage, topic, partition, holder) select $1, t, p, $4 from taken
  on conflict (stage, topic, partition) do update set holder = excluded.holder
)
select * from before
"""
_MARK = """
update custody set position = $5, deaths = $6
where stage = $1 and topic = $2 and partition = $3 and holder = $4
"""
_RELEASE = """
delete from custody using unnest($2::text[], $3::int[]) as x (t, p)
where stage = $1 and topic = t and partition = p and holder = $4
"""


class StageCustody(Repository):
    """The custody of one process of a stage. See runtime.ports.Custody."""

    def __init__(self, database: Database, stage: str) -> None:
        super().__init__(database)
        self._stage = stage
        self._holder = str(uuid4())

    async def take(self, partitions: Collection[Partition]) -> Mapping[Partition, UncleanEnd]:
        rows = await self._database.fetch(_TAKE, *self._values(partitions))
        return {
            (row["topic"], row["partition"]): UncleanEnd(row["position"], row["deaths"])
            for row in rows
        }

    async def mark(self, partition: Partition, offset: int | None, deaths: int) -> None:
        await self._database.execute(_MARK, self._stage, *partition, self._holder, offset, deaths)

    async def release(self, partitions: Collection[Partition]) -> None:
        await self._database.execute(_RELEASE, *self._values(partitions))

    def _values(self, partitions: Collection[Partition]) -> tuple[object, ...]:
        topics, numbers = [p[0] for p in partitions], [p[1] for p in partitions]
        return self._stage, topics, numbers, self._holder
