"""Records whose match key has changed: their row is found by the old one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.connectors.postgresql.target.bulks import Bulks, assignments
from syncline.connectors.postgresql.target.staging_table import Records, text_of
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
    table, connection = bulks.table, bulks.connection
    olds = {
        place: old
        for place, text in enumerate(target_ids)
        if text is not None and (old := of_target_id(text, len(table.key))) and "\0" not in text
    }
    known = [place for places in groups for place in places if place in olds]
    right = await table.of_the_type(connection, [olds[p] for p in known], range(len(known)))
    able = {known[n] for n in right}
    found: set[int] = set()

    async def move(places: Sequence[int]) -> None:
        found.update(await _moved(bulks, records, places, olds))

    refused = await bulks.halving(move, [[p for p in places if p in able] for places in groups])
    return refused, found


async def _moved(
    bulks: Bulks, records: Records, places: Sequence[int], olds: Mapping[int, Sequence[str]]
) -> set[int]:
    table, connection = bulks.table, bulks.connection
    moving = [records[place] for place in places]
    new = [key_parts(record, table.key) or () for record in moving]
    old = [olds[place] for place in places]
    given = [list(part) for keys in (new, old) for part in zip(*keys, strict=True)]
    async with connection.transaction():
        staged = await bulks.staged(list(moving[0]), text_of(moving))
        rows = await connection.fetch(
            f"update {table.name} t set {assignments(table, list(moving[0]), with_key=True)} "
            f"from {staged} s, {table.given('n')} "
            f"join {table.given('o', len(table.key) + 1)} using (place) "
            f"where {table.same('s', 'n')} and {table.same('t', 'o')} returning place",
            *given,
        )
    return {places[row[0] - 1] for row in rows}
