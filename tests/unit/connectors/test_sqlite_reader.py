"""Reading from SQLite passes over no row, or says why it cannot be told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.pages import PAGE_BYTES
from syncline.connectors.port import ConnectorError, ExtractRequest, Page, Surroundings
from syncline.connectors.sqlite import SqliteConnector
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode

BY_C = Extraction(id_column="id", table="t", cursor_column="c")
BY_NUMBER = Extraction(id_column="id", table="t", cursor_column="c", cursor_type=CursorType.ID)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as connection:
        yield connection


@pytest.fixture
def connector(db: sqlite3.Connection, tmp_path: Path) -> SqliteConnector:
    surroundings = Surroundings(folders=(str(tmp_path),))
    return SqliteConnector({"file": str(tmp_path / "a.db")}, {}, surroundings)


async def read(connector: SqliteConnector, extraction: Extraction, **said: Any) -> list[Page]:
    return [page async for page in connector.extract(ExtractRequest(extraction, **said))]


async def ids(connector: SqliteConnector, extraction: Extraction, **said: Any) -> list[str]:
    return [i for page in await read(connector, extraction, **said) for i in page.ids]


def fill(db: sqlite3.Connection, values: Sequence[Any], declared: str = "") -> None:
    db.execute(f"create table t (id integer primary key, c {declared})")
    db.executemany("insert into t (c) values (?)", [(value,) for value in values])


class TestOneKindOfCursor:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("2026-05-01T08:00:00Z", "2026-05-01 09:00:00"),
            ("2026-05-01 08:00:00", "2026-05-01T07:59:00"),
            ("2026-05-01T08:00:00+02:00", "2026-05-01T07:30:00+01:00"),
            ("2026-05-01T08:00:00+02:00", "2026-05-01T07:30:00Z"),
            ("2026-05-01T08:00:00Z", "2026-05-01T08:00:00.500Z"),
            ("2026-05-01 08:00:00", "2026-05-02"),
            ("2026-05-01 08:00:00", "2026-05-02 09:00"),
            ("2026-05-01 08:00:00", "20260502"),
            ("2026-05-01 08:00:00", "unknown"),
            ("2026-05-01 08:00:00", 1_777_000_000),
            (1_777_000_000, "2026-05-01 08:00:00"),
            (1_777_000_000, 1_777_000_000_500),
            (1_777_000_000_000, 1_777_000_001),
            (2_461_162.5, 1_777_000_000),
            (20_260_501, 1_777_000_000),
            ("2026-05-01 08:00:00", b"2026-05-02 08:00:00"),
        ],
    )
    async def test_two_ways_of_writing_are_told(
        self, connector: SqliteConnector, db: sqlite3.Connection, old: Any, new: Any
    ) -> None:
        fill(db, [old])
        (page,) = await read(connector, BY_C)
        db.execute("insert into t (c) values (?)", (new,))

        for said in ({"after": page.cursors[0]}, {}, {"position": page.position}):
            with pytest.raises(ConnectorError) as caught:
                await read(connector, BY_C, **said)
            assert caught.value.failure.code in ("mixed_cursor", "invalid_cursor")
            assert caught.value.failure.field == "c"

    @pytest.mark.parametrize(
        ("old", "new"), [("99", "100"), (99, "100"), ("99", 100), ("A99", 100), (1.5, "1,6")]
    )
    async def test_numbers_as_texts_and_among_texts_are_told(
        self, connector: SqliteConnector, db: sqlite3.Connection, old: Any, new: Any
    ) -> None:
        fill(db, [old])
        db.execute("insert into t (c) values (?)", (new,))

        with pytest.raises(ConnectorError, match="two kinds"):
            await read(connector, BY_NUMBER, after=str(old))

    @pytest.mark.parametrize("value", ["28.10.2026 09:15", "10/28/2026", "2026-5-1", "soon", "99"])
    async def test_texts_that_do_not_sort_by_time_are_told_at_the_first(
        self, connector: SqliteConnector, db: sqlite3.Connection, value: str
    ) -> None:
        fill(db, [value])
        with pytest.raises(ConnectorError, match="letter by letter") as caught:
            await read(connector, BY_C)
        assert caught.value.failure.code == "invalid_cursor"
        assert value in caught.value.failure.message

    @pytest.mark.parametrize(
        "values",
        [
            ["2026-05-01 08:00:00", "2026-05-01 08:00:00.5", "2026-05-01 08:00:01"],
            ["2026-05-01T08:00:00+00:00", "2026-05-01T08:00:00.123+00:00"],
            ["2026-05-01T08:00:00.100Z", "2026-05-01T08:00:00.200Z"],
            ["20260501", "20260502"],
            ["20260501081500", "20260501081501"],
            [20_260_501, 20_260_502],
            [0, 1_777_000_000, 1_777_000_001.5],
            [1_777_000_000_000, 1_777_000_000_001],
            [2_461_162.5, 2_461_162.75],
        ],
    )
    async def test_one_kind_is_read_on_from_any_value(
        self, connector: SqliteConnector, db: sqlite3.Connection, values: list[Any]
    ) -> None:
        fill(db, values)
        cursors = [c for page in await read(connector, BY_C) for c in page.cursors]

        for place, cursor in enumerate(cursors):
            assert await ids(connector, BY_C, after=cursor) == [
                str(n + 1) for n in range(place, len(values))
            ]

    async def test_the_same_moment_with_fewer_zeros_is_not_before_the_bookmark(
        self, connector: SqliteConnector, db: sqlite3.Connection
    ) -> None:
        fill(db, ["2026-05-01 08:00:00", "2026-05-01 08:00:00.5", "2026-05-01 08:00:00.0"])

        assert await ids(connector, BY_C, after="2026-05-01 08:00:00.000") == ["1", "3", "2"]
        assert await ids(connector, BY_C, after="2026-05-01 08:00:00.500") == ["2"]

    @pytest.mark.parametrize(
        ("form", "values"),
        [
            ("yyyy/MM/dd HH:mm", ["2026/05/01 08:00", "2026/05/01 08:01", "2026/05/02 08:00"]),
            ("yyyyMMdd", [20_260_430, 20_260_430, 20_260_501]),
            ("epoch", [1, 2, 90_000]),
            ("epochMillis", [1_000, 2_000, 90_000_000]),
        ],
    )
    async def test_a_named_form_is_read_with_its_lookback(
        self, connector: SqliteConnector, db: sqlite3.Connection, form: str, values: list[Any]
    ) -> None:
        fill(db, values)
        extraction = Extraction(
            id_column="id", table="t", cursor_column="c", cursor_format=form, lookback=86_400.0
        )

        assert SqliteConnector.extraction_problems(extraction) == []
        assert await ids(connector, extraction, after=str(values[1])) == ["1", "2", "3"]
        assert await ids(connector, extraction, after=str(values[2])) == (
            ["1", "2", "3"] if "yyyy" in form else ["3"]
        )

    @pytest.mark.parametrize(
        ("value", "lookback", "begin"),
        [
            ("20260501T081500", 60.0, "20260501T081400"),
            ("20260501081500", 60.0, "20260501081400"),
            (20_260_501, 86_400.0, 20_260_430),
            (20_260_501_081_500, 60.0, 20_260_501_081_400),
            (2_461_162.5, 86_400.0, 2_461_161.5),
            (1_777_000_000_000_000, 60.0, 1_776_999_940_000_000),
            ("2026-05-01T08:15:00+02:00", 60.0, "2026-05-01T08:14:00+02:00"),
            ("2026-05-01 08:15", 60.0, "2026-05-01 08:14"),
            ("0001-01-01", 86_400.0, "0001-01-01"),
        ],
    )
    async def test_a_lookback_reaches_back_in_the_columns_own_form(
        self,
        connector: SqliteConnector,
        db: sqlite3.Connection,
        value: Any,
        lookback: float,
        begin: Any,
    ) -> None:
        fill(db, [begin, value])
        extraction = Extraction(id_column="id", table="t", cursor_column="c", lookback=lookback)

        assert await ids(connector, extraction, after=str(value)) == ["1", "2"]
        less = Extraction(id_column="id", table="t", cursor_column="c", lookback=lookback - 1)
        if str(value)[-2:] == "00" and len(str(value)) > 10:  # written to the second
            assert await ids(connector, less, after=str(value)) == ["2"]

    @pytest.mark.parametrize("form", ["dd.MM.yyyy", "yyyy-M-d", "yy-MM-dd", "HH:mm yyyy-MM-dd"])
    def test_a_form_that_does_not_sort_is_refused_on_save(self, form: str) -> None:
        extraction = Extraction(id_column="id", table="t", cursor_column="c", cursor_format=form)
        (problem,) = SqliteConnector.extraction_problems(extraction)

        assert problem.path == "$.extraction.cursorFormat"

    def test_a_number_has_no_lookback(self) -> None:
        extraction = Extraction(
            id_column="id", table="t", cursor_column="c", cursor_type=CursorType.ID, lookback=60.0
        )
        (problem,) = SqliteConnector.extraction_problems(extraction)

        assert problem.path == "$.extraction.lookback"

    async def test_rows_with_an_empty_cursor_come_in_every_run(
        self, connector: SqliteConnector, db: sqlite3.Connection
    ) -> None:
        fill(db, ["2026-05-01", "", None, "2026-05-02"])

        assert await ids(connector, BY_C, after="2026-05-02") == ["3", "2", "4"]

    async def test_an_infinite_cursor_is_told_as_such(
        self, connector: SqliteConnector, db: sqlite3.Connection
    ) -> None:
        fill(db, [1, 2, float("inf"), float("-inf")])
        (page,) = await read(connector, BY_NUMBER)

        assert page.cursors == ["-Infinity", "1", "2", "Infinity"]
        for size in (1, 2):
            for page in await read(connector, BY_NUMBER, page_size=size):
                rest = await ids(connector, BY_NUMBER, position=page.position)
                assert rest == ["4", "1", "2", "3"][["4", "1", "2", "3"].index(page.ids[-1]) + 1 :]


class TestResuming:
    @pytest.mark.parametrize(
        "values",
        [
            [("a", 1), ("a", 1), ("a", 1), ("b", 1), ("b", 2), (None, 1), (None, 1)],
            [("a", None), ("A", None), ("b", None), ("B ", None)],
            [(1, 1), (1.0, 1), ("1", 1), (b"1", 1), (b"1", 1), (b"2", 1)],
            [(float("inf"), 1), (2**62, 1), (-(2**63), 1)],
        ],
    )
    @pytest.mark.parametrize("collation", ["binary", "nocase", "rtrim"])
    async def test_rows_that_nothing_tells_apart_are_all_read(
        self,
        connector: SqliteConnector,
        db: sqlite3.Connection,
        values: list[Any],
        collation: str,
    ) -> None:
        db.execute(f"create table t (id collate {collation}, c, n integer primary key)")
        db.executemany("insert into t (id, c) values (?, ?)", values)

        for extraction in (Extraction(id_column="id", table="t"), BY_NUMBER):
            for size in (1, 2, 3):
                whole = await read(connector, extraction, page_size=size)
                for place, page in enumerate(whole, 1):
                    rest = await read(connector, extraction, page_size=size, position=page.position)
                    got = sorted(r["n"] for p in whole[:place] + rest for r in p.records.records())
                    assert got == list(range(1, len(values) + 1)), (size, place)

    async def test_pages_of_long_rows_are_bounded_by_bytes(
        self, connector: SqliteConnector, db: sqlite3.Connection
    ) -> None:
        db.execute("create table t (id integer primary key, c, text)")
        db.executemany("insert into t values (?, 1, ?)", [(n, "x" * 20_000) for n in range(300)])
        pages = await read(connector, BY_NUMBER)

        assert [i for page in pages for i in page.ids] == [str(n) for n in range(300)]
        assert max(len(page.ids) for page in pages) <= PAGE_BYTES // 20_000 + 20

    async def test_ids_that_are_no_unicode_are_read_on_behind(
        self, connector: SqliteConnector, db: sqlite3.Connection
    ) -> None:
        db.execute("create table t (id, c)")
        for data in ("61ff", "62ff", "63"):
            db.execute(f"insert into t values (cast(x'{data}' as text), 1)")
        pages = await read(connector, BY_NUMBER, page_size=1)

        assert [len(await read(connector, BY_NUMBER, position=p.position)) for p in pages] == [
            1, 1, 0,
        ]  # fmt: skip

    async def test_an_id_that_names_no_records_is_refused(
        self,
        connector: SqliteConnector,
        db: sqlite3.Connection,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("syncline.connectors.sql.tied_rows.MOST_TIED", 50)
        db.execute("create table t (id, c)")
        db.executemany("insert into t values (?, ?)", [("same", 1)] * 100)

        with pytest.raises(ConnectorError, match="'same'"):
            await read(connector, BY_NUMBER, page_size=3)


class TestIds:
    @pytest.mark.parametrize(
        ("declared", "stored", "asked", "found"),
        [
            ("integer", 7, "007", True),
            ("integer", 7, " 7", True),
            ("integer", 7, "7.0", True),
            ("integer", 7, "1_7", False),
            ("", 7, "007", True),
            ("real", 7, "7", True),
            ("text", "007", "7", False),
            ("text", "7", "007", False),
            ("text collate nocase", "abc", "ABC", True),
            ("text collate rtrim", "ab  ", "ab", True),
            ("text", "abc", "ABC", False),
            ("", "7", "007", False),
            ("", 2**62, "+4611686018427387904", True),
        ],
    )
    async def test_an_id_in_another_spelling_is_the_record_that_sqlite_finds(
        self,
        connector: SqliteConnector,
        db: sqlite3.Connection,
        declared: str,
        stored: Any,
        asked: str,
        found: bool,
    ) -> None:
        db.execute(f"create table t (id {declared}, c)")
        db.execute("insert into t values (?, 1)", (stored,))
        (given,) = await ids(connector, Extraction(id_column="id", table="t"))
        page = await connector.fetch(
            Extraction(id_column="id", table="t"), [asked, "nothing", "\ud800"]
        )

        assert page.ids == ([given] if found else [])
        assert page.asked == ({asked: given} if found else {})
        both = await connector.fetch(Extraction(id_column="id", table="t"), [asked, given])
        assert both.ids == [given]


class TestColumns:
    async def test_a_page_names_all_columns_that_the_source_has(
        self, connector: SqliteConnector, db: sqlite3.Connection
    ) -> None:
        db.execute(
            "create table t (id text primary key, phone, twice as (phone || phone) stored, "
            "half as (1)) without rowid"
        )
        db.execute("insert into t values ('a', 'p')")
        chosen = Extraction(id_column="id", table="t", columns=("phone",))
        (page,) = await read(connector, chosen)

        assert page.columns == ("id", "phone", "twice", "half")
        assert (await connector.fetch(chosen, ["a"])).columns == page.columns
        assert (await read(connector, Extraction(id_column="id", table="t")))[
            0
        ].records.records() == [{"id": "a", "phone": "p", "twice": "pp", "half": 1}]
        db.execute("alter table t rename phone to telephone")
        with pytest.raises(ConnectorError, match="did you mean `telephone`"):
            await read(connector, chosen, position=page.position)
        (renamed,) = await read(connector, Extraction(id_column="id", table="t"))
        assert renamed.columns == ("id", "telephone", "twice", "half")

    async def test_a_column_that_sql_gives_twice_is_refused(
        self, connector: SqliteConnector, db: sqlite3.Connection
    ) -> None:
        fill(db, [1])
        sql = "select a.id, a.c, b.c from t a join t b using (id)"
        with pytest.raises(ConnectorError, match="'c' twice") as caught:
            await read(connector, Extraction(id_column="id", mode=ExtractionMode.SQL, sql=sql))
        assert caught.value.failure.code == "duplicate_column"

    async def test_values_keep_what_they_are(
        self, connector: SqliteConnector, db: sqlite3.Connection
    ) -> None:
        values = [b"\x01\x02\x03", b"", 9e999, -9e999, 2**63 - 1, 1e300, "x", 0.1, None]
        db.execute("create table t (id integer primary key, c integer)")
        db.executemany("insert into t (c) values (?)", [(value,) for value in values])
        (page,) = await read(connector, Extraction(id_column="id", table="t"))
        records = decoder_of(list[dict[str, Any]]).decode(encode(page.records.records()))

        assert page.bad == {}
        assert [str(r["c"]) for r in records] == [
            "AQID", "", "Infinity", "-Infinity", str(2**63 - 1), "1E+300", "x", "0.1", "None",
        ]  # fmt: skip


class TestLateCommits:
    @pytest.mark.parametrize("mode", ["wal", "delete"])
    async def test_nothing_newer_is_committed_before_a_writer_that_is_open(
        self, connector: SqliteConnector, db: sqlite3.Connection, tmp_path: Path, mode: str
    ) -> None:
        db.execute(f"pragma journal_mode = {mode}")
        fill(db, ["2026-05-01 08:00:00"])
        with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None, timeout=0)) as other:
            db.execute("begin immediate")
            db.execute("insert into t (c) values (datetime('now'))")
            (page,) = await read(connector, BY_C)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("insert into t (c) values (datetime('now'))")
            db.execute("commit")
            other.execute("insert into t (c) values (datetime('now'))")

        assert page.ids == ["1"]
        assert page.snapshot is not None
        assert page.snapshot.open_since is None
        assert await connector.late_commits(BY_C) is None
        assert await ids(connector, BY_C, after=page.cursors[0]) == ["1", "2", "3"]

    async def test_what_began_after_an_interrupted_read_counts_as_open(
        self, connector: SqliteConnector, db: sqlite3.Connection
    ) -> None:
        """It may stamp the second in which the read broke off, and stand before its end."""
        fill(db, ["2026-05-01 08:00:00", "2026-05-01 08:00:01", "2026-05-01 08:00:02"])
        first, *_ = await read(connector, BY_C, page_size=1)
        again, *_ = await read(connector, BY_C, page_size=1, position=first.position)
        once_more, *_ = await read(connector, BY_C, position=again.position)

        assert first.snapshot is not None
        assert first.snapshot.open_since is None
        since = f"{first.snapshot.taken_at[:19]}+00:00"
        for page in (again, once_more):
            assert page.snapshot is not None
            assert page.snapshot.open_since == since
