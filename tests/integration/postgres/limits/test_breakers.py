"""A profile's circuit breaker, held over all processes."""

from __future__ import annotations

import pytest

from syncline.domain.breaker import IN_A_ROW
from syncline.domain.errors import Category, Failure
from syncline.postgres.database.database import Database
from syncline.postgres.limits.breakers import Breakers, SystemAwayError
from syncline.postgres.limits.leases import Limits

TIMEOUT = Failure(Category.TRANSIENT, "timeout", "no answer within 5 s")
REFUSED = Failure(Category.PERMANENT, "login_refused", "401: key revoked")
TENANT = "default"


@pytest.fixture
async def profile(database: Database) -> str:
    sql = """insert into profiles (id, tenant, name, connector, config, secrets)
      values (gen_random_uuid(), 'default', 'shop', 'http', '{}', '') returning id"""
    return str(await database.fetchval(sql))


async def fail(breakers: Breakers, profile: str, times: int) -> None:
    for _ in range(times):
        await breakers.failed(profile, TENANT, TIMEOUT)


async def come_due(database: Database, breakers: Breakers) -> None:
    await database.execute("update profile_breakers set probe_at = now()")
    await breakers.refresh()


async def pause_of(database: Database) -> float:
    pause: float = await database.fetchval("select pause from profile_breakers")
    return pause


async def test_it_opens_after_so_many_failures_in_a_row(database: Database, profile: str) -> None:
    breakers = Breakers(database)
    await fail(breakers, profile, IN_A_ROW - 1)
    breakers.answered(profile)
    await fail(breakers, profile, IN_A_ROW - 1)
    assert breakers.open_at(profile) is None

    found = await breakers.failed(profile, TENANT, TIMEOUT)
    assert found is not None
    assert (found.name, found.reason) == ("shop", "no answer within 5 s")


async def test_a_login_that_is_refused_opens_it_at_once(database: Database, profile: str) -> None:
    assert await Breakers(database).failed(profile, TENANT, REFUSED) is not None


async def test_no_call_begins_in_any_process_while_it_is_open(
    database: Database, profile: str
) -> None:
    other = Limits(database).of(profile, TENANT, 10, None)
    async with other.call():
        pass  # it has its slot, and works
    ours = Limits(database)
    await ours.breakers.failed(profile, TENANT, REFUSED)

    beginner = Limits(database).of(profile, TENANT, 10, None)
    await other._breakers.refresh()  # within a second
    for limiter in (ours.of(profile, TENANT, 10, None), other, beginner):
        with pytest.raises(SystemAwayError, match=r"waiting for shop since 2.*: 401: key revoked"):
            async with limiter.call():
                pass
    await ours.breakers.close(profile)
    await other._breakers.refresh()
    async with other.call():
        pass


async def test_one_process_tests_it_when_that_is_due(database: Database, profile: str) -> None:
    one, other = Breakers(database), Breakers(database)
    await one.failed(profile, TENANT, REFUSED)
    assert not await one.claim(profile), "it is left alone for a moment first"
    await come_due(database, one)
    await other.refresh()
    assert await one.claim(profile)
    assert not await other.claim(profile)
    await database.execute("update profile_breakers set testing_until = now() - interval '1 s'")
    assert await other.claim(profile), "the first one may have died"


async def test_pauses_grow_while_it_does_not_answer(database: Database, profile: str) -> None:
    breakers = Breakers(database)
    await breakers.failed(profile, TENANT, REFUSED)
    pauses = [await pause_of(database)]
    for _ in range(5):
        await come_due(database, breakers)
        assert await breakers.claim(profile)
        await breakers.test_failed(profile, "host: refused")
        pauses.append(await pause_of(database))
    assert pauses == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    found = breakers.open_at(profile)
    assert found is not None
    assert (found.reason, 29 < found.seconds <= 30) == ("host: refused", True)


@pytest.mark.parametrize(("ago", "pause"), [("10 s", 4.0), ("10 minutes", 2.0)])
async def test_one_that_opens_again_soon_waits_longer(
    database: Database, profile: str, ago: str, pause: float
) -> None:
    breakers = Breakers(database)
    await breakers.failed(profile, TENANT, REFUSED)
    await breakers.close(profile)
    await database.execute(f"update profile_breakers set closed_at = now() - interval '{ago}'")
    assert await breakers.failed(profile, TENANT, REFUSED) is not None
    assert await pause_of(database) == pause


async def test_a_profile_that_is_deleted_takes_its_breaker_along(
    database: Database, profile: str
) -> None:
    breakers = Breakers(database)
    await breakers.failed(profile, TENANT, REFUSED)
    await database.execute("delete from profiles")
    await breakers.refresh()
    assert breakers.open_at(profile) is None
