"""uuid columns take and give canonical text, whichever way a value travels; rows become structs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import pytest

from syncline.domain.errors import NotFoundError
from syncline.domain.retry import RetryPolicy
from syncline.domain.run import State
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.database.rows import hash_in, struct_of

pytestmark = pytest.mark.postgres
ID = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"


@pytest.fixture
async def db(empty_postgres: str) -> AsyncIterator[Database]:
    async with open_database(empty_postgres) as database:
        yield database


@pytest.mark.parametrize("given", [ID, ID.upper(), ID.replace("-", ""), UUID(ID)])
async def test_an_id_comes_back_as_canonical_text(db: Database, given: object) -> None:
    assert await db.fetchval("select $1::uuid", given) == ID


async def test_ids_in_arrays_and_nulls_are_text_too(db: Database) -> None:
    assert await db.fetchval("select $1::uuid[]", [ID, None]) == [ID, None]


async def test_copy_takes_text(db: Database) -> None:
    async with db.transaction() as connection:
        await connection.execute("create temporary table copied (id uuid) on commit drop")
        await connection.copy_records_to_table("copied", records=[(ID,)])
        assert await connection.fetchval("select id from copied") == ID


@pytest.mark.parametrize("wrong", ["", "nonsense", f"{{{ID}}}", ID[:-1], "' or 1=1"])
async def test_text_that_is_no_uuid_is_the_id_of_nothing(db: Database, wrong: str) -> None:
    with pytest.raises(NotFoundError, match="nothing has the ID"):
        await db.fetchrow("select where $1::uuid is null", wrong)
    with pytest.raises(NotFoundError, match="nothing has the ID"):
        await db.fetch("select where $1::uuid[] is null", [ID, wrong])
    assert await db.fetchval("select 1") == 1


def test_a_hash_is_read_as_its_digits() -> None:
    assert hash_in(ID) == ID.replace("-", "")
    assert hash_in(None) is None


class _Told(msgspec.Struct, frozen=True, rename="camel"):
    run_id: str
    state: State
    retry_policy: RetryPolicy
    more: int
    note: str = "none"


async def test_a_row_becomes_a_struct_by_its_columns(db: Database) -> None:
    policy = RetryPolicy()
    row = await db.fetchrow(
        "select $1::uuid as run_id, 'queued' as state, $2::jsonb as retry_policy, 1 as unused",
        ID, msgspec.to_builtins(policy),
    )  # fmt: skip
    assert row is not None
    assert struct_of(_Told, row, more=3) == _Told(ID, State("queued"), policy, 3)
    with pytest.raises(msgspec.ValidationError):
        struct_of(_Told, row)
