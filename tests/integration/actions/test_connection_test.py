"""Test Connection against a real PostgreSQL, a closed port and a server that never answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest

from syncline.actions.connections.connection_test import TESTS, ConnectionChecker, ConnectionTest
from syncline.connectors.port import Surroundings
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import InvalidInputError, NotFoundError, ThrottledError
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database, open_database
from syncline.resources.edits import Edit, save
from syncline.runtime.clock import SystemClock
from syncline.security.secrets import Keyring, generate_key
from tests.support.ports import free_port

WRONG = "wr0ng-passw0rd"
Checker = tuple[ConnectionChecker, ConfigurationStore, Database]


@pytest.fixture
async def checker(postgres: str) -> AsyncIterator[Checker]:
    async with open_database(postgres) as database:
        store = ConfigurationStore(database, Keyring.parse(generate_key()))
        around = Surroundings(outbound_allow=("127.0.0.0/8",))
        yield ConnectionChecker(database, store, around, SystemClock()), store, database


@pytest.fixture
async def profile(postgres: str) -> dict[str, Any]:
    """A profile that reaches the test's own database by a password."""
    parts = urlsplit(postgres)
    role = f"u_{parts.path[-8:]}"
    connection = await asyncpg.connect(postgres)
    await connection.execute(f"drop role if exists {role}")
    await connection.execute(f"create role {role} login password 'right-passw0rd'")
    await connection.close()
    return {
        "name": "erp",
        "connector": "postgresql",
        "config": {
            "host": parts.hostname,
            "port": parts.port,
            "database": parts.path[1:],
            "user": role,
            "sslmode": "disable",
        },
        "secrets": {"password": "right-passw0rd"},
    }


def failed(result: ConnectionTest) -> list[str]:
    return [check.part for check in result.checks if not check.ok]


async def test_good_profile_passes_before_it_is_saved(
    checker: Checker, profile: dict[str, Any]
) -> None:
    result = await checker[0].unsaved("default", "anna", profile)
    assert (result.ok, failed(result)) == (True, [])
    assert {"host", "login", "data"} <= {check.part for check in result.checks}


async def test_wrong_password_names_login_and_is_not_echoed(
    checker: Checker, profile: dict[str, Any]
) -> None:
    result = await checker[0].unsaved("default", "anna", profile | {"secrets": {"password": WRONG}})
    assert (result.ok, failed(result)) == (False, ["login"])
    assert result.checks[-1].hint
    assert WRONG not in msgspec.json.encode(result).decode()


async def test_wrong_user_database_and_port_are_named(
    checker: Checker, profile: dict[str, Any]
) -> None:
    config = profile["config"]
    expected = {"user": "nobody", "database": "nothing", "port": free_port()}
    parts = []
    for name, value in expected.items():
        result = await checker[0].unsaved(
            "default", "anna", profile | {"config": config | {name: value}}
        )
        parts += failed(result)
    assert parts == ["login", "data", "host"]


async def test_mask_stands_for_the_stored_secret_and_goes_nowhere_else(
    checker: Checker, profile: dict[str, Any]
) -> None:
    masked = profile | {"secrets": {"password": "***"}}
    with pytest.raises(InvalidInputError, match="no stored secret"):
        await checker[0].unsaved("default", "anna", masked)
    await save(checker[1], Edit("default", "t", Kind.PROFILE, "erp"), profile)
    assert (await checker[0].unsaved("default", "anna", masked)).ok
    elsewhere = masked | {"config": profile["config"] | {"host": "127.0.0.2"}}
    with pytest.raises(InvalidInputError, match="an address changed"):
        await checker[0].unsaved("default", "anna", elsewhere)


async def test_result_is_kept_with_the_stored_profile(
    checker: Checker, profile: dict[str, Any]
) -> None:
    await save(checker[1], Edit("default", "t", Kind.PROFILE, "erp"), profile)
    before = await checker[2].fetchval("select changed_at from profiles")
    result = await checker[0].stored("default", "anna", "erp")
    (row,) = await checker[2].fetch("select * from profiles")
    assert (row["tested_at"], row["changed_at"], row["test"]["ok"]) == (result.at, before, True)
    with pytest.raises(NotFoundError):
        await checker[0].stored("default", "anna", "nobody")


async def test_server_that_never_answers_ends_in_time(
    checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)
        writer.close()

    monkeypatch.setattr("syncline.actions.connections.connection_test.LIMIT", 0.5)
    port = free_port()
    async with await asyncio.start_server(silent, "127.0.0.1", port):
        body = {
            "name": "api",
            "connector": "http",
            "config": {"baseUrl": f"http://127.0.0.1:{port}"},
        }
        result = await checker[0].unsaved("default", "anna", body)
    assert failed(result) == ["host"]
    assert "within" in result.checks[0].message


async def test_mistakes_are_named_and_nothing_is_connected(checker: Checker) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await checker[0].unsaved("default", "anna", {"name": "x", "connector": "postgresql"})
    paths = {problem.path for problem in refused.value.problems}
    assert {"$.config.host", "$.config.database", "$.config.user"} <= paths


async def test_tests_are_audited_with_where_they_lead(
    checker: Checker, profile: dict[str, Any]
) -> None:
    await checker[0].unsaved("default", "anna", profile)
    (row,) = await checker[2].fetch("select * from audit_log where action = 'profile.tested'")
    assert (row["tenant"], row["actor"], row["object"]) == ("default", "anna", "erp")
    expected = {"connector": "postgresql", "$.host": "127.0.0.1", "$.sslmode": "disable"}
    assert row["details"] == expected | {"$.port": str(profile["config"]["port"])}


async def test_a_tenant_cannot_scan_with_tests(checker: Checker, profile: dict[str, Any]) -> None:
    """At once or in a row: so many a minute, from whatever person; others are not concerned."""
    elsewhere = profile | {"config": profile["config"] | {"host": "10.0.0.9"}}
    refused: list[ThrottledError] = []

    async def tested(person: int) -> None:
        try:
            await checker[0].unsaved("default", f"p{person}", elsewhere)
        except ThrottledError as error:
            refused.append(error)

    times = TESTS.times
    async with asyncio.TaskGroup() as group:
        for person in range(times + 10):
            group.create_task(tested(person))
    assert len(refused) == 10
    assert 0 < refused[0].retry_after <= 60
    with pytest.raises(ThrottledError, match=f"{times} times within 1 min"):
        await checker[0].unsaved("default", "anna", profile)
    await checker[2].execute("insert into tenants (id) values ('other')")
    assert (await checker[0].unsaved("other", "anna", profile)).ok
    await checker[2].execute("update audit_log set at = at - interval '1 minute'")
    assert (await checker[0].unsaved("default", "anna", profile)).ok
