"""The audit log: who changed what, noted in the transaction that changes it. Spec section 11."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

ADDRESS: ContextVar[str | None] = ContextVar("address", default=None)
"""Where the change that is under way came from; who answers a request says so at its start."""
_INSERT = """
insert into audit_log (tenant, actor, action, object, details, ip) values ($1, $2, $3, $4, $5, $6)
"""


async def audit(
    connection: Any,  # noqa: ANN401 - a database connection
    tenant: str,
    actor: str,
    action: str,
    name: str,
    details: Mapping[str, Any],
) -> None:
    """Note a change; `action` is `<kind>.<what>`, `details` hold no secret."""
    await connection.execute(_INSERT, tenant, actor, action, name, dict(details), ADDRESS.get())


async def audit_each(
    connection: Any,  # noqa: ANN401 - a database connection
    tenant: str,
    actor: str,
    action: str,
    changed: Mapping[str, Mapping[str, Any]],
) -> None:
    """Note the same change of several things: name -> details."""
    address = ADDRESS.get()
    rows = [
        (tenant, actor, action, name, dict(details), address) for name, details in changed.items()
    ]
    await connection.executemany(_INSERT, rows)
