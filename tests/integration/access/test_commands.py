"""`syncline users` and `syncline api-keys`, as a person calls them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from syncline.actions.sign_in import SignIn
from syncline.postgres.access.api_keys import ApiKeys
from syncline.postgres.access.sessions import Lifetimes
from syncline.postgres.database.database import open_database
from syncline.security.passwords import Passwords
from syncline.security.tokens import is_hash_of, key_prefix
from tests.support.commands import CommandLine


@pytest.fixture
def syncline(postgres: str, tmp_path: Path) -> CommandLine:
    return CommandLine(
        tmp_path,
        os.environ
        | {"SYNCLINE_POSTGRES_DSN": postgres, "SYNCLINE_PUBLIC_URL": "https://sync.test"},
    )


async def test_person_is_added_invited_and_disabled(syncline: CommandLine, postgres: str) -> None:
    said = await syncline("users", "add", "root", "--role", "platform_admin")
    assert said.out.startswith("root is a Platform Admin in every tenant\n")
    added = (await syncline("users", "add", "alice", "--json")).document
    address, _, link = added["link"].partition("#")
    assert address == "https://sync.test/choose-password"
    async with open_database(postgres) as database:
        assert await SignIn(database, Passwords(), Lifetimes()).choose_password(
            link, "a good one", "::1"
        )
    again = await syncline("users", "add", "ALICE")
    assert (again.code, again.err) == (1, "error: there is a user 'ALICE' already\n")
    assert (await syncline("users", "disable", "alice")).out == "alice is disabled\n"
    listed = [line.split() for line in (await syncline("users", "list")).out.splitlines()]
    assert [line[:5] for line in listed[1:]] == [
        ["alice", "User", "default", "disabled", listed[1][4]],
        ["root", "Platform", "Admin", "everywhere", "invited"],
    ]
    last = await syncline("users", "disable", "root")
    assert (last.code, "no Platform Admin would be left" in last.err) == (1, True)
    assert (await syncline("users", "reset-link", "nobody")).code == 2


async def test_key_is_shown_once_and_revoked(syncline: CommandLine, postgres: str) -> None:
    said = await syncline("api-keys", "create", "billing", "--days", "90")
    text = said.out.strip()
    prefix = key_prefix(text)
    assert prefix is not None
    async with open_database(postgres) as database:
        found = await ApiKeys(database).find(prefix)
        assert found is not None
        assert is_hash_of(text, found.hash)
        listed = await syncline("api-keys", "list")
        assert prefix in listed.out
        assert text not in listed.out
        assert (await syncline("api-keys", "revoke", prefix)).code == 0
        assert await ApiKeys(database).find(prefix) is None
    elsewhere = await syncline("api-keys", "create", "x", "--tenant", "nowhere")
    assert (elsewhere.code, "there is no tenant 'nowhere'" in elsewhere.err) == (2, True)
