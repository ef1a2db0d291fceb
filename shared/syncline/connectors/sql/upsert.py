"""How a bulk is upserted at a database server: record by record where it needs care."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar, Generic, Protocol, TypeAlias, TypeVar

from syncline.connectors.errors import ConnectorError
from syncline.connectors.port import Pace, WriteBatch, WriteResult
from syncline.connectors.sql.bisection import Groups, RefusedError, Send, send_halved
from syncline.connectors.sql.match_keys import claims, keyed, still_held
from syncline.connectors.sql.target_table import TargetTable
from syncline.domain.errors import Category, Failure
from syncline.domain.record import Record

Failures: TypeAlias = dict[int, Failure]
"""Why records are not written, by their places in the bulk."""
Keys: TypeAlias = Sequence[tuple[str, ...]]
_TRIES = 3
"""How often a statement is sent that a deadlock undid."""


class Upsert(ABC):
    """Writes one bulk to one table.

    Args:
        table: its name for people.
        columns: it has.
        key: the columns of the match key.

    Attributes:
        keys: of the bulk's records, while it is written with care; None where one has none.
    """

    keys: Sequence[tuple[str, ...] | None] = ()

    def __init__(self, table: str, columns: Collection[str], key: Sequence[str]) -> None:
        self._name = table
        self._known = columns
        self._key = key

    @abstractmethod
    def check_writable(self, columns: Sequence[str]) -> None:
        """Raise ConnectorError where one of the columns is generated: nobody may write it."""

    @abstractmethod
    def converted(self, records: list[Record], places: Sequence[int]) -> Failures:
        """Rewrite values in place as the columns take them; the records have the same columns."""

    @abstractmethod
    async def rows_of(self, keys: Keys) -> Sequence[object]:
        """Return what is equal for keys that the database takes for one."""

    async def stored_ids(self, keys: Mapping[int, tuple[str, ...]]) -> dict[int, str]:
        """Return IDs as the table spells them, by place, where it spells a key in another way."""
        return {}

    @abstractmethod
    async def change_keys(
        self,
        records: list[Record],
        groups: Sequence[Sequence[int]],
        target_ids: Sequence[str | None],
    ) -> tuple[Failures, set[int]]:
        """Give rows that are known by another key their new one, and the values.

        Returns:
            Why records were refused, and which had their row; the others have none any more.
        """

    @abstractmethod
    async def create_or_update(
        self, records: list[Record], groups: Sequence[Sequence[int]]
    ) -> Failures:
        """Create or update rows; each group has the same columns."""

    async def write_with_care(self, batch: WriteBatch) -> WriteResult:
        """Write all records; raises what concerns the whole call."""
        bulk = keyed(batch, self._key)
        records, keys, ids = bulk.records, bulk.keys, bulk.ids
        self.keys = keys
        failures: Failures = {}
        groups = _by_columns(records)
        for columns, places in groups.items():
            self.check_writable([name for name in columns if name in self._known])
            failures |= self._unknown(columns, [p for p in places if keys[p] is not None])
        failures |= bulk.keyless()
        for places in groups.values():
            failures |= self.converted(records, [p for p in places if p not in failures])
        whole = [place for place in range(len(records)) if place not in failures]
        rows = await self.rows_of([keys[place] or () for place in whole])
        taken = claims(whole, dict(zip(whole, rows, strict=True)), ids, batch)
        failures |= taken.failures
        free = [p for p in whole if p not in taken.places] if taken.places else whole
        for place, stored in (await self.stored_ids({p: keys[p] or () for p in free})).items():
            ids[place] = stored
        wanted = set(free)
        parts = [[p for p in places if p in wanted] for places in groups.values()]
        failures |= await self._send(records, parts, batch, ids)
        return bulk.result(failures, taken)

    async def _send(
        self,
        records: list[Record],
        parts: Sequence[Sequence[int]],
        batch: WriteBatch,
        ids: Sequence[str | None],
    ) -> Failures:
        """Write records, those with a changed key first: it may be another's new one."""
        free = [place for places in parts for place in places]
        failures: Failures = {}
        there: set[int] = set()
        moved = {p for p in free if batch.target_ids[p] not in (None, ids[p])}
        if moved:
            ready = [[p for p in places if p in moved] for places in parts]
            refused, there = await self.change_keys(records, ready, batch.target_ids)
            failures |= refused
            rest = [p for p in free if p not in there and p not in failures]
            failures |= still_held([p for p in moved if p in refused], rest, ids, batch)
        ready = [[p for p in places if p not in there and p not in failures] for places in parts]
        return failures | await self.create_or_update(records, ready)

    def _unknown(self, columns: Sequence[str], places: Sequence[int]) -> Failures:
        """Fail records that have a column which the table does not have."""
        unknown = sorted({*columns} - {*self._known})
        if not unknown:
            return {}
        message = f"table {self._name} has no column {unknown[0]!r}"
        failure = Failure(Category.PERMANENT, "unknown_column", message, field=unknown[0])
        return dict.fromkeys(places, failure)


class WriteErrors(Protocol):
    """What a database's errors mean for a write: its connector's module `errors`."""

    def is_transient(self, error: BaseException, /) -> bool:
        """Tell whether the same call may succeed later."""

    def is_deadlock(self, error: BaseException, /) -> bool:
        """Tell whether the server undid the statement, because another one waited for it."""

    def is_of_a_record(self, error: BaseException, /) -> bool:
        """Tell whether a write was refused for what a record is, and not for what all meet."""

    def may_pass(self, error: BaseException, /) -> bool:
        """Tell whether a record may be taken once another one was written."""

    def is_not_permitted(self, error: BaseException, /) -> bool:
        """Tell whether the user lacks a right."""

    def failure_of(self, error: BaseException, /) -> Failure:
        """Say why one record was refused, in the database's own words."""

    def refused_call(self, error: BaseException, advice: str = "", /) -> ConnectorError:
        """Say why a call can never succeed as things are."""


T = TypeVar("T", bound=TargetTable)


class TableUpsert(Upsert, Generic[T]):
    """Writes one bulk to a table that was looked at just now; bulks that are refused are halved.

    Attributes:
        errors: of its database; `refusals` are the exceptions that the server's errors come as.
    """

    errors: ClassVar[WriteErrors]
    refusals: ClassVar[type[Exception]]

    def __init__(self, table: T, pace: Pace) -> None:
        super().__init__(table.name, table.columns, table.key)
        self._table = table
        self._pace = pace

    async def write(self, batch: WriteBatch) -> WriteResult:
        """Write all records; raises what concerns the whole call."""
        self._table.check_keyed()
        return await self.write_with_care(batch)

    def check_writable(self, columns: Sequence[str]) -> None:
        """Refuse columns that are generated."""
        self._table.check_writable(columns)

    async def rows_of(self, keys: Keys) -> Sequence[object]:
        """Return what is equal for keys that the database takes for one."""
        return await self._table.rows_of(keys)

    async def stored_ids(self, keys: Mapping[int, tuple[str, ...]]) -> dict[int, str]:
        """Return IDs as the table spells them, where a collation finds them in another spelling."""
        return await self._table.stored(keys)

    async def sent(self, send: Send, groups: Groups) -> Failures:
        """Send records; what is refused is halved until the bad one is alone.

        Raises:
            ConnectorError: what would meet every record.
        """

        async def paced(places: Sequence[int]) -> None:
            await self._pace()
            try:
                await self._tried(send, places)
            except self.refusals as error:
                if self.errors.is_transient(error):
                    raise
                if not self.errors.is_of_a_record(error):
                    raise self.errors.refused_call(error, self._advice(error)) from error
                raise RefusedError(error) from error

        refused = await send_halved(paced, groups, self.errors.may_pass)
        return {place: self.errors.failure_of(error) for place, error in refused.items()}

    async def _tried(self, send: Send, places: Sequence[int]) -> None:
        """Send records, again where other writers stood in their way and the server chose these."""
        for tries_left in reversed(range(_TRIES)):
            try:
                return await send(places)
            except self.refusals as error:
                if not self.errors.is_deadlock(error) or not tries_left:
                    raise
        return None

    def _advice(self, error: BaseException) -> str:
        if not self.errors.is_not_permitted(error):
            return ""
        return f"grant select, insert, update on {self._table.sql} to the profile's user"


def _by_columns(records: Sequence[Record]) -> dict[tuple[str, ...], list[int]]:
    """Group places by the columns their records have; nearly always there is one group."""
    first = tuple(records[0]) if records else ()
    if all(tuple(record) == first for record in records):
        return {first: list(range(len(records)))} if records else {}
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, record in enumerate(records):
        groups.setdefault(tuple(record), []).append(place)
    return groups
