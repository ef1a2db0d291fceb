"""What PostgreSQL alone has: SQL, procedures, filters, odd types, certificates."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from syncline.connectors.port import ConnectorError, ExtractRequest, Page
from syncline.connectors.postgresql import PostgresqlConnector
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.condition import Condition
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode
from syncline.testing.connectors.bulks import bulk
from tests.support.postgresql import connector_to

SQL, PROCEDURE = ExtractionMode.SQL, ExtractionMode.PROCEDURE


@pytest.fixture
async def db(db: asyncpg.Connection) -> asyncpg.Connection:
    await db.execute(
        """create table t as select n as id, 'n' || n as name, n % 3 = 0 as third,
        case when n = 5 then null else date '2026-01-01' + n end as day, n::numeric as amount
        from generate_series(1, 9) n"""
    )
    return db


async def read(connector: PostgresqlConnector, extraction: Extraction, **said: Any) -> list[Page]:
    return [page async for page in connector.extract(ExtractRequest(extraction, **said))]


async def ids(connector: PostgresqlConnector, extraction: Extraction, **said: Any) -> list[str]:
    return [i for page in await read(connector, extraction, **said) for i in page.ids]


async def records(connector: PostgresqlConnector, extraction: Extraction) -> list[Any]:
    """Return records as they travel."""
    pages = await read(connector, extraction)
    return [decoder_of(object).decode(encode(r)) for page in pages for r in page.records.records()]


@pytest.mark.usefixtures("db")
class TestFilters:
    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            (Condition(field="id", op="gte", value=8), "89"),
            (Condition(field="id", op="in", value=[1, 3, 99]), "13"),
            (Condition(field="name", op="notIn", value=["n1", "n2"]), "3456789"),
            (Condition(field="third", op="eq", value=True), "369"),
            (Condition(field="third", op="ne", value=True), "124578"),
            (Condition(field="day", op="exists", value=False), "5"),
            (Condition(field="day", op="empty"), "5"),
            (Condition(field="day", op="lt", value="2026-01-04"), "12"),
            (Condition(field="day", op="eq", value=None), "5"),
            (Condition(not_=Condition(field="day", op="lt", value="2026-01-09")), "589"),
            (Condition(field="name", op="eq", value="x' or '1'='1"), ""),
            (
                Condition(any=(Condition(field="id", value=1), Condition(field="id", value=2))),
                "12",
            ),
        ],
    )
    async def test_conditions_hold_at_the_source(
        self, connector: PostgresqlConnector, condition: Condition, expected: str
    ) -> None:
        for columns in ((), ("id",)):  # also where the tested column is not read
            extraction = Extraction(
                id_column="id", table="t", filters=(condition,), columns=columns
            )
            assert "".join(await ids(connector, extraction)) == expected

    async def test_a_filter_on_what_is_not_there_is_named(
        self, connector: PostgresqlConnector
    ) -> None:
        with pytest.raises(ConnectorError, match="nope"):
            await read(
                connector, Extraction(id_column="id", table="t", filters=(Condition(field="nope"),))
            )


@pytest.mark.usefixtures("db")
class TestSql:
    async def test_names_are_bound_as_what_they_stand_beside(
        self, connector: PostgresqlConnector
    ) -> None:
        sql = """select id, day, ':no' as "a:b", '{"k": 1}'::jsonb -> 'k' as j -- :comment ;
            from t where (:cursor is null or day >= :cursor) and id < :below and amount > :least
            and third = :flag and name <> :name and day > :since;"""
        parameters = {"below": 10, "least": "2.5", "flag": True, "name": "'; drop table t; --",
                      "since": "2026-01-01"}  # fmt: skip
        extraction = Extraction(id_column="id",
            mode=SQL, sql=sql, parameters=parameters, cursor_column="day",
            cursor_type=CursorType.DATE,
        )  # fmt: skip

        assert await ids(connector, extraction) == ["3", "6", "9"]
        assert await ids(connector, extraction, after="2026-01-07") == ["6", "9"]

    async def test_lookback_reaches_the_cursor_in_the_text(
        self, connector: PostgresqlConnector
    ) -> None:
        extraction = Extraction(id_column="id",
            mode=SQL, sql="select * from t where day >= :cursor", cursor_column="day",
            cursor_type=CursorType.DATE, lookback=86_400.0,
        )  # fmt: skip

        assert await ids(connector, extraction, after="2026-01-10") == ["8", "9"]

    async def test_ids_are_bound_when_records_are_fetched(
        self, connector: PostgresqlConnector
    ) -> None:
        sql = "select * from t where :ids is null or id = any(:ids)"
        extraction = Extraction(id_column="id", mode=SQL, sql=sql)

        assert (await connector.fetch(extraction, ["4", "77"])).ids == ["4"]
        assert len(await ids(connector, extraction)) == 9

    @pytest.mark.parametrize(
        ("sql", "words"),
        [
            ("select 1 as id; drop table t", "syntax error"),
            ("select 1 as id) q; drop table t; --", "syntax error"),
            ("select 1 as id) q; delete from t; select * from (select 1", "multiple commands"),
            ("delete from t returning id", "syntax error"),
            ("with d as (delete from t returning id) select * from d", "top level"),
            ("select nextval('s') as id", "read-only transaction"),
            ("select wipe() as id", "read-only transaction"),
            ("select id, id from t", "twice"),
            ("select name from t", "no column 'id'"),
            ("select id from t where name = :cursor and :x", "syntax error"),
            ("", "syntax error"),
        ],
    )
    async def test_what_does_not_just_read_is_refused(
        self, connector: PostgresqlConnector, db: asyncpg.Connection, sql: str, words: str
    ) -> None:
        await db.execute(
            "create sequence s; create function wipe() returns int language sql "
            "as 'delete from t returning id'"
        )
        with pytest.raises(ConnectorError, match=words):
            await read(connector, Extraction(id_column="id", mode=SQL, sql=sql))
        assert await db.fetchval("select count(*) from t") == 9

    async def test_a_query_that_takes_too_long_is_ended(self, empty_postgres: str) -> None:
        connector = connector_to(empty_postgres, statementTimeout=1)
        with pytest.raises(RetriableError, match="timeout"):
            await read(
                connector,
                Extraction(id_column="id", mode=SQL, sql="select 1 as id, pg_sleep(60)::text x"),
            )


async def test_a_procedure_is_called_with_its_parameters(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    await db.execute(
        """create schema api; create function api.items("From" date, kinds text[] default null)
        returns setof t language sql stable as 'select * from t where day >= $1'"""
    )
    extraction = Extraction(id_column="id",
        mode=PROCEDURE, procedure="api.items", parameters={"From": "2026-01-08"},
        cursor_column="day", cursor_type=CursorType.DATE,
    )  # fmt: skip

    assert await ids(connector, extraction) == ["7", "8", "9"]
    assert await ids(connector, extraction, after="2026-01-10") == ["9"]


async def test_every_type_arrives_as_json_has_it(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    await db.execute(
        """create type mood as enum ('sad', 'glad'); create type pair as (x int, y numeric);
        create schema other; create domain other.positive as int check (value > 0);
        create table odd as select 1 as id, 'glad'::mood mood, row(1, 2.50)::pair pair,
        array[row(1, 0.1)::pair] pairs, array[1, 2] ints, array['sad'::mood] moods,
        array[1.10, 2.5] decimals, int4range(1, 5) span, interval '1 month 2 days' gap,
        inet '10.0.0.1' host, point(1, 2) spot, 3::other.positive positive, 'x'::"char" letter,
        b'101' bits, bytea 'ab' bytes, '{"a": 1.10, "b": [null]}'::jsonb doc, 5::oid number,
        time '10:00' at, 'NaN'::float8 is not null as known, null::mood nothing"""
    )
    (record,) = await records(connector, Extraction(id_column="id", table="odd"))

    assert record == {
        "id": 1, "mood": "glad", "pair": {"x": 1, "y": Decimal("2.50")},
        "pairs": [{"x": 1, "y": Decimal("0.1")}], "ints": [1, 2], "moods": ["sad"],
        "decimals": [Decimal("1.10"), Decimal("2.5")], "span": "[1,5)", "gap": "1 mon 2 days",
        "host": "10.0.0.1", "spot": "(1,2)", "positive": 3, "letter": "x", "bits": "101",
        "bytes": "YWI=", "doc": {"a": Decimal("1.10"), "b": [None]}, "number": "5",
        "at": "10:00:00", "known": True, "nothing": None,
    }  # fmt: skip


async def test_dates_that_python_has_not_are_read_as_text_and_resumed(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    await db.execute(
        """create table d (id int, day date); insert into d values (1, '0044-03-15 BC'),
        (2, '2026-01-01'), (3, '12000-01-01'), (4, 'infinity'), (5, null)"""
    )
    extraction = Extraction(
        id_column="id", table="d", cursor_column="day", cursor_type=CursorType.DATE
    )
    pages = await read(connector, extraction, page_size=2)

    assert [i for page in pages for i in page.ids] == ["5", "1", "2", "3", "4"]
    assert await ids(connector, extraction, position=pages[0].position) == ["2", "3", "4"]
    assert sorted((await connector.fetch(extraction, ["1", "3"])).ids) == ["1", "3"]


@pytest.mark.parametrize("column", ["a.b", 'say "x"', "select", "Ä", "q"])
async def test_names_are_data(
    connector: PostgresqlConnector, db: asyncpg.Connection, column: str
) -> None:
    quoted = '"' + column.replace('"', '""') + '"'
    await db.execute(f'create schema "S"; create table "S"."T" ({quoted} int primary key)')
    await connector.write(bulk("S.T", [{column: 7}], column))
    extraction = Extraction(
        table="S.T", id_column=column, cursor_column=column, cursor_type=CursorType.ID,
        columns=(column,), filters=(Condition(field=column, op="gt", value=1),),
    )  # fmt: skip

    assert await ids(connector, extraction) == ["7"]
    assert (await connector.describe(extraction))[0].name == column
    assert (await connector.lookup(bulk("S.T", [{column: 7}], column))).target_ids == ["7"]
    await connector.delete(["7"], {"table": "S.T", "key": column})
    assert await ids(connector, extraction) == []


class TestColumns:
    async def test_values_are_written_as_the_column_takes_them(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute(
            """create table w (id int primary key, flag text, doc jsonb, words text[], grid int[],
            day date, moment timestamptz, kept text default 'kept')"""
        )
        odd = ['a"b\\c', "x,y", "null", "", None, "{}"]
        result = await connector.write(bulk("w", [
            {"id": 1, "flag": True, "doc": "text", "words": odd, "grid": [[1, 2], [3, 4]],
             "day": "2026-02-28", "moment": "2026-02-28T10:00:00+02:00"},
            {"id": 2, "flag": None, "doc": [1, {"a": Decimal("1.10")}], "words": [], "grid": None},
            {"id": 3, "doc": None, "flag": Decimal("1.50")},
        ]))  # fmt: skip

        assert result.failures == {}
        first, second, third = await db.fetch("select * from w order by id")
        assert (first["flag"], first["doc"], first["words"]) == ("true", '"text"', odd)
        assert (first["grid"], str(first["day"])) == ([[1, 2], [3, 4]], "2026-02-28")
        assert (second["doc"], second["words"]) == ('[1, {"a": 1.10}]', [])
        assert (third["flag"], third["kept"]) == ("1.50", "kept")

    @pytest.mark.parametrize("wrong", ["x", True, [1], {"a": 1}, 2**40, "2026"])
    async def test_what_a_column_cannot_take_fails_its_record_alone(
        self, connector: PostgresqlConnector, db: asyncpg.Connection, wrong: Any
    ) -> None:
        await db.execute("create table n (id int primary key, small smallint, day date)")
        column = "day" if wrong == "2026" else "small"
        batch = bulk("n", [{"id": 1, column: None}, {"id": 2, column: wrong}])
        result = await connector.write(batch)

        assert list(result.failures) == [1]
        assert result.failures[1].code == "value_refused"
        assert await db.fetchval("select array_agg(id) from n") == [1]

    async def test_a_constraint_is_told_in_its_own_words(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute(
            "create table c (id int primary key, owner int references c, name text not null)"
        )
        result = await connector.write(
            bulk("c", [{"id": 1, "name": "a", "owner": 9}, {"id": 2, "name": None, "owner": 2}])
        )

        assert "violates foreign key constraint" in result.failures[0].message
        assert "Key (owner)=(9) is not present" in (result.failures[0].detail or "")
        assert result.failures[1].field == "name"

    @pytest.mark.parametrize(
        ("key", "words"),
        [
            ("name", "create unique index on public.t"),
            ("item.id", "'item.id' is no column of table t; it has: id, name"),
        ],
    )
    async def test_a_match_key_that_is_none_is_explained(
        self,
        connector: PostgresqlConnector,
        db: asyncpg.Connection,
        key: str,
        words: str,
    ) -> None:
        with pytest.raises(ConnectorError) as caught:
            await connector.write(bulk("t", [{"id": 1, "name": "x"}], key))
        assert words in caught.value.failure.message

    @pytest.mark.parametrize("key", [None, {"a": 1}, [1]])
    async def test_a_key_that_is_none_fails_its_record_alone(
        self, connector: PostgresqlConnector, db: asyncpg.Connection, key: Any
    ) -> None:
        await db.execute("create table k (id int primary key)")
        result = await connector.write(bulk("k", [{"id": key}, {"id": 2}]))

        assert {n: f.code for n, f in result.failures.items()} == {0: "invalid_key"}
        found = await connector.lookup(bulk("k", [{"id": None}, {"id": 2}]))
        assert found.target_ids == [None, "2"]


async def test_a_certificate_file_that_is_none_is_named(
    empty_postgres: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    for path in (tmp_path / "none.pem", tmp_path / "bad.pem"):
        connector = connector_to(empty_postgres, sslmode="verify-full", sslrootcert=str(path))
        (check,) = await connector.test()
        assert (check.part, check.ok) == ("tls", False)
        assert str(path) in check.message
        with pytest.raises(ConnectorError, match="sslrootcert"):
            await connector.describe(Extraction(id_column="id", table="t"))
