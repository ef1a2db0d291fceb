"""Signing in on a real database: passwords, links, sessions, and guessing."""

from __future__ import annotations

import asyncio

import pytest
from argon2 import profiles

from syncline.actions.sign_in import (
    SignIn,
    local_sign_in_link,
    password_link,
    set_up_link,
)
from syncline.domain.access import Role
from syncline.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    ThrottledError,
    UnauthenticatedError,
)
from syncline.postgres.access.sessions import Lifetimes, Sessions, SessionView
from syncline.postgres.access.sign_in_attempts import MOST_KEPT, Allowance
from syncline.postgres.access.users import UserChange, Users
from syncline.postgres.database.database import Database
from syncline.security.passwords import Passwords
from syncline.security.tokens import new_token, token_hash
from tests.support.access import add_user

HERE, THERE = "192.0.2.1", "192.0.2.2"
PASSWORD = "correct horse"
FEW = Allowance(here=3, account=6, address=8)


@pytest.fixture
def signing_in(database: Database) -> SignIn:
    return SignIn(database, Passwords(profiles.CHEAPEST), Lifetimes(), FEW)


async def session_of(database: Database, token: str) -> SessionView | None:
    return await Sessions(database, Lifetimes()).find(token_hash(token))


async def add(database: Database, signing_in: SignIn, name: str) -> None:
    await add_user(database, name, "user", ["default"], "tester")
    link = await password_link(database, name, "tester")
    await signing_in.choose_password(link, PASSWORD, THERE)


async def actions(database: Database) -> list[str]:
    rows = await database.fetch("select action from audit_log order by id")
    return [row["action"] for row in rows]


async def test_first_admin_is_made_by_a_link_that_works_once(
    database: Database, signing_in: SignIn
) -> None:
    link = await set_up_link(database)
    assert link is not None
    with pytest.raises(InvalidInputError, match=r"\$.password: must have 8"):
        await signing_in.set_up(link, "alice", "short", HERE)
    session = await session_of(database, await signing_in.set_up(link, "alice", PASSWORD, HERE))
    assert session is not None
    assert (session.name, session.role) == ("alice", Role.ADMIN)
    with pytest.raises(UnauthenticatedError, match="used before"):
        await signing_in.set_up(link, "bob", PASSWORD, HERE)
    assert await set_up_link(database) is None
    assert await actions(database) == ["user.created", "user.password_set", "session.begun"]


async def test_of_many_who_set_up_at_once_one_succeeds(
    database: Database, signing_in: SignIn
) -> None:
    links = [await set_up_link(database) for _ in range(4)]
    done = await asyncio.wait(
        [
            asyncio.create_task(signing_in.set_up(link or "", f"admin{n}", PASSWORD, HERE))
            for n, link in enumerate(links)
        ]
    )
    failed = [task.exception() for task in done[0] if task.exception()]
    assert len(failed) == 3
    assert all(isinstance(e, ConflictError | UnauthenticatedError) for e in failed)
    assert len(await Users(database).list()) == 1


async def test_link_that_is_too_old_is_worth_nothing(
    database: Database, signing_in: SignIn
) -> None:
    link = await set_up_link(database)
    await database.execute("update one_time_links set expires_at = now() - interval '1 second'")
    for worthless in (link or "", new_token(), "", "\0", "x" * 10_000):
        with pytest.raises(UnauthenticatedError):
            await signing_in.set_up(worthless, "alice", PASSWORD, HERE)
    assert not await Users(database).exist()


async def test_password_signs_in_and_a_wrong_one_says_the_same_as_an_unknown_name(
    database: Database, signing_in: SignIn
) -> None:
    await add(database, signing_in, "alice")
    session = await session_of(database, await signing_in.by_password(" Alice ", PASSWORD, HERE))
    assert session is not None
    assert (session.name, session.role, session.tenant) == ("alice", Role.USER, "default")
    said = set()
    for name, password in (("alice", "wrong"), ("nobody", PASSWORD), ("a\0", "\0"), ("\ud800", "")):
        with pytest.raises(UnauthenticatedError) as refused:
            await signing_in.by_password(name, password, HERE)
        said.add(str(refused.value))
    assert said == {"the name or the password is wrong"}


async def test_user_without_a_password_cannot_sign_in_with_any(
    database: Database, signing_in: SignIn
) -> None:
    await add_user(database, "alice", "user", ["default"], "tester")
    for password in ("", "of nobody", PASSWORD):
        with pytest.raises(UnauthenticatedError):
            await signing_in.by_password("alice", password, HERE)


async def test_guessing_from_one_address_locks_nobody_else_out(
    database: Database, signing_in: SignIn
) -> None:
    await add(database, signing_in, "alice")
    guesses = [
        asyncio.create_task(signing_in.by_password("alice", f"guess {n}", HERE)) for n in range(6)
    ]
    done, _ = await asyncio.wait(guesses)
    kinds = sorted(type(task.exception()).__name__ for task in done)
    assert kinds == ["ThrottledError"] * 3 + ["UnauthenticatedError"] * 3
    with pytest.raises(ThrottledError) as refused:
        await signing_in.by_password("alice", PASSWORD, HERE)
    assert 0 < refused.value.retry_after <= 900
    assert await signing_in.by_password("alice", PASSWORD, THERE)


async def test_guessing_from_many_addresses_leaves_those_known_open(
    database: Database, signing_in: SignIn
) -> None:
    await add(database, signing_in, "alice")
    await signing_in.by_password("alice", PASSWORD, HERE)
    for number in range(6):
        with pytest.raises(UnauthenticatedError):
            await signing_in.by_password("alice", "guess", f"198.51.100.{number}")
    with pytest.raises(ThrottledError):
        await signing_in.by_password("alice", PASSWORD, "198.51.100.77")
    assert await signing_in.by_password("alice", PASSWORD, HERE)


async def test_one_address_cannot_try_many_accounts(signing_in: SignIn) -> None:
    for number in range(8):
        with pytest.raises(UnauthenticatedError):
            await signing_in.by_password(f"user{number}", "guess", HERE)
    with pytest.raises(ThrottledError):
        await signing_in.by_password("another", "guess", HERE)
    with pytest.raises(UnauthenticatedError):
        await signing_in.by_password("another", "guess", THERE)


async def test_one_address_that_tries_many_accounts_locks_nobody_out_who_signed_in_there(
    database: Database, signing_in: SignIn
) -> None:
    await add(database, signing_in, "alice")
    await signing_in.by_password("alice", PASSWORD, HERE)
    for number in range(30):
        with pytest.raises((UnauthenticatedError, ThrottledError)):
            await signing_in.by_password(f"user{number}", "guess", HERE)
    assert await signing_in.by_password("alice", PASSWORD, HERE)
    assert await database.fetchval("select count(*) from sign_in_attempts") <= 10


async def test_guesses_are_forgotten_when_there_are_too_many(
    database: Database, signing_in: SignIn
) -> None:
    await database.execute(
        "insert into sign_in_attempts (account, address, failures, since) "
        "select int4send(n), '192.0.2.1', 1, now() - interval '1 hour' "
        "from generate_series(1, $1) n",
        MOST_KEPT + 50,
    )
    with pytest.raises(UnauthenticatedError):
        await signing_in.by_password("alice", "guess", HERE)
    assert await database.fetchval("select count(*) from sign_in_attempts") == MOST_KEPT


async def test_session_ends_by_time_by_hand_and_with_its_user(
    database: Database, signing_in: SignIn
) -> None:
    await add(database, signing_in, "alice")
    tokens = [await signing_in.by_password("alice", PASSWORD, HERE) for _ in range(4)]
    sessions = Sessions(database, Lifetimes(idle=600))
    ends = ["used_at = now() - interval '11 minutes'", "expires_at = now()"]
    for token, end in zip(tokens, ends, strict=False):
        await database.execute(
            f"update sessions set {end} where token_hash = $1", token_hash(token)
        )
    await sessions.end(token_hash(tokens[2]))
    found = [await sessions.find(token_hash(token)) is not None for token in tokens]
    assert found == [False, False, False, True]
    await add_user(database, "root", "platform_admin", [], "tester")
    await Users(database).change("alice", UserChange(disabled=True), "tester")
    assert await sessions.find(token_hash(tokens[3])) is None
    with pytest.raises(UnauthenticatedError):
        await signing_in.by_password("alice", PASSWORD, HERE)


async def test_new_password_ends_the_sessions_of_the_old_one(
    database: Database, signing_in: SignIn
) -> None:
    await add(database, signing_in, "alice")
    token = await signing_in.by_password("alice", PASSWORD, HERE)
    first = await password_link(database, "alice", "tester")
    second = await password_link(database, "alice", "tester")
    with pytest.raises(UnauthenticatedError):
        await signing_in.choose_password(first, "another horse", HERE)
    await signing_in.choose_password(second, "another horse", HERE)
    assert await session_of(database, token) is None
    with pytest.raises(UnauthenticatedError):
        await signing_in.by_password("alice", PASSWORD, HERE)


async def test_session_looks_at_assigned_tenants_only(
    database: Database, signing_in: SignIn
) -> None:
    await database.execute("insert into tenants (id) values ('north'), ('south')")
    await add(database, signing_in, "alice")
    await add_user(database, "root", "platform_admin", [], "tester")
    await Users(database).change("alice", UserChange(tenants=["default", "north"]), "tester")
    token = token_hash(await signing_in.by_password("alice", PASSWORD, HERE))
    sessions = Sessions(database, Lifetimes())
    session = await sessions.find(token)
    assert session is not None
    assert await sessions.tenants(session) == ["default", "north"]
    await sessions.switch(token, session, "north")
    with pytest.raises(NotFoundError):
        await sessions.switch(token, session, "south")
    await Users(database).change("alice", UserChange(tenants=["default"]), "tester")
    moved = await sessions.find(token)
    assert moved is not None
    assert moved.tenant == "default"


async def test_local_admin_is_made_once_and_signed_in_by_a_link(
    database: Database, signing_in: SignIn
) -> None:
    link = await local_sign_in_link(database)
    assert await local_sign_in_link(database)
    session = await session_of(database, await signing_in.by_link(link or "", HERE))
    assert session is not None
    assert (session.name, session.role) == ("admin", Role.ADMIN)
    with pytest.raises(UnauthenticatedError):
        await signing_in.by_link(link or "", HERE)
    assert len(await Users(database).list()) == 1


async def test_nothing_stored_opens_anything(database: Database, signing_in: SignIn) -> None:
    await add(database, signing_in, "alice")
    link = await password_link(database, "alice", "tester")
    token = await signing_in.by_password("alice", PASSWORD, HERE)
    for table in ("users", "sessions", "one_time_links", "audit_log", "sign_in_attempts"):
        rows = await database.fetch(f"select row_to_json(t)::text as text from {table} t")
        stored = "".join(row["text"] for row in rows)
        assert stored
        assert not [secret for secret in (PASSWORD, link, token) if secret in stored]
