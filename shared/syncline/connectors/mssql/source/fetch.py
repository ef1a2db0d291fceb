"""Reading single records by their IDs, however those who ask for them spell an ID."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.connectors.mssql.kinds import Kind, length_of, made, text_for
from syncline.connectors.mssql.session import Session
from syncline.connectors.mssql.source.pages import PageMaker
from syncline.connectors.mssql.source.queries import base_query
from syncline.connectors.mssql.source.shape import Column, selection, shape_of
from syncline.connectors.port import Page
from syncline.connectors.projection import check_named
from syncline.connectors.sql.zones import in_zone
from syncline.domain.columns import Columns
from syncline.domain.mapping.extraction import Extraction


async def fetch_records(session: Session, extraction: Extraction, ids: Sequence[str]) -> Page:
    """Read just these records, and say which of them was asked for in another spelling."""
    shape = await shape_of(session, base_query(extraction, None, []))
    check_named(extraction, list(shape))
    column = shape[extraction.id_column]
    zone = session.zone if column.kind is Kind.DATETIME else None
    said = {i: _sayable(column, in_zone(i, zone) if zone else i) for i in ids}
    wanted = [(i, text) for i, text in said.items() if text is not None]
    page = Page([], [], Columns(0, {}), "", columns=tuple(shape))
    if not wanted:
        return page
    query = base_query(extraction, None, [text for _, text in wanted])
    chosen = selection(extraction, shape)
    same = f"{column.key} = try_{made(column.declared, 'j.value')}"
    if column.collation:
        same += f" collate {column.collation}"
    given = query.given | {"wanted": msgspec.json.encode([text for _, text in wanted]).decode()}
    found = await session.rows(
        f"""select {chosen.sql}, j."key" as asked from openjson(@wanted) j """
        f"join ({query.sql}\n) q on {same} "
        f"""order by cast(j."key" as int)""",
        given,
    )
    if not found.rows:
        return page
    maker = PageMaker(extraction, chosen, list(shape), session.zone)
    whole = maker.page([row[:-1] for row in found.rows])
    names = [wanted[int(str(row[-1]))][0] for row in found.rows]
    first = {source_id: place for place, source_id in reversed([*enumerate(whole.ids)])}
    page = whole.part(sorted(first.values()))
    asked = {n: i for n, i in zip(names, whole.ids, strict=True) if n != i}
    return msgspec.structs.replace(page, asked=asked, position="")


def _sayable(column: Column, text: str) -> str | None:
    """Return an ID as SQL Server takes it; None where the column can have no such value."""
    length = length_of(column.declared)
    if column.kind is Kind.TEXT and length is not None and len(text.rstrip(" ")) > length:
        return None
    return text_for(column.kind, text)
