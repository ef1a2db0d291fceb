"""Records whose match key has changed: their row is found by the old one."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.connectors.postgresql.target.bulks import Bulks, assignments
from syncline.connectors.postgresql.target.staging_table import Records
from syncline.connectors.sql.match_keys import key_parts, of_target_id
from syncline.domain.errors import Failure


async def change_keys(
    bulks: Bulks,
    records: Records,
    groups: Sequence[Sequence[int]],
    target_ids: Sequence[str | None],
) -> tuple[dict[int, Failure], set[int]]:
    """Give rows their new key and values; a record whose new key another row has fails.

    Returns why records were refused, and which had their row; the others have none any more.
    """
    moving = _KeyChange(bulks, records, target_ids)
    return await moving.all(groups), moving.found


class _KeyChange:
    def __init__(self, bulks: Bulks, records: Records, target_ids: Sequence[str | None]) -> None:
        self._bulks = bulks
        self._records = records
        count = len(bulks.table.key)
        self._old = {
            place: old
            for place, text in enumerate(target_ids)
            if text is not None and (old := of_target_id(text, count)) and "\0" not in text
        }
        self.found: set[int] = set()

    async def all(self, groups: Sequence[Sequence[int]]) -> dict[int, Failure]:
        """Move records; returns why they were refused."""
        known = [place for places in groups for place in places if place in self._old]
        olds = [self._old[place] for place in known]
        table, connection = self._bulks.table, self._bulks.connection
        right = await table.of_the_type(connection, olds, range(len(olds)))
        able = {known[n] for n in right}
        return await self._bulks.halving(self._send, [[p for p in g if p in able] for g in groups])

    async def _send(self, places: Sequence[int]) -> None:
        table, connection = self._bulks.table, self._bulks.connection
        records = [self._records[place] for place in places]
        new = [key_parts(record, table.key) or () for record in records]
        old = [self._old[place] for place in places]
        given = [list(part) for keys in (new, old) for part in zip(*keys, strict=True)]
        olds = table.given("o", len(table.key) + 1)
        async with connection.transaction():
            staged = await self._bulks.staged(records)
            rows = await connection.fetch(
                f"update {table.name} t set {assignments(table, list(records[0]), with_key=True)} "
                f"from {staged} s, {table.given('n')} join {olds} using (place) "
                f"where {table.same('s', 'n')} and {table.same('t', 'o')} returning place",
                *given,
            )
        self.found |= {places[row[0] - 1] for row in rows}
