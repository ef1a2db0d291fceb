"""Target tables: what they are keyed by, and which of their columns a mapping may write."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.sql.match_keys import fitting_keys, key_parts, to_target_id
from syncline.connectors.sql.text import identifier
from syncline.domain.record import Record

Key: TypeAlias = tuple[str, ...]
_decode = msgspec.json.Decoder(Record).decode


class TargetColumn(Protocol):
    """A column of a target table; `generated` where nobody may write it."""

    @property
    def generated(self) -> bool: ...


class TargetTable(ABC):
    """A target table and the columns of the match key, for calls on one connection.

    Attributes:
        name: for people; `sql` is its name quoted.
        on_create: columns that updates leave as they are.
    """

    def __init__(self, name: str, sql: str, key: Key, on_create: Sequence[str] = ()) -> None:
        self.name = name
        self.sql = sql
        self.key = key
        self.on_create = on_create

    @property
    @abstractmethod
    def columns(self) -> Mapping[str, TargetColumn]: ...

    @abstractmethod
    def check_keyed(self) -> None:
        """Raise ConnectorError where no unique index of the table is just over the match key."""

    @abstractmethod
    async def rows_of(self, keys: Sequence[Key]) -> Sequence[object]:
        """Return what is equal for keys that the database takes for one."""

    @abstractmethod
    async def there(self, keys: Mapping[int, Key]) -> set[int]:
        """Return the places of keys that the table has."""

    async def stored(self, keys: Mapping[int, Key]) -> dict[int, str]:
        """Return target IDs as the table spells them, where it spells a key in another way."""
        return {}

    @abstractmethod
    async def delete(self, target_ids: Sequence[str]) -> None:
        """Delete rows by key; a key that can name no row is left out."""

    def quoted(self, name: str) -> str:
        """Quote a name."""
        return identifier(name)

    def check_writable(self, columns: Sequence[str]) -> None:
        """Raise ConnectorError where one of the columns is generated."""
        for name in columns:
            if self.columns[name].generated:
                message = f"column {name!r} of {self.name} is generated: take it out of the mapping"
                raise refusal("generated_column", message, field=name)

    async def existing(self, payloads: Sequence[bytes]) -> list[str | None]:
        """Return the target IDs of those payloads whose key the table has, None for the others."""
        keys = [key_parts(_decode(payload), self.key) for payload in payloads]
        there = await self.there({n: key for n, key in enumerate(keys) if key})
        return [to_target_id(keys[n] or ()) if n in there else None for n in range(len(keys))]

    def check_key(
        self,
        keyed: Sequence[Sequence[str]],
        others: Mapping[str, str],
        demand: str,
        *,
        is_view: bool,
    ) -> None:
        """Raise ConnectorError where none of the unique indexes is just over the match key.

        Args:
            keyed: columns of those that can be upserted by.
            others: why further ones cannot, by name: `over a part of the rows`.
            demand: what one of those would have to be over: `all rows`.
            is_view: the table is none.
        """
        if is_view:
            message = f"{self.name} is a view, which has no key to upsert by: name its table"
            raise refusal("no_table", message)
        if any({*columns} == {*self.key} for columns in keyed):
            return
        names = ", ".join(map(self.quoted, self.key))
        said = f"table {self.name} is not keyed by the match key ({names}): "
        said += "".join(f"unique index {index} is {why}; " for index, why in others.items())
        if keyed:
            said += fitting_keys(keyed)
        elif others:
            said += f"an upsert needs one over {demand}"
        else:
            said += f"it has no unique index: create unique index {self.key[0]} on {self.name} "
            said += f"({names})"
        raise refusal("no_unique_key", said)
