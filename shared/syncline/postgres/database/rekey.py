"""Stored secrets: who reads and writes them, and how they come under another first key."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from syncline.postgres.database.database import Connection, Database, Repository, Row
from syncline.security.secrets import Keyring


class SecretRepository(Repository):
    """A repository of rows that hold secrets."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        super().__init__(database)
        self._keys = keys


async def rekey_column(
    connection: Connection, keys: Keyring, table: str, column: str, scope: Callable[[str], str]
) -> Sequence[Row]:
    """Encrypt anew the secrets of a table that are not under the first key; return their rows.

    `scope` returns what the secret in the row of an ID is bound to, beside its tenant.
    """
    stored = await connection.fetch(
        f"select * from {table} where {column} is not null order by id for update"
    )
    old = [row for row in stored if not keys.is_primary(row[column])]
    for row in old:
        secret = keys.rekey(row[column], row["tenant"], scope(row["id"]))
        await connection.execute(
            f"update {table} set {column} = $2 where id = $1", row["id"], secret
        )
    return old
