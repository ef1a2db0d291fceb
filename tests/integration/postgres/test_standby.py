"""PostgreSQL is lost and its standby takes over: what was committed is there, and one goes on.

The short form of the failovers of `make cluster-test`.
"""

from __future__ import annotations

from contextlib import suppress

from syncline.domain.errors import RetriableError
from syncline.embedded.postgres import EmbeddedPostgres
from syncline.postgres.database.database import Database, open_database
from tests.support.chaos.standby import (
    PRIMARY,
    StandbyPostgres,
    dsn_of_both,
    wait_for_standby,
)
from tests.support.eventually import eventually
from tests.support.folders import server_folder
from tests.support.ports import free_port


async def is_kept(database: Database, value: str) -> bool:
    with suppress(RetriableError):
        await database.execute("insert into kept values ($1)", value)
        return True
    return False


async def test_a_pool_goes_on_at_the_standby_that_takes_over() -> None:
    async with (
        server_folder("postgres") as folder,
        server_folder("standby") as other,
        EmbeddedPostgres(folder, free_port(), settings=PRIMARY) as primary,
        StandbyPostgres(other, free_port(), primary) as standby,
        open_database(dsn_of_both(primary, standby), size=1) as database,
    ):
        await database.execute("create table kept (value text)")
        await wait_for_standby(database)
        assert await is_kept(database, "before")
        primary.kill()
        await standby.promote()
        await eventually(lambda: is_kept(database, "behind"))
        rows = await database.fetch("select value from kept order by value")
        assert [row["value"] for row in rows] == ["before", "behind"]
