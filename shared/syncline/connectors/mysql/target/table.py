"""Target tables: columns, what they are keyed by, and what MySQL takes for one key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.mysql.kinds import Kind, literal
from syncline.connectors.mysql.session import Row, Session
from syncline.connectors.mysql.target.catalog import TableDescription, TargetColumn, described
from syncline.connectors.mysql.text import identifier, table_name
from syncline.connectors.sql import target_table
from syncline.connectors.sql.match_keys import key_columns, of_target_id, to_target_id
from syncline.connectors.sql.target_table import Key

_SIMPLE = re.compile(
    r"(utf8mb4|utf8mb3|utf8|latin1|ascii)_(general|unicode|unicode_520|uca1400|0900|swedish)"
    r"(_ai|_as)?_c[is]|.*_bin"
)
"""Collations in which printable ASCII is equal where it is the same, perhaps but for its case."""
_PLAIN = re.compile(r"[!-~]([ -~]*[!-~])?")
_BATCH = 500


class TargetTable(target_table.TargetTable):
    """A target table of MySQL."""

    def __init__(
        self,
        session: Session,
        name: str,
        described: TableDescription,
        key: Key,
        on_create: tuple[str, ...] = (),
    ) -> None:
        super().__init__(name, table_name(name), key, on_create)
        self._session = session
        self._described = described

    @property
    def columns(self) -> Mapping[str, TargetColumn]:
        return self._described.columns

    def quoted(self, name: str) -> str:
        """Quote a name."""
        return identifier(name)

    def check_keyed(self) -> None:
        """Raise ConnectorError where no unique index of the table is just over the match key."""
        indexes = self._described.indexes
        others = [index for index, columns in indexes.items() if None in columns]
        self.check_key(
            [[str(n) for n in columns] for columns in indexes.values() if None not in columns],
            dict.fromkeys(others, "over a part of a column or an expression"),
            "whole columns",
            is_view=self._described.is_view,
        )

    def may_hit_others(self, columns: Sequence[str]) -> bool:
        """Tell whether an upsert of these columns could meet a row that has another key.

        MySQL updates the row that any unique index finds.
        """
        for index in self._described.indexes.values():
            if {*index} == {*self.key}:
                continue
            is_blank = any(
                name is not None and name not in columns and self.columns[name].blank
                for name in index
            )
            if not is_blank:
                return True
        return False

    async def rows_of(self, keys: Sequence[Key]) -> list[object]:
        """Return what is equal for keys that MySQL takes for one.

        A key that is none of the column's type has a number of its own: writing it says why.
        """
        plain = [self._plain(name, [key[n] for key in keys]) for n, name in enumerate(self.key)]
        found = [column for column in plain if column is not None]
        if len(found) == len(plain):
            return list(zip(*found, strict=True))
        rows: list[object] = list(range(len(keys)))
        by = ", ".join(expression for _, expression in self._given())
        listed = self._listed(dict(enumerate(keys)))
        for place, first in await self._session.rows(
            f"select j.place, min(j.place) over (partition by {by}) from {listed}"
        ):
            rows[int(place or 0)] = int(first or 0)
        return rows

    def _plain(self, name: str, parts: Sequence[str]) -> Sequence[object] | None:
        """Return what is equal for parts of keys; None where MySQL must be asked."""
        column = self.columns[name]
        if column.kind is Kind.WHOLE:
            known = [column.key(part) for part in parts]
            return known if None not in known else None
        if column.kind is not Kind.TEXT or not _SIMPLE.fullmatch(column.collation):
            return None
        if not all(map(_PLAIN.fullmatch, parts)):
            return None
        return [part.lower() for part in parts] if column.collation.endswith("_ci") else parts

    async def there(self, keys: Mapping[int, Key], *, lock: bool = False) -> set[int]:
        """Return the places of keys that the table has; `lock` keeps their rows as they are."""
        rows = await self._joined(keys, "j.place", " for update" if lock else "")
        return {int(row[0] or 0) for row in rows}

    async def stored(self, keys: Mapping[int, Key]) -> dict[int, str]:
        """Return target IDs as the table spells them, where it spells a key in another way."""
        texts = [n for n, name in enumerate(self.key) if not self.columns[name].is_exact]
        if not texts:
            return {}
        spelled = [
            f"convert(t.{identifier(name)} using utf8mb4)" if n in texts else f"j.k{n}"
            for n, name in enumerate(self.key)
        ]
        differs = " or ".join(
            f"cast({spelled[n]} as binary) <> cast(j.k{n} as binary)" for n in texts
        )
        rows = await self._joined(keys, f"j.place, {', '.join(spelled)}", f" where {differs}")
        found = {}
        for row in rows:
            place = int(row[0] or 0)
            parts = [
                str(row[n + 1]) if n in texts else keys[place][n] for n in range(len(self.key))
            ]
            found[place] = to_target_id(parts)
        return found

    async def _joined(self, keys: Mapping[int, Key], select: str, where: str) -> Sequence[Row]:
        if not keys:
            return ()
        same = " and ".join(
            f"t.{identifier(name)} = {expression}"
            for name, (_, expression) in zip(self.key, self._given(), strict=True)
        )
        listed = self._listed(keys)
        return await self._session.rows(
            f"select {select} from {listed} straight_join {self.sql} t on {same}{where}"
        )

    def _given(self) -> list[tuple[str, str]]:
        return [self.columns[name].given(f"j.k{n}") for n, name in enumerate(self.key)]

    def _listed(self, keys: Mapping[int, Key]) -> str:
        """Return keys as a table `j` of SQL: `place`, `k0`, `k1` …, without impossible ones."""
        columns = [self.columns[name] for name in self.key]
        rows = []
        for place, key in keys.items():
            parts = [column.key(part) for column, part in zip(columns, key, strict=True)]
            if None not in parts:
                rows.append([place, *parts])
        document = msgspec.json.encode(rows).decode().replace("'", "''")
        paths = ", ".join(
            f"k{n} {kind} path '$[{n + 1}]'" for n, (kind, _) in enumerate(self._given())
        )
        return f"json_table('{document}', '$[*]' columns (place int path '$[0]', {paths})) j"

    def where(self, key: Key) -> str | None:
        """Return what finds the row with a key; None where there can be none."""
        parts = []
        for name, text in zip(self.key, key, strict=True):
            found = literal(self.columns[name].kind, text)
            if found is None:
                return None
            parts.append(f"{identifier(name)} = {found}")
        return " and ".join(parts)

    async def delete(self, target_ids: Sequence[str]) -> None:
        """Delete rows by key; a key that can name no row is left out."""
        keys = [of_target_id(target_id, len(self.key)) for target_id in target_ids]
        known = [found for key in keys if key and (found := self.where(key))]
        for start in range(0, len(known), _BATCH):
            some = ") or (".join(known[start : start + _BATCH])
            await self._session.run(f"delete from {self.sql} where ({some})")


async def table_of(
    session: Session, name: str, key: Key, on_create: tuple[str, ...] = ()
) -> TargetTable:
    """Look at a table as it is now.

    Raises ConnectorError where there is no match key, no such table, or no such column.
    """
    found = await described(session, name)
    key = key_columns("MySQL", key, name, found.columns)
    return TargetTable(session, name, found, key, on_create)
