"""Reading from PostgreSQL passes over no row and changes no value."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from syncline.connectors.port import ConnectorError, ExtractRequest, Page
from syncline.connectors.postgresql import PostgresqlConnector
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode

TABLE = Extraction(id_column="id", table="t")
ID = "6f1c0000-0000-4000-8000-00000000abcd"
BY_C = Extraction(id_column="id", table="t", cursor_column="c")


async def read(connector: PostgresqlConnector, extraction: Extraction, **said: Any) -> list[Page]:
    return [page async for page in connector.extract(ExtractRequest(extraction, **said))]


async def without_case(db: asyncpg.Connection) -> None:
    """Make a type `nocase` in which ABC is abc: by a collation, else by citext."""
    try:
        await db.execute(
            "create collation nocase (provider = icu, locale = 'und-u-ks-level2', "
            "deterministic = false); create domain nocase as text collate nocase"
        )
    except asyncpg.FeatureNotSupportedError:
        try:
            await db.execute("create extension citext; create domain nocase as citext")
        except asyncpg.PostgresError as error:
            pytest.skip(f"this PostgreSQL has no text without case: {error}")


async def values(connector: PostgresqlConnector, column: str) -> list[Any]:
    """Return a column as it travels."""
    pages = await read(connector, TABLE)
    assert [page.bad for page in pages] == [{} for _ in pages]
    return [
        decoder_of(dict[str, Any]).decode(encode(r))[column]
        for p in pages
        for r in p.records.records()
    ]


async def assert_resumed_everywhere(
    connector: PostgresqlConnector, extraction: Extraction, column: str, expected: list[Any]
) -> None:
    """Read in pages of any size, broken off behind any page: all that is expected comes."""
    for size in (1, 2, 3, 100):
        whole = await read(connector, extraction, page_size=size)
        assert [r[column] for p in whole for r in p.records.records()] == expected
        for place, page in enumerate(whole, 1):
            rest = await read(connector, extraction, page_size=size, position=page.position)
            got = [r[column] for p in whole[:place] + rest for r in p.records.records()]
            assert got == expected, (size, place)


class TestValues:
    async def test_a_real_has_the_digits_that_were_stored(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute(
            """create table t as select * from (values (1, 19.99::real, 0.1::real), (2, 1e20, -0.5),
            (3, 16777216, null)) v(id, p, q)"""
        )

        assert await values(connector, "p") == [Decimal("19.99"), Decimal("1e20"), 16777216]
        assert await values(connector, "q") == [Decimal("0.1"), Decimal("-0.5"), None]

    @pytest.mark.parametrize("kind", ["real", "double precision", "numeric"])
    async def test_numbers_that_json_has_not_come_in_postgresqls_words(
        self, connector: PostgresqlConnector, db: asyncpg.Connection, kind: str
    ) -> None:
        await db.execute(
            f"""create table t as select n as id, v::{kind} as v from
            unnest(array['NaN', 'Infinity', '-Infinity', '1.5', null]) with ordinality u(v, n)"""
        )

        assert await values(connector, "v") == [
            "NaN",
            "Infinity",
            "-Infinity",
            Decimal("1.5"),
            None,
        ]

    @pytest.mark.parametrize(
        ("kind", "usual", "far", "bc"),
        [
            ("date", "2026-01-31", "12026-01-31", "0044-03-15 BC"),
            ("timestamp", "2026-01-31T10:00:00", "12026-01-31 10:00:00", "0044-03-15 10:00:00 BC"),
            ("timestamptz", "2026-01-31T10:00:00Z", "12026-01-31 10:00:00+00",
             "0044-03-15 10:00:00+00 BC"),
        ],
    )  # fmt: skip
    async def test_infinite_and_far_dates_stay_what_they_are_and_leave_others_alone(
        self,
        connector: PostgresqlConnector,
        db: asyncpg.Connection,
        kind: str,
        usual: str,
        far: str,
        bc: str,
    ) -> None:
        await db.execute(
            f"""create table t (id int, c {kind}); insert into t values (1, '{usual}'),
            (2, 'infinity'), (3, '{usual}'), (4, '-infinity'), (5, '{far}'), (6, '{bc}'), (7, null),
            (8, '9999-12-31')"""
        )
        last = usual.replace("2026-01-31", "9999-12-31").replace("10:", "00:")

        assert await values(connector, "c") == [
            usual, "infinity", usual, "-infinity", far, bc, None, last,
        ]  # fmt: skip
        pages = await read(connector, BY_C)
        (page,) = pages
        cursors = dict(zip(page.ids, page.cursors, strict=True))
        assert (cursors["2"], cursors["4"]) == ("infinity", "-infinity")
        assert page.ids == ["7", "4", "6", "1", "3", "8", "5", "2"]
        ids = [7, 4, 6, 1, 3, 8, 5, 2]
        await assert_resumed_everywhere(connector, BY_C, "id", ids)
        (fetched,) = [await connector.fetch(BY_C, ["2"])]
        assert [r["c"] for r in fetched.records.records()] == ["infinity"]

    async def test_infinity_keeps_its_meaning_inside_arrays_and_ranges(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute(
            """create table t as select 1 as id, array['infinity'::date, '2026-01-31'] a,
            daterange('2026-01-31', 'infinity') r, array[0.1::real, 'NaN'] f,
            array['19.99'::money] m, time '24:00' t, timetz '24:00+02' z, money '1234.50' cash"""
        )
        (page,) = await read(connector, TABLE)

        assert decoder_of(dict[str, Any]).decode(encode(page.records.records()[0])) == {
            "id": 1, "a": ["infinity", "2026-01-31"], "r": "[2026-01-31,infinity)",
            "f": [Decimal("0.1"), "NaN"], "m": [Decimal("19.99")], "t": "24:00:00",
            "z": "24:00:00+02", "cash": Decimal("1234.50"),
        }  # fmt: skip

    async def test_json_that_nobody_can_read_fails_its_record_alone(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        deep = "[" * 5000 + "]" * 5000
        await db.execute(
            """create table t (id int, j json); insert into t values (1, '{"a": 1}'),
            (2, '"cut \\ud83d"'), (3, $1), (4, '"ok"')""".replace("$1", f"'{deep}'")
        )
        (page,) = await read(connector, TABLE)

        assert page.ids == ["1", "2", "3", "4"]
        assert {n: f.code for n, f in page.bad.items()} == dict.fromkeys([1, 2], "invalid_json")
        assert [encode(record) for record in page.records.records()]

    async def test_settings_of_the_role_change_no_value(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        for setting in (
            "datestyle = 'German'", "intervalstyle = 'iso_8601'", "extra_float_digits = -3",
            "lc_monetary = 'C'", "bytea_output = 'escape'",
        ):  # fmt: skip
            await db.execute(f"alter role current_user set {setting}")
        await db.execute(
            """create table t as select 1 as id, '2026-01-31'::date - 1 as d, 0.1::real as f,
            daterange('2026-01-31', '2026-02-01') r, interval '1 month' i,
            array['\\x00ff'::bytea] b"""
        )
        (page,) = await read(connector, TABLE)
        for setting in ("datestyle", "intervalstyle", "extra_float_digits", "bytea_output"):
            await db.execute(f"alter role current_user reset {setting}")

        record = decoder_of(dict[str, Any]).decode(encode(page.records.records()[0]))
        assert (record["r"], record["i"], record["b"]) == (
            "[2026-01-31,2026-02-01)", "1 mon", ["AP8="],
        )  # fmt: skip
        assert (record["d"], record["f"]) == ("2026-01-30", Decimal("0.1"))


class TestColumns:
    async def test_a_page_names_all_columns_that_the_source_has(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute("create table t as select 1 as id, 2 as phone, 3 as name")
        chosen = Extraction(id_column="id", table="t", columns=("name",))
        (page,) = await read(connector, chosen)

        assert page.columns == ("id", "phone", "name")
        assert (await connector.fetch(chosen, ["1"])).columns == ("id", "phone", "name")
        assert (await connector.fetch(chosen, ["2"])).columns == ("id", "phone", "name")

    async def test_a_column_renamed_while_it_is_read_waits_and_then_is_told(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute(
            "create table t as select n as id, 'p' || n as phone from generate_series(1, 3) n"
        )
        pages = connector.extract(ExtractRequest(TABLE, page_size=1))
        first = await anext(pages)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await db.execute("set lock_timeout = 50; alter table t rename phone to telephone")
        await pages.aclose()  # type: ignore[attr-defined]
        await db.execute("alter table t rename phone to telephone")
        rest = await read(connector, TABLE, page_size=1, position=first.position)

        assert first.columns == ("id", "phone")
        assert [page.columns for page in rest] == [("id", "telephone")] * 2
        with pytest.raises(ConnectorError, match="phone") as caught:
            await read(
                connector,
                Extraction(id_column="id", table="t", columns=("phone",)),
                position=first.position,
            )
        assert caught.value.failure.code == "unknown_column"

    async def test_a_fetch_goes_on_after_a_columns_type_was_changed(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute("create table t as select 1 as id, 'x'::text as a")
        before = await connector.fetch(TABLE, ["1"])
        await db.execute("alter table t alter a type varchar(9), alter id type bigint")
        after = await connector.fetch(TABLE, ["1"])

        assert before.records.records() == after.records.records() == [{"id": 1, "a": "x"}]


class TestIds:
    @pytest.mark.parametrize(
        ("kind", "stored", "asked"),
        [
            ("uuid", ID, ID.upper()),
            ("uuid", ID, "{6f1c000000004000800000000000abcd}"),
            ("char(10)", "AB        ", "AB"),
            ("int", "7", "007"),
            ("bigint", "7", " 7"),
            ("numeric", "7.50", "7.5"),
            ("numeric(10,2)", "7.00", "7"),
            ("double precision", "7.5", "7.50"),
            ("real", "0.1", "0.10"),
            ("date", "2026-01-31", "20260131"),
            ("timestamp", "2026-01-31 10:00:00", "2026-01-31T10:00:00.000"),
            ("timestamptz", "2026-01-31 10:00:00+00:00", "2026-01-31T12:00:00+02:00"),
            ("timestamptz", "infinity", "Infinity"),
            ("inet", "10.0.0.1", "10.0.0.1/32"),
            ("bool", "true", "t"),
            ("bytea", "\\x00ff", "\\x00FF"),
            ("interval", "1 mon", "30 days"),
        ],
    )  # fmt: skip
    async def test_an_id_in_another_spelling_is_the_same_record(
        self,
        connector: PostgresqlConnector,
        db: asyncpg.Connection,
        kind: str,
        stored: str,
        asked: str,
    ) -> None:
        await db.execute(f"create table t (id {kind}); insert into t values ('{stored}')")
        (page,) = await read(connector, TABLE)
        assert page.ids == [stored]

        for ids in ([stored], [asked], [asked, stored, "no such ID", "a\0b", "\ud800"]):
            page = await connector.fetch(TABLE, ids)
            assert page.ids == [stored], ids
            assert page.asked == ({} if ids == [stored] else {asked: stored}), ids

    async def test_an_id_may_be_an_array(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute("create table t (id int[]); insert into t values ('{1,2}')")
        page = await connector.fetch(TABLE, ["{1,2}", "{2}", "x"])

        assert (page.ids, page.asked) == (["{1,2}"], {})

    async def test_equal_ids_of_a_collation_are_the_same_record(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await without_case(db)
        await db.execute("create table t (id nocase); insert into t values ('abc')")
        page = await connector.fetch(TABLE, ["ABC", "abd"])

        assert (page.ids, page.asked) == (["abc"], {"ABC": "abc"})

    @pytest.mark.parametrize("kind", ["text", "varchar(5)", "name", '"char"'])
    async def test_texts_are_compared_as_they_are(
        self, connector: PostgresqlConnector, db: asyncpg.Connection, kind: str
    ) -> None:
        await db.execute(f"create table t (id {kind}); insert into t values ('a')")
        page = await connector.fetch(TABLE, ["A", "a ", "ab", "a" + "b" * 70])

        assert (page.ids, page.asked) == ([], {})

    async def test_ids_that_a_bound_name_cannot_take_exist_nowhere(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute("create table t as select n as id from generate_series(1, 9) n")
        sql = "select id::text as id from t where :ids is null or id = any(:ids)"
        page = await connector.fetch(
            Extraction(id_column="id", mode=ExtractionMode.SQL, sql=sql), ["4", "x", "99"]
        )

        assert page.ids == ["4"]


class TestResuming:
    async def test_one_id_twice_is_read_twice_whatever_the_page(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute(
            """create table t as select * from (values (1, 'a', timestamp '2026-01-01'),
            (1, 'a', '2026-01-01'), (1, 'a', '2026-01-01'), (2, 'b', '2026-01-01'),
            (2, 'c', '2026-01-02'), (3, 'd', null), (3, 'd', null)) v(id, name, c)"""
        )

        await assert_resumed_everywhere(connector, TABLE, "name", list("aaabcdd"))
        await assert_resumed_everywhere(connector, BY_C, "name", list("ddaaabc"))

    async def test_rows_without_an_id_are_not_passed_over(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute(
            """create table t as select * from (values (1, 1), (null, 2), (2, 1), (null, null),
            (null, 1), (3, null)) v(id, c)"""
        )
        by_c = Extraction(id_column="id", table="t", cursor_column="c", cursor_type=CursorType.ID)

        await assert_resumed_everywhere(connector, by_c, "id", [3, None, 1, 2, None, None])
        await assert_resumed_everywhere(connector, TABLE, "id", [1, 2, 3, None, None, None])

    @pytest.mark.parametrize(
        ("kind", "ids"),
        [
            ("numeric", ["1.0", "1.00", "2", "NaN"]),
            ("double precision", ["-0", "0", "1", "Infinity", "NaN"]),
            ("nocase", ["a", "A", "b", "B"]),
            ("interval", ["30 days", "1 mon", "2 mon"]),
            ("char(4)", ["a", "b"]),
            ("jsonb", ["1", "1.0", '"a"']),
            ("numeric[]", ["{1.0}", "{1.00}", "{1.00,2}"]),
            ("int4range", ["empty", "[1,3)", "[1,)"]),
        ],
    )
    async def test_ids_that_are_equal_and_written_differently_are_all_read(
        self, connector: PostgresqlConnector, db: asyncpg.Connection, kind: str, ids: list[str]
    ) -> None:
        if kind == "nocase":
            await without_case(db)
        await db.execute(f"create table t (id {kind}, n serial)")
        for value in ids:
            await db.execute(f"insert into t (id) values ('{value}')")

        for size in (1, 2, 3):
            whole = await read(connector, TABLE, page_size=size)
            for place, page in enumerate(whole, 1):
                rest = await read(connector, TABLE, page_size=size, position=page.position)
                got = sorted(r["n"] for p in whole[:place] + rest for r in p.records.records())
                assert got == list(range(1, len(ids) + 1)), (size, place)

    async def test_an_id_that_names_no_records_is_refused(
        self,
        connector: PostgresqlConnector,
        db: asyncpg.Connection,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("syncline.connectors.sql.tied_rows.MOST_TIED", 50)
        await db.execute("create table t as select 'same' as id from generate_series(1, 100)")

        with pytest.raises(ConnectorError, match="'same'") as caught:
            await read(connector, TABLE, page_size=3)
        assert caught.value.failure.code == "id_not_unique"

    async def test_a_session_that_waits_too_long_between_pages_is_not_ended(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute("create table t as select n as id from generate_series(1, 4) n")
        await db.execute("alter role current_user set idle_in_transaction_session_timeout = 50")
        pages = connector.extract(ExtractRequest(TABLE, page_size=1))
        first = await anext(pages)
        await db.execute("select pg_sleep(0.3)")
        rest = [page async for page in pages]
        await db.execute("alter role current_user reset idle_in_transaction_session_timeout")

        assert [i for page in [first, *rest] for i in page.ids] == ["1", "2", "3", "4"]


class TestLookback:
    async def test_a_number_has_no_lookback(self) -> None:
        by_number = Extraction(
            id_column="id", table="t", cursor_column="id", cursor_type=CursorType.ID, lookback=60.0
        )
        (problem,) = PostgresqlConnector.extraction_problems(by_number)

        assert problem.path == "$.extraction.lookback"

    @pytest.mark.parametrize(
        ("kind", "value"), [("int", "1"), ("text", "2026-01-31"), ("numeric", "1")]
    )
    async def test_what_a_duration_cannot_be_taken_from_is_named(
        self, connector: PostgresqlConnector, db: asyncpg.Connection, kind: str, value: str
    ) -> None:
        await db.execute(f"create table t as select 1 as id, '{value}'::{kind} as c")
        extraction = Extraction(id_column="id", table="t", cursor_column="c", lookback=60.0)

        with pytest.raises(ConnectorError, match="'c', which is") as caught:
            await read(connector, extraction, after=value)
        assert caught.value.failure.code == "invalid_lookback"


class TestTextCursors:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("2026-05-01T08:00:00Z", "2026-05-01 09:00:00"),
            ("2026-05-01T08:00:00Z", "2026-05-01T08:00:00.5Z"),
            ("2026-05-01T08:00:00+02:00", "2026-05-01T07:30:00+01:00"),
            ("2026-05-01 08:00:00", "2026-05-02"),
            ("20260501", "2026-05-02"),
        ],
    )
    @pytest.mark.parametrize("kind", ["text", "varchar(40)", "char(40)"])
    async def test_two_ways_of_writing_are_told(
        self,
        connector: PostgresqlConnector,
        db: asyncpg.Connection,
        kind: str,
        old: str,
        new: str,
    ) -> None:
        await db.execute(
            f"create table t (id serial, c {kind}); insert into t (c) values ('{old}')"
        )
        (page,) = await read(connector, BY_C)
        await db.execute("insert into t (c) values ($1)", new)

        for after in (page.cursors[0], None):
            with pytest.raises(ConnectorError, match="letter by letter") as caught:
                await read(connector, BY_C, after=after)
            assert caught.value.failure.code == "mixed_cursor"

    async def test_texts_that_do_not_sort_are_told_at_the_first(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute("create table t as select 1 as id, '28.10.2026 09:15' as c")
        with pytest.raises(ConnectorError, match="to_timestamp") as caught:
            await read(connector, BY_C)
        assert caught.value.failure.code == "invalid_cursor"
        by_number = Extraction(
            id_column="id", table="t", cursor_column="c", cursor_type=CursorType.ID
        )
        assert len(await read(connector, by_number)) == 1

    async def test_numbers_as_texts_are_told(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        by_number = Extraction(
            id_column="id", table="t", cursor_column="c", cursor_type=CursorType.ID
        )
        await db.execute("create table t as select 1 as id, '99' as c")
        await read(connector, by_number)
        await db.execute("insert into t values (2, '100')")
        with pytest.raises(ConnectorError, match="'99' and '100'"):
            await read(connector, by_number, after="99")

    async def test_one_way_is_read_on_and_empty_ones_come_in_every_run(
        self, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        await db.execute(
            """create table t as select * from (values (1, '2026-05-01 08:00:00'),
            (2, '2026-05-01 08:00:00.5'), (3, ''), (4, null), (5, '2026-05-01 08:00:01'))
            v(id, c)"""
        )
        (page,) = await read(connector, BY_C, after="2026-05-01 08:00:00.5")

        assert page.ids == ["4", "3", "2", "5"]
        assert page.cursors == [None, None, "2026-05-01 08:00:00.5", "2026-05-01 08:00:01"]
        await assert_resumed_everywhere(connector, BY_C, "id", [4, 3, 1, 2, 5])
