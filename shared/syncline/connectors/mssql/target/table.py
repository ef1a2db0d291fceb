"""Target tables: columns, what they are keyed by, and what SQL Server takes for one key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from syncline.connectors.mssql.kinds import Kind, length_of, made, text_for
from syncline.connectors.mssql.session import Row, Session
from syncline.connectors.mssql.target.catalog import TableDescription, TargetColumn, described
from syncline.connectors.sql import target_table
from syncline.connectors.sql.match_keys import key_columns, of_target_id, to_target_id
from syncline.connectors.sql.target_table import Key
from syncline.connectors.sql.text import identifier, table_name

_encode = msgspec.json.Encoder().encode


def json_rows(name: str, columns: Iterable[str]) -> str:
    """Return SQL of the rows of a JSON document, each a list of texts: a table of these columns.

    Args:
        name: of the parameter that holds the document.
    """
    listed = ", ".join(f"{c} nvarchar(max) '$[{n}]'" for n, c in enumerate(columns))
    return f"openjson(@{name}) with ({listed})"


class TargetTable(target_table.TargetTable):
    """A target table of SQL Server."""

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

    def check_keyed(self) -> None:
        """Raise ConnectorError where no unique index of the table is just over the match key."""
        found = self._described
        self.check_key(
            [columns for name, columns in found.indexes.items() if name not in found.filtered],
            dict.fromkeys(sorted(found.filtered), "over a part of the rows"),
            "all rows",
            is_view=found.is_view,
        )

    async def rows_of(self, keys: Sequence[Key]) -> list[object]:
        """Return what is equal for keys that SQL Server takes for one: its collations decide."""
        rows: list[object] = [*keys]
        if all(self.columns[name].kind is Kind.WHOLE for name in self.key):
            return [tuple(self._part(n, k) for n, k in zip(self.key, key, strict=True)) or key
                    for key in keys]  # fmt: skip
        by = ", ".join(f"j.k{n}" for n in range(len(self.key)))
        known = [f"j.k{n} is not null" for n in range(len(self.key))]
        for place, first in await self._asked(
            dict(enumerate(keys)),
            f"j.place, min(j.place) over (partition by {by})",
            f" where {' and '.join(known)}",
        ):
            rows[int(str(place))] = int(str(first))
        return rows

    async def there(self, keys: Mapping[int, Key]) -> set[int]:
        """Return the places of keys that the table has."""
        return {int(str(row[0])) for row in await self._joined(keys, "j.place", "")}

    async def stored(self, keys: Mapping[int, Key]) -> dict[int, str]:
        """Return target IDs as the table spells them, where it spells a key in another way."""
        texts = [n for n, name in enumerate(self.key) if self.columns[name].kind is Kind.TEXT]
        if not texts:
            return {}
        spelled = [f"cast(t.{identifier(self.key[n])} as nvarchar(max))" for n in texts]
        rows = await self._joined(keys, f"j.place, {', '.join(spelled)}", "")
        found = {}
        for row in rows:
            place = int(str(row[0]))
            parts = list(keys[place])
            for n, own in zip(texts, row[1:], strict=True):
                parts[n] = str(own)
            if parts != list(keys[place]):
                found[place] = to_target_id(parts)
        return found

    async def unreadable(self, texts: Mapping[int, Mapping[str, str]]) -> dict[int, str]:
        """Return which columns cannot hold a text, by place: SQL Server would write `?` into them.

        Args:
            texts: of columns without Unicode, by place and column.
        """
        rows: dict[int, str] = {}
        for name in {name for said in texts.values() for name in said}:
            column = self.columns[name]
            some = [[str(p), said[name]] for p, said in texts.items() if name in said]
            own = f"cast(j.said collate {column.collation} as varchar(max))"
            sql = (
                f"select j.place from {json_rows('rows', ('place', 'said'))} j where "
                f"cast({own} as nvarchar(max)) collate Latin1_General_BIN2 <> j.said"
            )
            found = await self._session.rows(sql, {"rows": _encode(some).decode()})
            rows |= {int(str(row[0])): name for row in found.rows}
        return rows

    async def _joined(self, keys: Mapping[int, Key], select: str, where: str) -> Sequence[Row]:
        same = " and ".join(f"t.{identifier(name)} = j.k{n}" for n, name in enumerate(self.key))
        return await self._asked(keys, select, f" join {self.sql} t on {same}{where}")

    async def _asked(self, keys: Mapping[int, Key], select: str, more: str) -> Sequence[Row]:
        """Ask about keys: a table `j` of `place`, `k0`, `k1` …, without impossible ones."""
        rows = [[str(p), *parts] for p, key in keys.items() if (parts := self.said(key))]
        if not rows:
            return ()
        names = [f"k{n}" for n in range(len(self.key))]
        listed = json_rows("keys", ("place", *names))
        typed = ", ".join(
            f"{self.made(name, f'g.k{n}')} as k{n}" for n, name in enumerate(self.key)
        )
        keyed = f"select cast(g.place as int) as place, {typed} from {listed} g"
        sql = f"select {select} from ({keyed}) j{more}"
        return (await self._session.rows(sql, {"keys": _encode(rows).decode()})).rows

    def made(self, name: str, text: str) -> str:
        """Return SQL of a key column's value, compared as the column does; null if it is none."""
        return f"try_{self.strictly(name, text)}"

    def strictly(self, name: str, text: str) -> str:
        """Return the same, for a statement that fails where the text is no value."""
        column = self.columns[name]
        value = made(column.declared, text)
        return f"{value} collate {column.collation}" if column.collation else value

    def said(self, key: Key) -> list[str] | None:
        """Return a key as SQL Server takes it; None where there can be none such."""
        parts = [self._part(name, text) for name, text in zip(self.key, key, strict=True)]
        return None if None in parts else [str(part) for part in parts]

    def _part(self, name: str, text: str) -> str | None:
        column = self.columns[name]
        length = length_of(column.declared)
        if column.kind is Kind.TEXT and length is not None and len(text.rstrip(" ")) > length:
            return None
        said = text_for(column.kind, text)
        return str(int(said)) if said is not None and column.kind is Kind.WHOLE else said

    async def delete(self, target_ids: Sequence[str]) -> None:
        """Delete rows by key; a key that can name no row is left out."""
        keys = [of_target_id(target_id, len(self.key)) for target_id in target_ids]
        rows = [parts for key in keys if key and (parts := self.said(key))]
        if not rows:
            return
        names = [f"k{n}" for n in range(len(self.key))]
        same = " and ".join(
            f"{self.sql}.{identifier(name)} = {self.made(name, f'g.k{n}')}"
            for n, name in enumerate(self.key)
        )
        sql = f"delete from {self.sql} where exists (select 1 from {json_rows('keys', names)} g "
        await self._session.rows(f"{sql}where {same})", {"keys": _encode(rows).decode()})


async def table_of(
    session: Session, name: str, key: Key, on_create: tuple[str, ...] = ()
) -> TargetTable:
    """Look at a table as it is now.

    Raises ConnectorError where there is no match key, no such table, or no such column.
    """
    found = await described(session, name)
    key = key_columns("SQL Server", key, name, found.columns)
    return TargetTable(session, name, found, key, on_create)
