"""Reading single records by their IDs, however those who ask for them spell an ID."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncline.connectors.port import Page
from syncline.connectors.projection import only, text_of
from syncline.connectors.sql.text import identifier
from syncline.connectors.sqlite.cursor_values import number_or_text
from syncline.connectors.sqlite.reader import SqliteReader


def fetch_records(reading: SqliteReader, id_column: str, ids: Sequence[str]) -> Page:
    """Read some records by ID, and say which of them was asked for in another spelling.

    A text is compared as the column compares texts, and with numbers as the number that it is.
    """
    known = [i for i in ids if i == i.encode(errors="ignore").decode()]
    column = f"q.{identifier(id_column)}"
    texts = ", ".join(reading.bind(i) for i in known)
    numbers = ", ".join(
        reading.bind(n) for i in known if not isinstance(n := number_or_text(i), str)
    )
    found = f"{column} in ({texts})"
    if numbers:
        found = (
            f"({found} or (typeof({column}) in ('integer', 'real') and {column} in ({numbers})))"
        )
    base = f"from ({reading.base}\n) q where {found}"
    values = reading.bound(None, list(known))
    rows = reading.connection.execute(f"select * {base}", values).fetchall()
    page = reading.page(rows)
    other = sorted(set(known) - set(page.ids))
    page.asked = _other_spellings(reading, column, base, other) if rows and other else {}
    wanted = {*known, *page.asked.values()}
    page.position = ""
    return only(page, [source_id in wanted for source_id in page.ids])


def _other_spellings(
    reading: SqliteReader, column: str, base: str, ids: Sequence[str]
) -> dict[str, str]:
    """Return which of these IDs the column holds as equal, with its own spelling of them."""
    numbers = [None if isinstance(n := number_or_text(i), str) else n for i in ids]
    asked = zip(range(len(ids)), ids, numbers, strict=True)
    listed = ", ".join(f"({', '.join(map(reading.bind, one))})" for one in asked)
    sql = (
        f"with asked(place, text, number) as (values {listed}) "
        f"select asked.place, {column} {base.replace(') q where', ') q join asked where', 1)} "
        f"and ({column} = asked.text or "
        f"(typeof({column}) in ('integer', 'real') and {column} = asked.number))"
    )
    rows: list[tuple[int, Any]] = reading.connection.execute(
        sql, reading.bound(None, list(ids))
    ).fetchall()
    return {ids[place]: text_of(value) for place, value in rows}
