"""Exports: a whole list as a file, read by pages as the list is, and sent while it is read."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse

from syncline.domain.record import JsonObject
from syncline.postgres.audit.log import audit
from syncline_gateway.access.caller import Caller
from syncline_gateway.api import Api, Backend
from syncline_gateway.requests.resource import encode

Format = Literal["csv", "ndjson"]
MEDIA_TYPES: dict[Format, str] = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
PART = 250
"""Items that are read, and held, at once."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so is computed by spreadsheets: a `'` before it makes it a text."""
_MARK = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""
T = TypeVar("T", bound=msgspec.Struct)


class Export(msgspec.Struct, frozen=True):
    """What is wanted: the format, and the filters as they were sent, for the audit log."""

    api: Backend
    format: Format
    filters: JsonObject

    async def answer(
        self,
        caller: Caller,
        kind: str,
        name: str,
        items: type[T],
        following: Callable[[T | None], Awaitable[Sequence[T]]],
    ) -> StreamingResponse:
        """Answer with a file of all items. What fails later breaks the connection off.

        Args:
            kind: of the audit log's entries: `<kind>.export_begun` before anything is sent, and
                `<kind>.exported` with the count when everything was.
            name: how the file's name begins; the time follows.
            following: returns at most PART items, those behind one; with None the first.
        """
        first = await following(None)
        file = f"{name}-{self.api.clock.now():%Y%m%dT%H%M%SZ}.{self.format}"
        details: JsonObject = {"filter": self.filters}
        await self._audit(caller, f"{kind}.export_begun", file, details)

        async def parts() -> AsyncIterator[bytes]:
            if self.format == "csv":
                header = [field.encode_name for field in msgspec.structs.fields(items)]
                yield (_MARK + _lines([header])).encode()
            found, count = first, 0
            while found:
                count += len(found)
                yield _encoded(self.format, found)
                found = await following(found[-1]) if len(found) == PART else ()
            await self._audit(caller, f"{kind}.exported", file, details | {"count": count})

        headers = {"Content-Disposition": f'attachment; filename="{file}"'}
        return StreamingResponse(
            parts(), headers=headers, media_type=f"{MEDIA_TYPES[self.format]}; charset=utf-8"
        )

    async def _audit(self, caller: Caller, action: str, file: str, details: JsonObject) -> None:
        async with self.api.database.connection() as connection:
            await audit(connection, caller.tenant, caller.actor, action, file, details)


async def _export(
    request: Request,
    api: Api,
    format: Annotated[
        Format, Query(description="`csv` for spreadsheets; `ndjson`: a JSON object a line, exact.")
    ] = "csv",
) -> Export:
    given = request.query_params
    filters = {name: given.getlist(name) for name in given if name != "format"}
    return Export(api, format, {n: v if len(v) > 1 else v[0] for n, v in filters.items()})


ExportDep = Annotated[Export, Depends(_export)]
"""A route's parameter: in which format a list is wanted."""

_FILE: JsonObject = {"schema": {"type": "string"}}
DOCUMENTED: dict[int | str, JsonObject] = {
    200: {"description": "The file.", "content": dict.fromkeys(MEDIA_TYPES.values(), _FILE)}
}
"""The `responses` of a route that exports."""


def _encoded(format: Format, items: Sequence[msgspec.Struct]) -> bytes:
    if format == "ndjson":
        return b"".join(encode(item) + b"\n" for item in items)
    names = items[0].__struct_fields__
    return _lines([[cell_of(getattr(item, name)) for name in names] for item in items]).encode()


def _lines(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def cell_of(value: object) -> str:
    """Return a value as a cell of CSV: text, a number, an RFC 3339 time, or JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    text = encode(value).decode()
    return text.strip('"') if isinstance(value, datetime) else text
