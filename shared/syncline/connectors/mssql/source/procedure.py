"""Reading what a procedure returns: in its own order, whole each time, in no lasting way."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from syncline.connectors.errors import refusal
from syncline.connectors.mssql.session import Session
from syncline.connectors.mssql.source.pages import PageMaker
from syncline.connectors.mssql.source.queries import Query, bound
from syncline.connectors.mssql.source.shape import Column, Selection
from syncline.connectors.mssql.text import catalog_name
from syncline.connectors.pages import PAGE_BYTES
from syncline.connectors.port import ExtractRequest, Page, SourceColumn
from syncline.connectors.projection import check_named
from syncline.connectors.sql.text import table_name
from syncline.domain.mapping.extraction import Extraction

_FROM_THE_BEGINNING = "0"
"""The position of every page: a procedure has no order in which a read could go on."""
_PARAMETERS = """select name, is_output from sys.parameters
where object_id = object_id(@procedure) and parameter_id > 0 order by parameter_id"""
_BEGIN = "set transaction isolation level read committed; begin transaction"
"""Not a snapshot, in which a procedure may not make indexes. It ends with the connection."""


async def read_procedure(session: Session, request: ExtractRequest) -> AsyncGenerator[Page, None]:
    """Read the rows that a procedure returns; what it changed is undone.

    Raises ConnectorError where it returns none, or several results.
    """
    extraction, left = request.extraction, request.limit
    names = await _called(session, extraction)
    shape = {name: Column(name, "") for name in names}
    if len(shape) < len(names):
        raise refusal("duplicate_column", f"{extraction.procedure} gives a column name twice")
    check_named(extraction, list(shape))
    maker = PageMaker(extraction, Selection(list(shape.values()), "", {}), names, session.zone)
    is_cut = True
    while is_cut and left != 0:
        size = request.page_size if left is None else min(left, request.page_size)
        found = await session.take(size, PAGE_BYTES)
        is_cut = found.is_cut
        if found.rows and (page := maker.page(found.rows)).ids:
            left = None if left is None else left - len(page.ids)
            page.position = _FROM_THE_BEGINNING
            yield page
    if not is_cut and await session.next_result():
        message = f"the procedure {extraction.procedure} returns several results: one is read"
        raise refusal("several_results", message)
    session.close()


async def describe_procedure(session: Session, extraction: Extraction) -> list[SourceColumn]:
    """Call a procedure to learn its columns, and undo what it changed."""
    names = await _called(session, extraction)
    session.close()
    return [SourceColumn(name, "unknown") for name in names]


async def _called(session: Session, extraction: Extraction) -> tuple[str, ...]:
    call = await _call_of(session, extraction)
    await session.begin(_BEGIN)
    names = await session.open_rows(call.sql, call.given)
    if names is None:
        raise refusal("no_result", f"the procedure {extraction.procedure} returns no rows")
    return names


async def _call_of(session: Session, extraction: Extraction) -> Query:
    """Return the call of a procedure, its parameters by their names.

    Raises ConnectorError where it takes others, or gives values by them.
    """
    name = table_name(extraction.procedure or "")
    rows = (
        await session.rows(_PARAMETERS, {"procedure": catalog_name(extraction.procedure or "")})
    ).rows
    outputs = {str(own).removeprefix("@"): bool(is_output) for own, is_output in rows}
    for each in extraction.parameters:
        if each not in outputs:
            message = f"{name} has no parameter {each!r}; it takes: {', '.join(outputs) or 'none'}"
            raise refusal("unknown_parameter", message)
        if outputs[each]:
            raise refusal("unknown_parameter", f"the parameter {each!r} of {name} gives a value")
    given: dict[str, str] = {}
    said = [
        f"@{each} = {bound(each, value, given)}" for each, value in extraction.parameters.items()
    ]
    return Query(f"exec {name} {', '.join(said)}", given)
