"""One-time links: to set an installation up, to choose a password, to sign in on this machine."""

from __future__ import annotations

from typing import Literal

from syncline.domain.access import EVERYWHERE
from syncline.postgres.audit.log import audit
from syncline.postgres.database.database import Connection, Database

Purpose = Literal["set_up", "sign_in", "password"]
LASTS: dict[Purpose, int] = {"set_up": 24 * 60, "password": 24 * 60, "sign_in": 12 * 60}
"""Minutes until a link of this purpose expires."""
_INSERT = """
insert into one_time_links (token_hash, purpose, user_id, expires_at)
values ($1, $2, $3, now() + make_interval(mins => $4))
"""


async def add_link(
    connection: Connection, token_hash: bytes, purpose: Purpose, user_id: str | None = None
) -> None:
    """Store a new link; expired ones are deleted."""
    await connection.execute("delete from one_time_links where expires_at < now()")
    await connection.execute(_INSERT, token_hash, purpose, user_id, LASTS[purpose])


async def replace_password_link(
    connection: Connection, token_hash: bytes, user_id: str, name: str, actor: str
) -> None:
    """Store a link by which a user chooses a password; the user's earlier ones are deleted."""
    await connection.execute(
        "delete from one_time_links where user_id = $1 and purpose = 'password'", user_id
    )
    await add_link(connection, token_hash, "password", user_id)
    await audit(connection, EVERYWHERE, actor, "user.password_link", name, {})


async def is_valid_link(database: Database, token_hash: bytes, purpose: Purpose) -> bool:
    """Tell whether a link could be used now. Raises RetriableError."""
    found: bool = await database.fetchval(
        "select exists(select from one_time_links where token_hash = $1 and purpose = $2 "
        "and expires_at > now())",
        token_hash,
        purpose,
    )
    return found


async def use_link(
    connection: Connection, token_hash: bytes, purpose: Purpose
) -> tuple[bool, str | None]:
    """Use a link up; return whether it was valid, and its user, whom only a set-up lacks."""
    row = await connection.fetchrow(
        "delete from one_time_links where token_hash = $1 and purpose = $2 "
        "returning user_id, expires_at > now() as is_valid",
        token_hash,
        purpose,
    )
    return (True, row["user_id"]) if row and row["is_valid"] else (False, None)
