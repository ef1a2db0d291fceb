"""Whether a table is keyed by the match key, and if not: what it is keyed by.

The advice never asks for an index that would change what the table holds: an index on part of its
key would forbid rows that it has.
"""

from __future__ import annotations

from collections.abc import Sequence

from syncline.connectors.errors import refusal
from syncline.connectors.postgresql.target.catalog import TableDescription, UniqueIndex
from syncline.connectors.sql.match_keys import fitting_keys
from syncline.connectors.sql.text import identifier


def check_keyed(table: TableDescription, key: Sequence[str]) -> None:
    """Raise ConnectorError where no unique index of the table is just over the match key."""
    if table.kind not in ("r", "p"):
        return  # a view's indexes are those of the table behind it: the server says
    if not any(index.fits and set(index.names or ()) == set(key) for index in table.indexes):
        message = f"table {table.name} is not keyed by the match key ({_names(key)}): "
        message += _instead(table, key)
        raise refusal("no_unique_key", message)


def _instead(table: TableDescription, key: Sequence[str]) -> str:
    near = [i for i in table.indexes if not i.fits and set(i.names or ()) == set(key)]
    unfit = near or [i for i in table.indexes if not i.fits]
    said = "; ".join(f"unique index {i.name} {_fault(i)}" for i in unfit)
    fitting = [index.names or [] for index in table.indexes if index.fits]
    if fitting:
        return "; ".join(filter(None, (said, fitting_keys(fitting))))
    if said:
        return f"{said}; an upsert needs one that holds for every row and is checked at once"
    if table.partitioned:
        return (
            f"it has no unique index; it is partitioned by {table.partitioned}, and a unique index "
            "of it must hold those columns: make one, and name its columns in matchKey"
        )
    return f"it has no unique index: create unique index on {table.name} ({_names(key)})"


def _fault(index: UniqueIndex) -> str:
    on = f"on ({', '.join(index.columns)})"
    if not index.is_at_once:
        return f"{on} is deferrable: make its constraint anew without `deferrable`"
    if index.condition is not None:
        return f"{on} holds for some rows alone: where {index.condition}"
    if not index.is_valid:
        return f"{on} is not valid: its making broke off; reindex it"
    return f"{on} is over an expression, not over columns"


def _names(key: Sequence[str]) -> str:
    return ", ".join(map(identifier, key))
