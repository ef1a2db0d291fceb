"""Writing to the tables of a database server, one connection for a call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Generic, TypeVar

from syncline.connectors import port
from syncline.connectors.settings import TARGET, read
from syncline.connectors.sql.connector import TableTarget
from syncline.connectors.sql.sessions import Session, Sessions
from syncline.connectors.sql.target_table import Key, TargetTable
from syncline.connectors.sql.upsert import TableUpsert

S = TypeVar("S", bound=Session)
T = TypeVar("T", bound=TargetTable)


class TableDatabase(ABC, Generic[S, T]):
    """The database of a profile: its connections for reading, and those for writing."""

    def __init__(self, reading: Sessions[S], writing: Sessions[S]) -> None:
        self._reading = reading
        self._writing = writing

    @abstractmethod
    async def _table(self, session: S, name: str, key: Key, on_create: tuple[str, ...] = ()) -> T:
        """Look at a table as it is now.

        Raises ConnectorError where there is no match key, no such table, or no such column.
        """

    @abstractmethod
    def _upsert(self, session: S, table: T, pace: port.Pace) -> TableUpsert[T]:
        """Return what writes a bulk."""

    @abstractmethod
    def _translated(self) -> AbstractContextManager[None]:
        """Turn errors of a call that writes into the port's."""

    def close(self) -> None:
        """Let go of all connections."""
        self._reading.close()
        self._writing.close()

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult:
        """Return the keys that the target table has."""
        async with self._written() as session:
            table = await self._table(session, str(batch.options["table"]), batch.match_key)
            return port.LookupResult(await table.existing(batch.payloads))

    async def write(self, batch: port.WriteBatch, pace: port.Pace) -> port.WriteResult:
        """Upsert a bulk on the match key."""
        async with self._written() as session:
            name = str(batch.options["table"])
            table = await self._table(session, name, batch.match_key, batch.on_create)
            return await self._upsert(session, table, pace).write(batch)

    async def delete(
        self, target_ids: Sequence[str], options: Mapping[str, object]
    ) -> port.WriteResult:
        """Delete rows by key; one that is not there counts as deleted."""
        async with self._written() as session:
            own = read(TableTarget, options, TARGET)
            table = await self._table(session, own.table, own.key)
            await table.delete(list(target_ids))
        return port.WriteResult(list(target_ids))

    @asynccontextmanager
    async def _written(self) -> AsyncIterator[S]:
        with self._translated():
            async with self._writing.session() as session:
                yield session
