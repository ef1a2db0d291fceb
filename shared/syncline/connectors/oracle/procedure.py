"""Reading what a procedure returns: in its own order, whole each time, in no lasting way."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, cast

from syncline.connectors.dbapi.kinds import MOMENTS, Kind
from syncline.connectors.dbapi.names import names_of, table_name
from syncline.connectors.dbapi.pages import PageMaker
from syncline.connectors.dbapi.queries import bind
from syncline.connectors.dbapi.session import Description, Row
from syncline.connectors.dbapi.shape import Column, Selection
from syncline.connectors.errors import refusal
from syncline.connectors.oracle.kinds import kind_of
from syncline.connectors.oracle.session import Session, descriptions
from syncline.connectors.port import ExtractRequest, Page, SourceColumn
from syncline.connectors.projection import check_named, duplicate_column
from syncline.connectors.sql.text import identifier
from syncline.connectors.sql.values import json_text
from syncline.domain.mapping.extraction import Extraction

if TYPE_CHECKING:
    import oracledb

_FROM_THE_BEGINNING = "0"
"""The position of every page: a procedure has no order in which a read could go on."""
_ARGUMENTS = """select argument_name, in_out, data_type, defaulted from all_arguments
where owner = nvl(:b0, sys_context('USERENV', 'CURRENT_SCHEMA')) and object_name = :b1
and nvl(package_name, ' ') = nvl(:b2, ' ') and data_level = 0 and argument_name is not null
order by nvl(overload, 0), position"""
_CURSOR = "REF CURSOR"


async def read_procedure(session: Session, request: ExtractRequest) -> AsyncGenerator[Page, None]:
    """Read the rows that a procedure returns; what it changed is undone.

    Raises ConnectorError where it returns none, or several results.
    """
    extraction, left, is_end = request.extraction, request.limit, False
    maker = _maker(session, extraction, await _called(session, extraction))
    while not is_end and left != 0:
        size = request.page_size if left is None else min(left, request.page_size)
        some, is_end = await session.take(size)
        if some and (page := maker.page(some)).ids:
            left = None if left is None else left - len(page.ids)
            page.position = _FROM_THE_BEGINNING
            yield page
    await session.rollback()
    session.close()


async def describe_procedure(session: Session, extraction: Extraction) -> list[SourceColumn]:
    """Call a procedure to learn its columns, and undo what it changed."""
    found = await _called(session, extraction)
    await session.rollback()
    session.close()
    return [SourceColumn(each.name, kind_of(each)) for each in found]


def _maker(session: Session, extraction: Extraction, found: list[Description]) -> PageMaker:
    names = [each.name for each in found]
    for name in names:
        if names.count(name) > 1:
            raise duplicate_column(name)
    check_named(extraction, names)
    columns = [Column(each.name, _kind(each)) for each in found]
    return PageMaker(extraction, Selection(columns, "", {}), names, session.zone)


def _kind(column: Description) -> Kind:
    """Return the kind of a column that no statement of ours gave its form."""
    kind = kind_of(column)
    return Kind.OTHER if kind in MOMENTS or kind is Kind.RAW else kind


async def _called(session: Session, extraction: Extraction) -> list[Description]:
    """Call a procedure; `take` takes the rows of its one result."""
    name = extraction.procedure or ""
    *outer, own = names_of(name)
    rows = await _arguments(session, [*outer], own)
    sql, given, cursor_name = call_of(extraction, rows)

    def call() -> list[Description]:
        cursor = session.cursor(given)
        if cursor_name is not None:
            given[cursor_name] = cursor.connection.cursor()
        cursor.execute(sql, given)
        results = cursor.getimplicitresults()
        if cursor_name is not None:
            results = [cast("oracledb.Cursor", given[cursor_name])]
        if len(results) != 1:
            code, words = ("several_results", "several results: one is read")
            if not results:
                code, words = ("no_result", "no rows")
            raise refusal(code, f"the procedure {name} returns {words}")
        session.read_from(results[0])
        return descriptions(results[0])

    return await session.call(call)


async def _arguments(session: Session, outer: list[str], own: str) -> list[Row]:
    """Return what a procedure takes; `a.b` is b of the schema a, or of the package a."""
    tried: list[tuple[str | None, str | None]] = [(None, None)]
    if len(outer) == 1:
        tried = [(outer[0], None), (None, outer[0])]
    if len(outer) == 2:
        tried = [(outer[0], outer[1])]
    for owner, package in tried:
        if rows := await session.rows(_ARGUMENTS, {"b0": owner, "b1": own, "b2": package}):
            return rows
    return []


def call_of(
    extraction: Extraction, arguments: list[Row]
) -> tuple[str, dict[str, object], str | None]:
    """Return the call of a procedure, its values, and the name that its cursor is bound to.

    Args:
        arguments: name, direction, type and whether there is a default, as the catalog has them.

    Raises ConnectorError where it takes others, or gives values by them.
    """
    name = extraction.procedure or ""
    given: dict[str, object] = {}
    said: list[str] = []
    cursor_name = None
    wanted = {names_of(each)[0]: value for each, value in extraction.parameters.items()}
    for each, direction, kind, defaulted in arguments:
        if kind == _CURSOR and direction == "OUT" and cursor_name is None:
            said.append(f"{identifier(str(each))} => :{(cursor_name := bind(None, given))}")
        elif each in wanted and direction == "IN":
            said.append(f"{identifier(str(each))} => :{bind(_plain(wanted.pop(str(each))), given)}")
        elif direction != "IN" or defaulted == "N":
            why = "gives a value" if direction != "IN" else "has no value in `parameters`"
            raise refusal("unknown_parameter", f"the parameter {each!r} of {name} {why}")
    for each in wanted:
        takes = ", ".join(str(row[0]) for row in arguments) or "none"
        message = f"{name} has no parameter {each!r} that takes a value; it has: {takes}"
        raise refusal("unknown_parameter", message)
    return f"begin {table_name(name)}({', '.join(said)}); end;", given, cursor_name


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    return json_text(value) if isinstance(value, list | dict) else value
