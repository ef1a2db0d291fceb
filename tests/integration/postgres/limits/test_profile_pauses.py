"""A profile that asked to be left alone is, by every process."""

from __future__ import annotations

from uuid import uuid4

import pytest

from syncline.postgres.database.database import Database
from syncline.postgres.limits.leases import Limits, ProfileLimiter
from syncline.postgres.limits.retry_after import PausedError, paused_profiles

PROFILE = str(uuid4())


def limiter(database: Database, profile: str = PROFILE) -> ProfileLimiter:
    """Return the limiter of a process of its own."""
    return Limits(database).of(profile, "default", 10, None)


async def left(limits: ProfileLimiter) -> float:
    """Return for how long no call may begin."""
    try:
        async with limits.call():
            await limits.pace()
    except PausedError as error:
        return error.failure.retry_after or 0.0
    return 0.0


async def test_what_one_process_is_told_holds_back_all_of_the_profiles_calls(
    database: Database,
) -> None:
    told, other, running = limiter(database), limiter(database), Limits(database)
    busy = running.of(PROFILE, "default", 10, None)
    assert await left(busy) == 0.0  # it has its slots already

    await told.pause.hold_off(3600.0, "429: too many")

    assert 3590 < await left(told) <= 3600
    assert 3590 < await left(other) <= 3600  # it begins to use the profile now
    await running._refresh_pauses()  # within a second
    assert 3590 < await left(busy) <= 3600
    assert await left(limiter(database, str(uuid4()))) == 0.0
    with pytest.raises(PausedError, match="429: too many"):
        await told.pause.wait()


async def test_what_waits_says_for_which_profile_and_how_long_it_asked(
    database: Database,
) -> None:
    profile = str(uuid4())
    await database.execute(
        """insert into profiles (id, tenant, name, connector, config)
        values ($1, 'default', $2, 'http', '{}')""",
        profile,
        f"shop-{profile}",
    )
    told, other = limiter(database, profile), limiter(database, profile)
    await told.pause.hold_off(40.0, "429: too many")
    await other.pause.refresh()
    for limits in (told, other):
        assert limits.pause.left()[1] == (
            f"waiting for shop-{profile}: it asks to wait 40 s: 429: too many"
        )


async def test_the_longest_wait_stands_and_a_day_is_the_most(database: Database) -> None:
    limits = limiter(database)
    await limits.pause.hold_off(1e9, "absurd")
    await limits.pause.hold_off(60.0, "short")
    ((profile, seconds, reason),) = await paused_profiles(database)
    assert (profile, reason) == (PROFILE, "absurd")
    assert 86_390 < seconds <= 86_400
    assert 86_390 < await left(limiter(database)) <= 86_400


async def test_when_the_time_has_come_calls_go_on(database: Database) -> None:
    await limiter(database).pause.hold_off(3600.0, "429")
    await database.execute("update profile_pauses set until = now() - interval '1 s'")
    assert await paused_profiles(database) == []
    assert await left(limiter(database)) == 0.0


async def test_a_call_that_is_under_way_is_not_let_go_on(database: Database) -> None:
    limits = limiter(database)
    async with limits.call():
        await limits.pace()
        await limiter(database).pause.hold_off(600.0, "429")
        await limits.pause.refresh()
        with pytest.raises(PausedError):  # the next page, the next half of a bulk
            await limits.pace()
