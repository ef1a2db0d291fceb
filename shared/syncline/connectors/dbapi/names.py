"""Names of tables and procedures, folded to upper case as Oracle and HANA fold them."""

from __future__ import annotations

import re

from syncline.connectors.sql.text import identifier

_PART = re.compile(r'"([^"]*)"|([^.]+)')


def names_of(name: str) -> tuple[str, ...]:
    """Return the parts of `schema.name` as the catalog has them.

    As in the database's SQL, `items` is ITEMS, and `"items"` is items.
    """
    return tuple(found[1] or found[2].upper() for found in _PART.finditer(name))


def table_name(name: str) -> str:
    """Quote a table's or procedure's name."""
    return ".".join(map(identifier, names_of(name)))
