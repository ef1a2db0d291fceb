"""Rows as structs: a query names its columns as the struct's attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import TypeVar, cast

import msgspec

from syncline.domain.errors import NotFoundError
from syncline.postgres.database.database import Queryable, Row

T = TypeVar("T")


def struct_of(type_: type[T], row: Row, **computed: object) -> T:
    """Make a struct, or a dataclass, of a row.

    Args:
        type_: each of its attributes takes the column of the same name; one without a column has
            its default. jsonb columns become the structs and enums that the attributes are.
        computed: attributes that no column holds, or not as they are needed.

    Raises:
        msgspec.ValidationError: the row does not fit the struct, which is a bug.
    """
    known = dict(row.items()) | computed
    plain = {encoded: known[name] for name, encoded in _names(cast(type, type_)) if name in known}
    return msgspec.convert(plain, type_)


async def fetch_structs(database: Queryable, type_: type[T], sql: str, *values: object) -> list[T]:
    """Return all rows of a query as structs."""
    return [struct_of(type_, row) for row in await database.fetch(sql, *values)]


async def row_of(database: Queryable, what: str, sql: str, *values: object) -> Row:
    """Return the first row of a query. Raises NotFoundError: there is `no {what}`."""
    row = await database.fetchrow(sql, *values)
    if row is None:
        raise NotFoundError(f"no {what}")
    return row


def array_text(values: Sequence[str | None]) -> str:
    """Return texts as PostgreSQL writes a list, for `$1::text::text[]`: faster than the driver."""
    quoted = [v for v in values if v is not None]
    joined = "".join(quoted)
    if "\\" in joined or '"' in joined:
        values = [v and v.replace("\\", "\\\\").replace('"', '\\"') for v in values]
    if len(quoted) < len(values):
        return "{" + ",".join(["NULL" if v is None else f'"{v}"' for v in values]) + "}"
    return '{"' + '","'.join([v for v in values if v is not None]) + '"}' if values else "{}"


def hash_in(stored: str | None) -> str | None:
    """Return a hash of 128 bits as its hexadecimal digits; it is stored in a uuid column."""
    return stored and stored.replace("-", "")


@cache
def _names(type_: type) -> list[tuple[str, str]]:
    if is_dataclass(type_):
        return [(field.name, field.name) for field in fields(type_)]
    return [(field.name, field.encode_name) for field in msgspec.structs.fields(type_)]


def mark_of(changed_at: datetime) -> str:
    """Return the ETag of an object's state: every change gives it a time with microseconds."""
    return f"{int(changed_at.timestamp() * 1_000_000):x}"
