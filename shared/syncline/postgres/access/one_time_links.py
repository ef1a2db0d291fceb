"""One-time links: to set an installation up, to choose a password, to sign in on this machine."""

from __future__ import annotations

from typing import Any, Literal

from syncline.domain.access import EVERYWHERE
from syncline.postgres.audit.log import audit
from syncline.postgres.database.database import Database

Purpose = Literal["set_up", "sign_in", "password"]
LASTS: dict[Purpose, int] = {"set_up": 24 * 60, "password": 24 * 60, "sign_in": 12 * 60}
"""Minutes until a link of this purpose is worth nothing."""


class Links:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, token_hash: bytes, purpose: Purpose, user_id: str | None = None) -> None:
        """Store a new link; what is over goes."""
        async with self._database.transaction() as connection:
            await connection.execute("delete from one_time_links where expires_at < now()")
            await add_link(connection, token_hash, purpose, user_id)

    async def replace_password_link(
        self, token_hash: bytes, user_id: str, name: str, actor: str
    ) -> None:
        """Store a link to choose a password; the user's former ones are worth nothing now."""
        async with self._database.transaction() as connection:
            await _forget(connection, user_id, "password")
            await add_link(connection, token_hash, "password", user_id)
            await audit(connection, EVERYWHERE, actor, "user.password_link", name, {})

    async def is_valid(self, token_hash: bytes, purpose: Purpose) -> bool:
        """Tell whether a link could be used now."""
        found: bool = await self._database.fetchval(
            "select exists(select from one_time_links where token_hash = $1 and purpose = $2 "
            "and expires_at > now())",
            token_hash,
            purpose,
        )
        return found


async def add_link(
    connection: Any,  # noqa: ANN401 - a database connection
    token_hash: bytes,
    purpose: Purpose,
    user_id: str | None,
) -> None:
    """Store a new link in the caller's transaction."""
    await connection.execute(
        "insert into one_time_links (token_hash, purpose, user_id, expires_at) "
        "values ($1, $2, $3, now() + make_interval(mins => $4))",
        token_hash, purpose, user_id if user_id else None, LASTS[purpose],
    )  # fmt: skip


async def use_link(connection: Any, token_hash: bytes, purpose: Purpose) -> tuple[bool, str | None]:  # noqa: ANN401
    """Use a link up, in the caller's transaction.

    Returns:
        Whether it was worth something, and whose it is.
    """
    row = await connection.fetchrow(
        "delete from one_time_links where token_hash = $1 and purpose = $2 "
        "returning user_id, expires_at > now() as is_valid",
        token_hash,
        purpose,
    )
    if row is None or not row["is_valid"]:
        return False, None
    return True, str(row["user_id"]) if row["user_id"] else None


async def _forget(connection: Any, user_id: str, purpose: Purpose) -> None:  # noqa: ANN401
    await connection.execute(
        "delete from one_time_links where user_id = $1 and purpose = $2", user_id, purpose
    )
