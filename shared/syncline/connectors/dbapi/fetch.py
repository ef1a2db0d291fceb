"""Reading single records by their IDs, however those who ask for them spell an ID."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from syncline.connectors.dbapi.kinds import bindable, equal_for
from syncline.connectors.dbapi.pages import PageMaker
from syncline.connectors.dbapi.queries import base_query, bind
from syncline.connectors.dbapi.reader import named_shape
from syncline.connectors.dbapi.session import Session
from syncline.connectors.dbapi.shape import Column, Dialect, selection
from syncline.connectors.port import Page
from syncline.connectors.sql.zones import in_zone
from syncline.domain.columns import Columns
from syncline.domain.mapping.extraction import Extraction


async def fetch_records(
    session: Session, dialect: Dialect, table: str, extraction: Extraction, ids: Sequence[str]
) -> Page:
    """Read just these records, and say which of them was asked for in another spelling."""
    shape = await named_shape(session, dialect, table, extraction)
    column = shape[extraction.id_column]
    zone = None if column.has_zone else session.zone
    said = {i: bindable(column.kind, in_zone(i, zone) if zone else i) for i in ids}
    wanted = {i: value for i, value in said.items() if value not in (None, "")}
    page = Page([], [], Columns(0, {}), "", columns=tuple(shape))
    if not wanted:
        return page
    query = base_query(dialect, extraction, table, None, list(wanted.values()))
    chosen = selection(dialect, extraction, shape)
    tests = listed(dialect, column, [*wanted.values()], query.given)
    rows = await session.rows(
        f"select {chosen.sql} from ({query.sql}\n) q where {tests}", query.given
    )
    if not rows:
        return page
    found = PageMaker(extraction, chosen, list(shape), session.zone).page(rows)
    return msgspec.structs.replace(found, asked=_asked(column, wanted, found.ids), position="")


def listed(
    dialect: Dialect, column: Column, values: Sequence[object], given: dict[str, object]
) -> str:
    """Return the condition that a column has one of these values, in lists that are not too long.

    Args:
        given: gets the values, by the names that the condition has for them.
    """
    tests = (
        f"{column.key} in ({', '.join(dialect.made(column.kind, bind(v, given)) for v in some)})"
        for some in _parts(values, dialect.most_listed)
    )
    return f"({' or '.join(tests)})"


def _parts(values: Sequence[object], most: int) -> Iterator[Sequence[object]]:
    for start in range(0, len(values), most):
        yield values[start : start + most]


def _asked(column: Column, wanted: Mapping[str, object], ids: Sequence[str]) -> dict[str, str]:
    """Return which IDs were asked for in another spelling, with the source's own."""
    own = {equal_for(column.kind, source_id): source_id for source_id in ids}
    given = set(ids)
    return {
        i: own[same]
        for i in wanted
        if i not in given and (same := equal_for(column.kind, i)) in own
    }
