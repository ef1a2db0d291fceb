"""All rows of a stream as its target has them, read at once: for reads of a whole source."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.postgres.database.database import Database

_LONGEST = 64
"""Bytes of a source ID above which its row is left out: all of them are held in memory."""
_WRITTEN = """
select source_id, encode(uuid_send(row_hash), 'hex') from ledger
where stream_id = $1 and row_hash is not null and intent_hash is null
  and octet_length(source_id) <= $2 limit $3
"""


async def written_rows(database: Database, stream: int, most: int) -> set[str]:
    """Return the keys (`row_keys`) of rows that a stream's target has, so many at most.

    Some may be missing; of each that is there the ledger says that it was written last.
    May raise RetriableError.
    """
    keys: set[str] = set()
    rest = b""

    async def take(buffer: bytes) -> None:
        nonlocal rest
        whole, _, rest = (rest + buffer).rpartition(b"\n")
        if whole:
            keys.update(_keys(whole.decode()))

    async with database.connection() as connection:
        await connection.copy_from_query(_WRITTEN, stream, _LONGEST, most, output=take)
    return keys


def _keys(lines: str) -> Sequence[str]:
    """Return what COPY wrote, without lines in which it escaped: those read as another ID's."""
    keys = lines.split("\n")
    return [key for key in keys if "\\" not in key] if "\\" in lines else keys


def row_keys(source_ids: Sequence[str], row_hashes: Sequence[str]) -> list[str]:
    """Return what tells rows apart: two have one key only where ID and hash are the same."""
    return list(map("\t".join, zip(source_ids, row_hashes, strict=True)))
