"""What the command line shows of a profile."""

from __future__ import annotations

import json
import os
from pathlib import Path

from syncline.postgres.database.database import open_database
from syncline.postgres.limits.leases import Limits
from syncline.postgres.limits.run_limiter import RunLimiter
from syncline.security.secrets import generate_key
from tests.support.commands import CommandLine
from tests.support.configured import configure
from tests.support.stored_runs import store_runs

RUN = "01996f4e-0000-7000-8000-000000000001"


async def test_a_profile_is_shown_with_the_runs_that_use_its_calls(
    postgres: str, tmp_path: Path
) -> None:
    own = {"SYNCLINE_POSTGRES_DSN": postgres, "SYNCLINE_SECRET_KEYS": generate_key()}
    cli = CommandLine(tmp_path, os.environ | own)
    async with open_database(postgres) as database:
        await configure(database)
        await store_runs(database, [RUN])
        before = await cli("profiles", "show", "erp-shop-shop")
        assert (before.code, "none now" in before.out) == (0, True), before
        profile = str(await database.fetchval("select target_id from instances"))
        limits = Limits(database).of(profile, "default", 10, None)
        async with RunLimiter(limits, RUN).call():
            await limits.renew()
            shown = await cli("profiles", "show", "erp-shop-shop")
            document = json.loads((await cli("profiles", "show", "erp-shop-shop", "--json")).out)
    (row,) = [line.split() for line in shown.out.splitlines() if line.startswith(RUN)]
    assert row == [RUN, "erp-shop", "item", "1", "0", "-"]
    assert "1 in hand, 0 waiting" in shown.out
    assert document["calls"]["inHand"] == 1
    assert document["calls"]["runs"][0]["correlationId"] == RUN
