"""A read whose pages nobody takes for long leaves no transaction open at the source."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from syncline.connectors.port import ExtractRequest
from syncline.connectors.postgresql import PostgresqlConnector
from syncline.connectors.sql import wait_limit
from syncline.domain.mapping.extraction import Extraction
from tests.support.eventually import eventually

ROWS, PAGE = 2_000, 300
READING = """
select count(*) from pg_stat_activity
where datname = current_database() and backend_xmin is not null and pid <> pg_backend_pid()
"""


async def test_the_transaction_ends_and_the_rest_is_read_in_another(
    connector: PostgresqlConnector, empty_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = await asyncpg.connect(empty_postgres)
    await db.execute(
        "create table t as select n as id, repeat('x', 1000) as text, now() as at "
        f"from generate_series(1, {ROWS}) n"
    )
    extraction = Extraction(id_column="id", table="t", cursor_column="at")
    patient = connector.extract(ExtractRequest(extraction, page_size=PAGE))
    await anext(patient)
    assert await db.fetchval(READING) == 1
    await patient.aclose()  # type: ignore[attr-defined]

    monkeypatch.setattr(wait_limit, "LONGEST", 0.2)
    pages = connector.extract(ExtractRequest(extraction, page_size=PAGE))
    page = await anext(pages)
    ids = list(page.ids)

    async def is_closed() -> bool:
        return not await db.fetchval(READING)

    await eventually(is_closed, within=10)
    await db.execute(f"update t set text = 'new', at = now() where id > {ROWS - 5}")
    async for page in pages:
        ids += page.ids
        await asyncio.sleep(0.05)  # waits add up
    assert sorted(ids, key=int) == [str(n) for n in range(1, ROWS + 1)]
    await db.close()
