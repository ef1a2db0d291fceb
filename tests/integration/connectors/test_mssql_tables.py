"""Tables and keys at SQL Server; what is true of locks and collations there is not proved here."""

from __future__ import annotations

import pytest

from syncline.connectors.errors import ConnectorError
from syncline.domain.errors import RetriableError
from syncline.testing.connectors.bulks import bulk
from syncline.testing.connectors.composite_keys import CompositeKeySuite
from syncline.testing.connectors.on_create import OnCreateSuite
from syncline.testing.connectors.sql_keys import (
    ITEMS,
    ChangedKeySuite,
    SharedKeySuite,
    by_sku,
    sku,
)
from syncline.testing.connectors.sql_tables import MakeSuite
from tests.support.mssql import MssqlDatabase
from tests.support.tds.server import Fault


@pytest.fixture
def sql(mssql: MssqlDatabase) -> MssqlDatabase:
    return mssql


class TestKeys(ChangedKeySuite, SharedKeySuite, CompositeKeySuite):
    pass


class TestTables(MakeSuite):
    pass


class TestOnCreate(OnCreateSuite):
    pass


async def test_keys_are_compared_by_the_collation_of_their_column(sql: MssqlDatabase) -> None:
    """The stand-in has only one that tells all texts apart, so that this shows the statements."""
    await sql.run('create table t (sku varchar(20) collate "C" primary key, n int)')

    for n in range(2):
        result = await sql.connector.write(by_sku([sku("ZD", n), sku("zd", n)]))
        assert result.failures == {}
    found = await sql.connector.lookup(by_sku([sku("zd", 0), sku("Zd", 0)]))

    assert found.target_ids == ["zd", None]
    assert any(
        "partition by j.k0" in said and "collate C" in said for said in sql.server.statements
    )


async def test_a_value_that_another_unique_index_has_fails_its_record(sql: MssqlDatabase) -> None:
    await sql.run("create table t (sku varchar(20) primary key, n int unique)")
    await sql.run("insert into t values ('A', 1)")

    result = await sql.connector.write(by_sku([sku("B", 1), sku("C", 3)]))

    assert {n: f.code for n, f in result.failures.items()} == {0: "constraint_violated"}
    assert await sql.run("select * from t order by sku") == [("A", 1), ("C", 3)]


async def test_a_bulk_has_a_handful_of_parameters(sql: MssqlDatabase) -> None:
    """SQL Server takes 2,100: values, keys and IDs travel as one document each."""
    await sql.run(ITEMS)
    records = [sku(f"K{n}", n) for n in range(2_101)]

    result = await sql.connector.write(by_sku(records))
    found = await sql.connector.lookup(by_sku(records))

    assert result.failures == {}
    assert found.target_ids == [record["sku"] for record in records]
    assert sum("merge into" in s for s in sql.server.statements) == 1


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("int", (1.5, "1.5", "", "-", "x", 2**31)),
        ("numeric(5,2)", ("", "x", "1e2", 10_000)),
        ("timestamp", ("", "31.01.2026", "2026-01-31 10:00 Uhr", 5)),
        ("date", ("01/02/2026",)),
        ("uuid", ("", "6F9619FF-8B86-D011-B42D-00C04FC964FF and more")),
        ("boolean", ("2", "yes")),
        ("varchar(3)", ("four",)),
        ("bytea", ("no base64",)),
    ],
)
async def test_what_would_be_cut_or_guessed_is_refused(
    sql: MssqlDatabase, column: str, values: tuple[object, ...]
) -> None:
    await sql.run(f"create table t (sku varchar(20) primary key, n {column})")
    records = [sku(f"K{n}", value) for n, value in enumerate(values)]

    result = await sql.connector.write(by_sku([*records, sku("none", None)]))

    assert {n: f.code for n, f in result.failures.items()} == dict.fromkeys(
        range(len(values)), "value_refused"
    )
    assert await sql.run("select sku, n from t") == [("none", None)]


async def test_a_key_that_the_column_cannot_hold_is_its_records_alone(sql: MssqlDatabase) -> None:
    await sql.run("create table t (sku smallint primary key, n int)")

    result = await sql.connector.write(by_sku([sku(1, 1), sku(40_000, 2)]))

    assert {n: f.code for n, f in result.failures.items()} == {1: "value_refused"}


async def test_a_sign_that_a_column_cannot_hold_fails_its_record(sql: MssqlDatabase) -> None:
    """SQL Server writes `?` without a word; the stand-in has such columns by this collation."""
    await sql.run('create table t (sku varchar(9) primary key, n varchar(20) collate "POSIX")')
    first = await sql.connector.write(by_sku([sku("A", "é"), sku("B", "日本"), sku("C", "x")]))
    moved = await sql.connector.write(by_sku([sku("D", "日本"), sku("E", "ü")], "A", "C"))

    for result, place in ((first, 1), (moved, 0)):
        assert {n: (f.code, f.field) for n, f in result.failures.items()} == {
            place: ("value_refused", "n")
        }
    assert await sql.run("select * from t order by sku") == [("A", "é"), ("E", "ü")]


async def test_times_are_written_in_utc(sql: MssqlDatabase) -> None:
    await sql.run("create table t (sku varchar(20) primary key, n timestamp, z timestamptz)")
    times = {"n": "2026-07-01T02:00:00.5+02:00", "z": "2026-07-01T02:00:00.5+02:00"}

    result = await sql.connector.write(by_sku([{"sku": "A"} | times]))

    assert result.failures == {}
    [(n, z)] = await sql.run("select n::text, (z at time zone 'UTC')::text from t")
    assert n == z == "2026-07-01 00:00:00.5"


async def test_a_column_that_the_server_numbers_is_not_written(sql: MssqlDatabase) -> None:
    await sql.run("create table t (sku varchar(9) primary key, n int generated always as identity)")

    with pytest.raises(ConnectorError) as caught:
        await sql.connector.write(by_sku([sku("A", 1)]))

    assert caught.value.failure.code == "generated_column"


class TestErrors:
    """Each number of SQL Server's has its class; the fault itself is the stand-in's."""

    async def test_a_deadlock_is_tried_again_at_once(self, sql: MssqlDatabase) -> None:
        await sql.run(ITEMS)
        words = "Transaction (Process ID 55) was deadlocked on lock resources"
        sql.server.faults += [Fault("merge into", 1205, words)] * 2

        assert (await sql.connector.write(by_sku([sku("A", 1)]))).failures == {}
        assert await sql.run("select * from t") == [("A", 1)]

    async def test_what_passes_is_tried_again_later(self, sql: MssqlDatabase) -> None:
        await sql.run(ITEMS)
        for number in (1205, 1222, 40613, 10928, 3906):
            sql.server.faults += [Fault("merge into", number, "busy")] * (
                3 if number == 1205 else 1
            )

            with pytest.raises(RetriableError) as caught:
                await sql.connector.write(by_sku([sku(f"K{n}", n) for n in range(9)]))

            code = "read_only" if number == 3906 else "source_unavailable"
            assert caught.value.failure.code == code, number
        assert await sql.run("select * from t") == []

    async def test_what_every_record_would_meet_stops_the_call(self, sql: MssqlDatabase) -> None:
        await sql.run(ITEMS)
        for number, words, code in (
            (229, "The INSERT permission was denied", "not_permitted"),
            (208, "Invalid object name 't'", "no_table"),
            (1105, "Could not allocate space", "disk_full"),
            (102, "Incorrect syntax near 'openjson'", "query_refused"),
            (10793, "Both an index and a hint", "query_refused"),
        ):
            sql.server.faults.append(Fault("merge into", number, words))

            with pytest.raises(ConnectorError, match=words) as caught:
                await sql.connector.write(by_sku([sku(f"K{n}", n) for n in range(9)]))

            assert caught.value.failure.code == code
            if code == "not_permitted":
                assert "grant select, insert, update" in caught.value.failure.message

    async def test_what_one_record_meets_is_its_own(self, sql: MssqlDatabase) -> None:
        await sql.run(ITEMS)
        for number in (2627, 515, 547, 2628, 8152, 8114, 245, 50_001):
            words = "refused: table 'd.dbo.t', column 'n'"
            sql.server.faults += [Fault("merge into", number, words)] * 2

            result = await sql.connector.write(by_sku([sku("A", 1), sku("B", 2)]))

            sql.server.faults.clear()
            assert {f.field for f in result.failures.values()} <= {"n"}, number
            assert len(result.failures) <= 1


async def test_batches_of_several_tables_share_connections(sql: MssqlDatabase) -> None:
    for name in ("a", "b", "c"):
        await sql.run(f"create table {name} (id int primary key)")
        assert (await sql.connector.write(bulk(name, [{"id": 1}]))).failures == {}
    assert sql.server.sessions == 1
