"""What SQLite alone has: values of any type in any column, SQL, and one file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.port import (
    ConnectorError,
    ExtractRequest,
    Page,
    Surroundings,
)
from syncline.connectors.sqlite import SqliteConnector
from syncline.contracts.messages import encode
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.condition import Condition
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode
from syncline.testing.connectors.bulks import bulk

SQL = ExtractionMode.SQL


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as connection:
        yield connection


@pytest.fixture
def connector(db: sqlite3.Connection, tmp_path: Path) -> SqliteConnector:
    db.execute("create table t (id integer primary key, day text, at integer, name)")
    for n in range(1, 10):
        row = (n, f"2026-01-0{n}", 1_700_000_000 + 60 * n, f"n{n}")
        db.execute("insert into t values (?, ?, ?, ?)", row)
    return made(tmp_path)


def made(folder: Path, **config: Any) -> SqliteConnector:
    surroundings = Surroundings(folders=(str(folder),))
    return SqliteConnector({"file": str(folder / "a.db")} | config, {}, surroundings)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def read(connector: SqliteConnector, extraction: Extraction, **said: Any) -> list[Page]:
    return [page async for page in connector.extract(ExtractRequest(extraction, **said))]


async def ids(connector: SqliteConnector, extraction: Extraction, **said: Any) -> str:
    return "".join(i for page in await read(connector, extraction, **said) for i in page.ids)


async def test_a_cursor_of_numbers_is_compared_as_numbers(connector: SqliteConnector) -> None:
    by_id = Extraction(id_column="id", table="t", cursor_column="id", cursor_type=CursorType.ID)
    by_time = Extraction(id_column="id", table="t", cursor_column="at", lookback=60.0)
    computed = Extraction(
        id_column="id",
        mode=SQL,
        sql="select id, id + 0 as c from t",
        cursor_column="c",
        cursor_type=CursorType.ID,
    )

    assert await ids(connector, by_id, after="7") == "789"
    assert await ids(connector, computed, after="7") == "789"
    assert await ids(connector, by_time, after=str(1_700_000_000 + 60 * 9)) == "89"


@pytest.mark.parametrize(
    ("texts", "after", "lookback", "expected"),
    [
        (["2026-01-01", "2026-01-02", "2026-01-03"], "2026-01-03", 86_400.0, "23"),
        (["20260101", "20260102", "20260103"], "20260103", 86_400.0, "23"),
        (["2026-01-01T10:00:00Z", "2026-01-01T10:01:00Z"], "2026-01-01T10:01:00Z", 60.0, "12"),
        (["2026-01-01 10:00:00.000", "2026-01-01 10:01:00.000"], "2026-01-01 10:01:00.000", 59.0,
         "2"),
    ],
)  # fmt: skip
async def test_lookback_keeps_the_way_dates_are_written(
    connector: SqliteConnector,
    db: sqlite3.Connection,
    texts: list[str],
    after: str,
    lookback: float,
    expected: str,
) -> None:
    db.execute("delete from t")
    for n, text in enumerate(texts, 1):
        db.execute("insert into t (id, day) values (?, ?)", (n, text))
    extraction = Extraction(id_column="id", table="t", cursor_column="day", lookback=lookback)

    assert await ids(connector, extraction, after=after) == expected


async def test_values_of_any_type_in_one_column_are_read_in_order_and_resumed(
    tmp_path: Path, db: sqlite3.Connection
) -> None:
    db.execute("create table mixed (id, c)")
    rows = [(1, 9), ("1", 5), (2.5, 5), ("x", None), (3, 4.5), ("é", 8), (10, 5)]
    db.executemany("insert into mixed values (?, ?)", rows)
    connector = made(tmp_path)
    extraction = Extraction(
        id_column="id", table="mixed", cursor_column="c", cursor_type=CursorType.ID
    )
    pages = await read(connector, extraction, page_size=1)

    assert [p.ids[0] for p in pages] == ["x", "3", "2.5", "10", "1", "é", "1"]
    for place, page in enumerate(pages, 1):
        rest = await read(connector, extraction, position=page.position)
        assert [i for p in rest for i in p.ids] == [p.ids[0] for p in pages[place:]]
    page = await connector.fetch(extraction, ["1", "2.5", "010", "3.0"])
    assert sorted(page.ids) == ["1", "1", "10", "2.5", "3"]
    assert page.asked == {"010": "10", "3.0": "3"}


async def test_bad_values_fail_their_record_alone(
    connector: SqliteConnector, db: sqlite3.Connection
) -> None:
    db.execute("update t set name = cast(x'61ff' as text) where id = 3")
    db.execute("update t set name = 9e999 where id = 4")
    db.execute("update t set name = x'0102' where id = 5")
    extraction = Extraction(id_column="id", table="t")
    pages = await read(connector, extraction, page_size=2)

    assert "".join(i for p in pages for i in p.ids) == "123456789"
    bad = {p.ids[n]: f.code for p in pages for n, f in p.bad.items()}
    assert bad == {"3": "invalid_encoding"}
    page = await connector.fetch(extraction, ["3", "4", "5"])
    assert [f.field for f in page.bad.values()] == ["name"]
    assert page.records.records()[1]["name"] == "Infinity"
    assert [encode(record) for record in page.records.records()]


async def test_names_are_bound_and_ids_come_as_json(connector: SqliteConnector) -> None:
    extraction = Extraction(
        id_column="id",
        mode=SQL,
        sql="""select * from t -- :comment ;
        where (:cursor is null or day >= :cursor) and name <> :name
        and (:ids is null or id in (select value from json_each(:ids)));""",
        parameters={"name": "'; drop table t; --"},
        cursor_column="day",
        cursor_type=CursorType.DATE,
    )

    assert await ids(connector, extraction) == "123456789"
    assert await ids(connector, extraction, after="2026-01-08") == "89"
    assert (await connector.fetch(extraction, ["4", "77"])).ids == ["4"]


@pytest.mark.parametrize(
    "sql",
    ["select 1 as id; drop table t", "select 1 as id) q; drop table t; --", "delete from t",
     "attach database 'b.db' as b", "select 1 as id where :x", "select \"nope\" from t",
     "select load_extension('x') as id", "pragma query_only = 0", "vacuum into 'copy.db'", ""],
)  # fmt: skip
async def test_what_does_not_just_read_is_refused(
    connector: SqliteConnector, db: sqlite3.Connection, sql: str, tmp_path: Path
) -> None:
    with pytest.raises(ConnectorError):
        await read(connector, Extraction(id_column="id", mode=SQL, sql=sql))
    assert db.execute("select count(*) from t").fetchone() == (9,)
    assert names(tmp_path) == ["a.db"]


async def test_a_query_that_takes_too_long_is_ended(
    connector: SqliteConnector, tmp_path: Path
) -> None:
    sql = (
        "with recursive n(id) as (select 1 union all select id + 1 from n) select max(id) id from n"
    )
    with pytest.raises(RetriableError, match="too long"):
        await read(
            made(tmp_path, statementTimeout=1), Extraction(id_column="id", mode=SQL, sql=sql)
        )


async def test_a_limit_counts_what_filters_leave(connector: SqliteConnector) -> None:
    odd = Condition(field="name", op="in", value=["n1", "n3", "n5", "n7", "n9"])
    extraction = Extraction(id_column="id", table="t", filters=(odd,))

    assert await ids(connector, extraction, limit=4, page_size=9) == "1357"


async def test_filters_and_columns_choose(connector: SqliteConnector) -> None:
    extraction = Extraction(
        id_column="id",
        table="t",
        columns=("name",),
        filters=(Condition(field="at", op="gt", value=1700000480),),
    )
    (page,) = await read(connector, extraction)

    assert page.records.records() == [{"id": 9, "name": "n9"}]


async def test_values_are_written_as_the_column_takes_them(
    connector: SqliteConnector, db: sqlite3.Connection
) -> None:
    db.execute("create table w (id integer primary key, txt varchar(20), num numeric, any)")
    big = Decimal("12345678901234567890.123456789")
    records: list[dict[str, Any]] = [
        {"id": 1, "txt": True, "num": True, "any": {"a": [Decimal("1.10")]}},
        {"id": 2, "txt": big, "num": Decimal("1.50"), "any": None},
        {"id": 3, "txt": 2**70, "num": 7, "any": "x"},
        {"id": 4, "txt": "", "num": 2**70, "any": 1},
    ]
    result = await connector.write(bulk("w", records))

    assert {n: f.code for n, f in result.failures.items()} == {3: "value_refused"}
    assert db.execute("select * from w").fetchall() == [
        (1, "true", 1, '{"a":[1.10]}'),
        (2, f"{big:f}", 1.5, None),
        (3, str(2**70), 7, "x"),
    ]


@pytest.mark.parametrize(
    ("key", "words"),
    [("name", "matchKey: id would fit"), ("a.b", "is no column of table t")],
)
async def test_a_match_key_that_is_none_is_explained(
    connector: SqliteConnector, key: str, words: str
) -> None:
    with pytest.raises(ConnectorError, match=words):
        await connector.write(bulk("t", [{"id": 1, "name": "x"}], key))


async def test_a_match_key_may_be_quoted_as_a_path(
    connector: SqliteConnector, db: sqlite3.Connection
) -> None:
    db.execute('create table odd ("Qty [pcs]" int primary key)')
    result = await connector.write(bulk("odd", [{"Qty [pcs]": 7}], '["Qty [pcs]"]'))
    assert (result.failures, result.target_ids) == ({}, ["7"])


async def test_a_database_that_another_writes_is_waited_for(
    connector: SqliteConnector, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncline.connectors.sqlite.database.BUSY_LIMIT", 20)
    db.execute("begin immediate")
    with pytest.raises(RetriableError, match="locked"):
        await connector.write(bulk("t", [{"id": 1, "name": "x"}]))
    db.execute("rollback")

    assert (await connector.write(bulk("t", [{"id": 1, "name": "x"}]))).failures == {}
