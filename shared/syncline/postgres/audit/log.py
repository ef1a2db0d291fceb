"""The audit log: who changed what, noted in the transaction that changes it. Spec section 11."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from syncline.domain.configuration.comparison import Difference
from syncline.domain.record import JsonObject
from syncline.postgres.database.database import Connection

ADDRESS: ContextVar[str | None] = ContextVar("address", default=None)
"""The address that the change under way came from; a request sets it at its start."""
MOST_DIFFERENCES = 100
LONGEST_VALUE = 500
"""Of one value in an entry, which is for people; versions of mappings are kept elsewhere."""
_INSERT = """
insert into audit_log (tenant, actor, action, object, details, ip) values ($1, $2, $3, $4, $5, $6)
"""


def before_and_after(differences: Sequence[Difference]) -> JsonObject:
    """Return what was changed as details: the path of each value, and the value before and after.

    Secrets are masked in differences already.
    """
    shown = differences[:MOST_DIFFERENCES]
    details = {d.path: {"before": _short(d.old), "after": _short(d.new)} for d in shown}
    left = len(differences) - len(shown)
    return details | ({"more": left} if left else {})


def _short(value: Any) -> Any:  # noqa: ANN401 - a plain JSON value
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        return value[:LONGEST_VALUE] + "…"
    return value


async def audit(
    connection: Connection,
    tenant: str,
    actor: str,
    action: str,
    name: str,
    details: Mapping[str, Any],
) -> None:
    """Write an entry; `action` is `<kind>.<what>`, `details` hold no secret."""
    await connection.execute(_INSERT, tenant, actor, action, name, dict(details), ADDRESS.get())


async def audit_each(
    connection: Connection,
    tenant: str,
    actor: str,
    action: str,
    changed: Mapping[str, Mapping[str, Any]],
) -> None:
    """Write an entry of the same change for each of several things: name -> details."""
    address = ADDRESS.get()
    rows = [
        (tenant, actor, action, name, dict(details), address) for name, details in changed.items()
    ]
    await connection.executemany(_INSERT, rows)
