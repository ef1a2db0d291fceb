"""The columns of a query, and how each is selected so that its values stay exact and short."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from syncline.connectors.dbapi.kinds import LONG, ZONELESS, Kind
from syncline.connectors.dbapi.session import Description, Session
from syncline.connectors.projection import duplicate_column
from syncline.connectors.sql.text import identifier
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import MAX_RECORD


class Dialect(msgspec.Struct, frozen=True):
    """What a database says in words of its own; `{}` stands for a column or a bound value.

    Attributes:
        system: for people.
        tokens: what may hide a name in its SQL.
        kind_of: returns the kind of a column of a result.
        forms: how columns of a kind are selected; others as they are.
        makes: how a value of a kind is made of what is bound; of others it is what is bound.
        size: the size of a long column.
        most_listed: values that `in (…)` takes.
    """

    system: str
    tokens: re.Pattern[str]
    kind_of: Callable[[Description], Kind]
    forms: Mapping[Kind, str]
    makes: Mapping[Kind, str]
    size: str
    most_listed: int

    def made(self, kind: Kind, name: str) -> str:
        """Return SQL of a value of a kind, by the name that it is bound to."""
        return self.makes.get(kind, "{}").format(f":{name}")


class Column(msgspec.Struct, frozen=True):
    """A column of a result."""

    name: str
    kind: Kind

    @property
    def key(self) -> str:
        """The column as SQL, as it is compared and sorted."""
        return f"q.{identifier(self.name)}"

    @property
    def has_zone(self) -> bool:
        """Whether its times say what they are in UTC."""
        return self.kind not in ZONELESS


class Selection(msgspec.Struct, frozen=True):
    """What a query selects: the chosen columns first, then what their values lose.

    Attributes:
        sizes: place of a long column -> place of its size, where it was too long to be read.
    """

    columns: Sequence[Column]
    sql: str
    sizes: Mapping[int, int]


async def shape_of(
    session: Session, dialect: Dialect, sql: str, given: Mapping[str, object]
) -> dict[str, Column]:
    """Ask the server what a query gives; nothing of it is read.

    Raises:
        ServerError: it does not take the query.
        ConnectorError: two columns have one name.
    """
    found = await session.described(f"select * from ({sql}\n) q where 1 = 0", given)
    columns: dict[str, Column] = {}
    for each in found:
        if each.name in columns:
            raise duplicate_column(each.name)
        columns[each.name] = Column(each.name, dialect.kind_of(each))
    return columns


def selection(dialect: Dialect, extraction: Extraction, shape: Mapping[str, Column]) -> Selection:
    """Return the select list of an extraction whose columns are there."""
    keys = [n for n in (extraction.cursor_column, extraction.id_column) if n is not None]
    names = list(shape)
    if extraction.columns and not extraction.filters:
        names = list(dict.fromkeys([*extraction.columns, *keys]))
    said = []
    sizes: dict[int, int] = {}
    longs: list[str] = []
    for place, name in enumerate(names):
        column = shape[name]
        if column.kind in LONG and name not in keys:
            size = dialect.size.format(column.key)
            sizes[place] = len(names) + len(longs)
            longs.append(f"case when {size} > {MAX_RECORD} then {size} end as s{place}")
            said.append(f"case when {size} <= {MAX_RECORD} then {column.key} end as c{place}")
        else:
            said.append(f"{dialect.forms.get(column.kind, '{}').format(column.key)} as c{place}")
    return Selection([shape[name] for name in names], ", ".join(said + longs), sizes)
