"""Signing in: by password, and by one-time links that set up, choose a password, or sign in."""

from __future__ import annotations

import hashlib
import unicodedata

import structlog

from syncline.domain.access import (
    LONGEST_NAME,
    LONGEST_PASSWORD,
    checked_password,
    composed_password,
)
from syncline.domain.errors import (
    ConflictError,
    InvalidInputError,
    Problem,
    ThrottledError,
    UnauthenticatedError,
)
from syncline.postgres.access.one_time_links import (
    Purpose,
    add_link,
    is_valid_link,
    replace_password_link,
    use_link,
)
from syncline.postgres.access.sessions import Lifetimes, begin_session
from syncline.postgres.access.sign_in_attempts import Allowance, SignInAttempts
from syncline.postgres.access.users import (
    Users,
    UserView,
    find_user,
    insert_user,
    store_password,
)
from syncline.postgres.database.database import Connection, Database
from syncline.security.passwords import Passwords
from syncline.security.tokens import is_token, new_token, token_hash

_WRONG = "the name or the password is wrong"
_INVALID = "this link was used before, or its time is over: ask for a new one"
LOCAL_ADMIN = "admin"
"""The Platform Admin of `syncline dev`."""
log = structlog.get_logger()


class SignIn:
    """Signs users in and returns the new session's token; all methods may raise RetriableError."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        lifetimes: Lifetimes,
        allowance: Allowance | None = None,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._lifetimes = lifetimes
        self._users = Users(database)
        self._attempts = SignInAttempts(database, allowance or Allowance())

    async def by_password(self, name: str, password: str, address: str) -> str:
        """Sign in by name and password. Raises ThrottledError after too many failures.

        Raises UnauthenticatedError, with the same words after the same work, whatever is wrong.
        """
        user_id = await self._proved(name, password, address)
        async with self._database.transaction() as connection:
            return await self._begin(connection, user_id, address, "password")

    async def _proved(self, name: str, password: str, address: str) -> str:
        """Return the ID of the user whose name and password these are. Raises as by_password."""
        typed = unicodedata.normalize("NFC", name).strip()[: LONGEST_NAME + 1]
        account = hashlib.sha256(typed.casefold().encode("utf-8", "surrogatepass")).digest()
        wait = await self._attempts.reserve(account, address)
        if wait is not None:
            raise ThrottledError("too many sign-ins failed: wait before the next", wait)
        is_name = typed.isprintable()
        found = await self._users.password_of(typed) if is_name else None
        user_id, stored, disabled = found or ("", None, True)
        given = composed_password(password[: LONGEST_PASSWORD + 1])
        is_right = await self._passwords.verify(stored, given)
        if not is_right or disabled:
            log.warning("sign_in_failed", address=address)
            raise UnauthenticatedError(_WRONG)
        await self._attempts.succeed(account, address)
        if stored and not self._passwords.is_current(stored):
            await self._users.renew_password(user_id, await self._passwords.hash(given))
        return user_id

    async def change_password(self, name: str, current: str, new: str, address: str) -> str:
        """Give a user another password; every session ends, and a new one begins.

        Raises InvalidInputError where a password is wrong; ThrottledError after too many failures.
        """
        checked = checked_password(new, name)
        try:
            old = await self._proved(name, current, address)
        except UnauthenticatedError:
            raise InvalidInputError([Problem("$.current", "is not your password")]) from None
        hashed = await self._passwords.hash(checked)
        async with self._database.transaction() as connection:
            await store_password(connection, old, hashed, name)
            return await self._begin(connection, old, address, "password")

    async def by_link(self, link: str, address: str) -> str:
        """Sign in by a one-time link. Raises UnauthenticatedError: the link is not valid."""
        async with self._database.transaction() as connection:
            user = await _owner(connection, link, "sign_in")
            return await self._begin(connection, user.id, address, "link")

    async def set_up(self, link: str, name: str, password: str, address: str) -> str:
        """Make the first Platform Admin and sign in; the link stays good when that fails.

        Raises UnauthenticatedError: the link is not valid; ConflictError: there are users already;
        InvalidInputError: the name or the password cannot be one.
        """
        await self._check(link, "set_up")
        hashed = await self._passwords.hash(checked_password(password, name))
        async with self._database.transaction() as connection:
            await connection.execute("lock table users in exclusive mode")
            await _use(connection, link, "set_up")
            if await connection.fetchval("select exists(select from users)"):
                raise ConflictError("this installation is set up already: sign in")
            user = await insert_user(connection, name, "platform_admin", [], name.strip())
            await store_password(connection, user.id, hashed, user.name)
            await connection.execute("delete from one_time_links where purpose = 'set_up'")
            return await self._begin(connection, user.id, address, "set_up")

    async def choose_password(self, link: str, password: str, address: str) -> str:
        """Store the password that a user chose, and sign in. Raises UnauthenticatedError.

        Raises InvalidInputError where the password is not allowed; the link then stays valid.
        """
        await self._check(link, "password")
        hashed = await self._passwords.hash(checked_password(password, ""))
        async with self._database.transaction() as connection:
            user = await _owner(connection, link, "password")
            await store_password(connection, user.id, hashed, user.name)
            return await self._begin(connection, user.id, address, "password_link")

    async def _check(self, link: str, purpose: Purpose) -> None:
        """Refuse a link that is not valid before anything costly. Raises UnauthenticatedError."""
        if not (is_token(link) and await is_valid_link(self._database, token_hash(link), purpose)):
            raise UnauthenticatedError(_INVALID)

    async def _begin(self, connection: Connection, user_id: str, address: str, how: str) -> str:
        token = new_token()
        await begin_session(connection, token_hash(token), user_id, address, self._lifetimes, how)
        return token


async def set_up_link(database: Database) -> str | None:
    """Return a new link's token when there is no user yet. Raises RetriableError."""
    if await Users(database).exist():
        return None
    token = new_token()
    async with database.transaction() as connection:
        await add_link(connection, token_hash(token), "set_up")
    return token


async def password_link(database: Database, name: str, actor: str) -> str:
    """Return the token of a new link by which a user chooses a password. Raises NotFoundError."""
    user = await find_user(database, name)
    token = new_token()
    async with database.transaction() as connection:
        await replace_password_link(connection, token_hash(token), user.id, user.name, actor)
    return token


async def local_sign_in_link(database: Database) -> str | None:
    """Return the token of a link that signs the admin of `syncline dev` in.

    The admin is created when there are no users at all. None: users exist, but not this admin.
    """
    token = new_token()
    async with database.transaction() as connection:
        await connection.execute("lock table users in exclusive mode")
        if not await connection.fetchval("select exists(select from users)"):
            await insert_user(connection, LOCAL_ADMIN, "platform_admin", [], "syncline dev")
        user_id = await connection.fetchval(
            "select id from users where name = $1 and role = 'platform_admin' and not disabled",
            LOCAL_ADMIN,
        )
        if user_id is None:
            return None
        await add_link(connection, token_hash(token), "sign_in", user_id)
    return token


async def _use(connection: Connection, link: str, purpose: Purpose) -> str | None:
    is_good, user_id = False, None
    if is_token(link):
        is_good, user_id = await use_link(connection, token_hash(link), purpose)
    if not is_good:
        raise UnauthenticatedError(_INVALID)
    return user_id


async def _owner(connection: Connection, link: str, purpose: Purpose) -> UserView:
    """Use a link and return whose it is. Raises UnauthenticatedError."""
    user = await find_user(connection, await _use(connection, link, purpose) or "")
    if user.disabled:
        raise UnauthenticatedError(_INVALID)
    return user
