"""Reading single records by their IDs, however those who ask for them spell an ID."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.connectors.mysql.kinds import Kind, literal
from syncline.connectors.mysql.session import Session
from syncline.connectors.mysql.source.queries import base_query
from syncline.connectors.mysql.source.reader import SNAPSHOT, PageMaker
from syncline.connectors.mysql.source.shape import Column, selection, shape_of
from syncline.connectors.port import Page
from syncline.connectors.projection import check_named
from syncline.connectors.sql.zones import in_zone
from syncline.domain.columns import Columns
from syncline.domain.mapping.extraction import Extraction


async def fetch_records(session: Session, extraction: Extraction, ids: Sequence[str]) -> Page:
    """Read just these records, and say which of them was asked for in another spelling."""
    await session.run(SNAPSHOT)
    shape = await shape_of(session, base_query(extraction, None, []))
    check_named(extraction, list(shape))
    column = shape[extraction.id_column]
    zone = session.zone if column.kind is Kind.DATETIME else None
    said = {i: literal(column.kind, in_zone(i, zone) if zone else i) for i in ids}
    wanted = {i: found for i, found in said.items() if found is not None}
    names = tuple(shape)
    page = Page([], [], Columns(0, {}), "", columns=names)
    if wanted:
        query = base_query(extraction, None, list(wanted))
        some = f"from ({query}\n) q where {column.key} in ({', '.join(wanted.values())})"
        chosen = selection(extraction, shape)
        if rows := await session.rows(f"select {chosen.sql} {some}"):
            page = PageMaker(extraction, chosen, names, session.zone).page(rows)
            given = set(page.ids)
            other = {i: found for i, found in wanted.items() if i not in given}
            page.asked = await _other_spellings(session, extraction, column, some, other)
            page.position = ""
    await session.run("rollback")
    return page


async def _other_spellings(
    session: Session, extraction: Extraction, column: Column, some: str, other: dict[str, str]
) -> dict[str, str]:
    """Return which of these IDs the column holds as equal, with its own spelling of them."""
    if not other:
        return {}
    only_id = selection(Extraction(id_column=extraction.id_column), {column.name: column})
    tests = ", ".join(f"{column.key} = {found}" for found in other.values())
    rows = await session.rows(f"select distinct {only_id.sql}, {tests} {some}")
    if not rows:
        return {}
    maker = PageMaker(
        Extraction(id_column=extraction.id_column), only_id, [column.name], session.zone
    )
    found: dict[str, str] = {}
    for row in rows:
        [source_id] = maker.page([row]).ids
        found |= {i: source_id for n, i in enumerate(other, len(row) - len(other)) if row[n] == "1"}
    return found
