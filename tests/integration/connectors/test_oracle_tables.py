"""Tables and keys at Oracle, on what stands in for its driver; names are upper case there."""

from __future__ import annotations

import pytest

from syncline.connectors.errors import ConnectorError
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.connectors.bulks import bulk
from syncline.testing.connectors.composite_keys import CompositeKeySuite
from syncline.testing.connectors.on_create import OnCreateSuite
from syncline.testing.connectors.sql_keys import (
    ITEMS,
    PAIRS,
    ChangedKeySuite,
    SharedKeySuite,
    by_sku,
    sku,
)
from syncline.testing.connectors.sql_tables import MakeSuite
from tests.support.oracle import OracleDatabase, connector_to
from tests.support.oracle_driver import refused

SQL = ExtractionMode.SQL


@pytest.fixture
def sql(oracle_database: OracleDatabase) -> OracleDatabase:
    return oracle_database


class TestKeys(ChangedKeySuite, SharedKeySuite, CompositeKeySuite):
    @pytest.mark.skip(reason="its key has an empty part, which is null at Oracle: tested below")
    async def test_they_are_looked_up_and_deleted_by_it(self, sql: object) -> None: ...


class TestTables(MakeSuite):
    pass


class TestOnCreate(OnCreateSuite):
    pass


class TestEmptyTexts:
    async def test_one_of_the_match_key_fails_its_record_each_time(
        self, sql: OracleDatabase
    ) -> None:
        """As null it would equal no row, so that each write would make another one."""
        await sql.run(PAIRS.replace(", primary key (id, seller)", ", unique (id, seller)"))
        records = [{"id": 1, "seller": "", "n": 1}, {"id": 1, "seller": "a", "n": 2}]

        for _ in range(2):
            result = await sql.connector.write(bulk("t", records, "id", "seller"))
            assert {n: (f.code, f.field) for n, f in result.failures.items()} == {
                0: ("value_refused", "seller")
            }

        assert await sql.run("select seller, n from t") == [("a", 2)]
        found = await sql.connector.lookup(bulk("t", records, "id", "seller"))
        assert found.target_ids == [None, '["1","a"]']
        await sql.connector.delete(
            ['["1","a"]', '["1",""]'], {"table": "t", "key": ["id", "seller"]}
        )
        assert await sql.run("select * from t") == []

    async def test_others_are_null(self, sql: OracleDatabase) -> None:
        await sql.run("create table t (sku varchar(20) primary key, n text)")
        await sql.run("insert into t values ('A', 'had')")

        assert (await sql.connector.write(by_sku([sku("A", "")]))).failures == {}

        assert await sql.run("select n from t") == [(None,)]


async def test_more_keys_than_a_list_takes_are_looked_up(sql: OracleDatabase) -> None:
    await sql.run(ITEMS)
    records = [sku(f"K{n}", n) for n in range(2_001)]

    assert (await sql.connector.write(by_sku(records[1:]))).failures == {}
    found = await sql.connector.lookup(by_sku(records))

    assert found.target_ids == [None, *(record["sku"] for record in records[1:])]
    assert sql.server.sent == [2000]


async def test_a_row_may_come_behind_the_row_that_has_its_key(sql: OracleDatabase) -> None:
    """A unique value that a bulk hands on is free once the other record was written."""
    await sql.run("create table t (sku varchar(20) primary key, n int unique)")
    await sql.run("insert into t values ('A', 1), ('B', 2)")

    result = await sql.connector.write(by_sku([sku("A", 2), sku("B", 3), sku("C", 3)]))

    assert {n: f.code for n, f in result.failures.items()} == {2: "constraint_violated"}
    assert await sql.run("select * from t order by sku") == [("A", 2), ("B", 3)]
    assert sql.server.sent == [3, 2, 1]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("int", (1.5, "1.5", "", "-", "x")),
        ("numeric", ("", "x", "1" * 39)),
        ("timestamp", ("", "31.01.2026", "2026-01-31 10:00 Uhr", 5)),
        ("varchar(3)", ("four", "üü")),
        ("bytea", ("no base64",)),
    ],
)
async def test_what_would_be_cut_or_guessed_is_refused(
    sql: OracleDatabase, column: str, values: tuple[object, ...]
) -> None:
    await sql.run(f"create table t (sku varchar(20) primary key, n {column})")
    records = [sku(f"K{n}", value) for n, value in enumerate(values)]

    result = await sql.connector.write(by_sku([*records, sku("none", None)]))

    assert {n: f.code for n, f in result.failures.items()} == dict.fromkeys(
        range(len(values)), "value_refused"
    )
    assert await sql.run("select sku, n from t") == [("none", None)]


async def test_times_are_written_in_utc(sql: OracleDatabase) -> None:
    await sql.run("create table t (sku varchar(20) primary key, n timestamp, z timestamptz)")
    times = {"n": "2026-07-01T02:00:00.5+02:00", "z": "2026-07-01T02:00:00.5+02:00"}

    assert (await sql.connector.write(by_sku([{"sku": "A"} | times]))).failures == {}

    [(n, z)] = await sql.run("select n::text, (z at time zone 'UTC')::text from t")
    assert n == z == "2026-07-01 00:00:00.5"
    extraction = Extraction(id_column="SKU", table="t", cursor_column="Z")
    [record] = await sql.records(extraction)
    assert (record["N"], record["Z"]) == ("2026-07-01T00:00:00.5", "2026-07-01T00:00:00.5+00:00")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("create table t (sku varchar(9), n int)", "create unique index"),
        ("create table t (sku varchar(9), n int unique)", "matchKey: N would fit"),
        (
            "create table t (sku varchar(9), n int);create unique index e on t (abs(n))",
            "e is over an",
        ),
    ],
)
async def test_a_table_without_the_key_is_named(
    sql: OracleDatabase, table: str, words: str
) -> None:
    for statement in table.split(";"):
        await sql.run(statement)

    with pytest.raises(ConnectorError) as caught:
        await sql.connector.write(by_sku([sku("A", 1)]))

    assert caught.value.failure.code == "no_unique_key"
    assert words in caught.value.failure.message


class TestSql:
    @pytest.fixture(autouse=True)
    async def rows(self, sql: OracleDatabase) -> None:
        await sql.run("create table t (id int primary key, day timestamp, name varchar(9))")
        await sql.run(
            "insert into t values (1, null, 'a'), (2, '2026-01-02', 'b'), (3, '2026-01-03', 'c'), "
            "(4, '2026-01-04', 'd')"
        )

    async def test_names_are_bound_and_hidden_ones_are_not(self, sql: OracleDatabase) -> None:
        said = """select t.*, 'it''s :no' as said from "T" t /* :comment; */
            where (:cursor is null or "DAY" >= :cursor)
            and "NAME" in (:names) and "NAME" <> :odd and (:ids is null or "ID" in (:ids));"""
        parameters = {"names": ["a", "c", "d"], "odd": "'; drop table t; -- ?%(x)s"}
        extraction = Extraction(
            id_column="ID", mode=SQL, sql=said, parameters=parameters, cursor_column="DAY",
            lookback=86_400.0,
        )  # fmt: skip

        assert await sql.ids(extraction) == ["1", "3", "4"]
        assert await sql.ids(extraction, after="2026-01-04T00:00:00") == ["1", "3", "4"][1:]
        assert (await sql.connector.fetch(extraction, ["4", "0003", "2", "x", ""])).asked == {
            "0003": "3"
        }

    async def test_a_list_that_is_too_long_is_refused(self, sql: OracleDatabase) -> None:
        said = 'select * from "T" where "ID" in (:many)'
        many = Extraction(id_column="ID", mode=SQL, sql=said, parameters={"many": [0] * 1001})
        with pytest.raises(ConnectorError, match="1,000"):
            await sql.ids(many)

    async def test_local_times_travel_in_utc(self, sql: OracleDatabase) -> None:
        sql.connector = connector_to(sql.own.url, timezone="Europe/Berlin")
        extraction = Extraction(id_column="ID", table="t", cursor_column="DAY")

        [page] = await sql.pages(extraction)
        assert page.cursors == [None, "2026-01-01T23:00:00Z", "2026-01-02T23:00:00Z",
                                "2026-01-03T23:00:00Z"]  # fmt: skip
        assert await sql.ids(extraction, after=page.cursors[2]) == ["1", "3", "4"]

    async def test_a_text_is_no_cursor(self, sql: OracleDatabase) -> None:
        with pytest.raises(ConnectorError, match="to_timestamp") as caught:
            await sql.ids(Extraction(id_column="ID", table="t", cursor_column="NAME"))
        assert caught.value.failure.code == "invalid_cursor"


class TestErrors:
    """Each of Oracle's codes has its class; the fault itself is the stand-in's."""

    async def test_a_deadlock_is_tried_again_at_once(self, sql: OracleDatabase) -> None:
        await sql.run(ITEMS)
        sql.server.faults += [refused(60, "deadlock detected while waiting for resource")] * 2

        assert (await sql.connector.write(by_sku([sku("A", 1)]))).failures == {}

    async def test_what_passes_is_tried_again_later(self, sql: OracleDatabase) -> None:
        await sql.run(ITEMS)
        for code, times, said in (
            (60, 3, "source_unavailable"),
            (54, 1, "source_unavailable"),
            (12541, 1, "source_unavailable"),
            (16000, 1, "read_only"),
        ):
            sql.server.faults += [refused(code, "busy")] * times
            with pytest.raises(RetriableError) as caught:
                await sql.connector.write(by_sku([sku(f"K{n}", n) for n in range(9)]))
            assert caught.value.failure.code == said
        assert await sql.run("select * from t") == []

    async def test_what_every_record_would_meet_stops_the_call(self, sql: OracleDatabase) -> None:
        await sql.run(ITEMS)
        for code, said in (
            (1031, "not_permitted"), (942, "no_table"), (1653, "disk_full"), (933, "query_refused"),
        ):  # fmt: skip
            sql.server.faults.append(refused(code, "no"))
            with pytest.raises(ConnectorError) as caught:
                await sql.connector.write(by_sku([sku(f"K{n}", n) for n in range(9)]))
            assert caught.value.failure.code == said
            if code == 1031:
                assert 'grant select, insert, update on "T"' in caught.value.failure.message
