"""SQL Server read by SQL and procedures; its types, its zones, and reads that are given up."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.errors import ConnectorError
from syncline.connectors.port import ExtractRequest
from syncline.connectors.sql import threaded_session
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode
from tests.support.eventually import eventually
from tests.support.mssql import AUTHORITY, MssqlDatabase, connector_to
from tests.support.ports import free_port

SQL, PROCEDURE = ExtractionMode.SQL, ExtractionMode.PROCEDURE


class TestSql:
    @pytest.fixture(autouse=True)
    async def rows(self, mssql: MssqlDatabase) -> None:
        await mssql.run("create table t (id int primary key, day timestamp, name varchar(9))")
        await mssql.run(
            "insert into t values (1, null, 'a'), (2, '2026-01-02', 'b'), (3, '2026-01-03', 'c'), "
            "(4, '2026-01-04', 'd')"
        )

    async def test_names_are_bound_and_hidden_ones_are_not(self, mssql: MssqlDatabase) -> None:
        sql = """select t.*, 'it''s :no' as said from t /* :comment; */
            where (:cursor is null or day >= convert(datetime2(7), :cursor, 121))
            and name in (:names) and name <> :odd;"""
        parameters = {"names": ["a", "c", "d"], "odd": "'; drop table t; -- ?%(x)s"}
        extraction = Extraction(
            id_column="id", mode=SQL, sql=sql, parameters=parameters, cursor_column="day",
            lookback=86_400.0,
        )  # fmt: skip

        assert await mssql.ids(extraction) == ["1", "3", "4"]
        assert await mssql.ids(extraction, after="2026-01-04T00:00:00") == ["3", "4"]
        assert (await mssql.connector.fetch(extraction, ["4", "0003", "2", "x", ""])).asked == {
            "0003": "3"
        }

    @pytest.mark.parametrize(
        "sql", ["delete from t", "select id, id from t", "select 1 as id) q; delete from t; --"]
    )
    async def test_what_does_not_just_read_is_refused(self, mssql: MssqlDatabase, sql: str) -> None:
        with pytest.raises(ConnectorError):
            await mssql.pages(Extraction(id_column="id", mode=SQL, sql=sql))
        assert await mssql.run("select count(*) from t") == [(4,)]

    async def test_a_text_is_no_cursor(self, mssql: MssqlDatabase) -> None:
        with pytest.raises(ConnectorError, match="convert") as caught:
            await mssql.ids(Extraction(id_column="id", table="t", cursor_column="name"))
        assert caught.value.failure.code == "invalid_cursor"

    async def test_numbers_as_cursors_are_warned_of(self, mssql: MssqlDatabase) -> None:
        numbered = Extraction(
            id_column="id", table="t", cursor_column="id", cursor_type=CursorType.ID
        )
        assert "rowversion" in (await mssql.connector.late_commits(numbered) or "")
        assert await mssql.ids(numbered, after="3") == ["3", "4"]

    async def test_a_procedure_gives_its_rows_and_changes_nothing(
        self, mssql: MssqlDatabase
    ) -> None:
        await mssql.run(
            "create function p(lowest int, word text) returns table (id int, day timestamp, w text)"
            " language sql as $$ delete from t where t.id = 1;"
            " select id, day, word from t where id >= lowest order by id desc $$"
        )
        extraction = Extraction(
            id_column="id", mode=PROCEDURE, procedure="p", parameters={"word": "w'", "lowest": 2}
        )

        assert await mssql.ids(extraction, page_size=2) == ["4", "3", "2"]
        assert await mssql.ids(extraction, limit=1) == ["4"]
        assert (await mssql.records(extraction))[0] == {
            "id": 4, "day": "2026-01-04T00:00:00", "w": "w'",
        }  # fmt: skip
        assert (await mssql.connector.fetch(extraction, ["3", "9"])).ids == ["3"]
        assert [c.name for c in await mssql.connector.describe(extraction) or []] == [
            "id", "day", "w",
        ]  # fmt: skip
        assert await mssql.run("select count(*) from t") == [(4,)]
        unknown: dict[str, Any] = {"lowest": 1, "nothing": 2}
        wrong = Extraction(id_column="id", mode=PROCEDURE, procedure="p", parameters=unknown)
        with pytest.raises(ConnectorError, match="nothing"):
            await mssql.ids(wrong)


async def test_values_arrive_exact(mssql: MssqlDatabase) -> None:
    made = {
        "bigint": ("9223372036854775807", 9223372036854775807),
        "numeric(38,10)": ("12345678901234567890.1234567891", "12345678901234567890.1234567891"),
        "real": ("19.99", "19.99"),
        "double precision": ("0.1", "0.1"),
        "boolean": ("true", True),
        "date": ("'2026-01-31'", "2026-01-31"),
        "timestamp": ("'2026-01-31 10:00:00.25'", "2026-01-31T10:00:00.25"),
        "timestamptz": ("'2026-01-31 10:00:00+01'", "2026-01-31T09:00:00+00:00"),
        "time": ("'10:00:00'", "10:00:00.0000000"),
        "uuid": ("'6f9619ff-8b86-d011-b42d-00c04fc964ff'", "6F9619FF-8B86-D011-B42D-00C04FC964FF"),
        "bytea": (r"'\x00ff'", "AP8="),
        "text": ("'ä🙂'", "ä🙂"),
    }
    columns = ", ".join(f"c{n} {kind}" for n, kind in enumerate(made))
    await mssql.run(f"create table t (id int primary key, {columns})")
    values = ", ".join(literal for literal, _ in made.values())
    await mssql.run(f"insert into t values (1, {values}), (2{', null' * len(made)})")

    whole, empty = await mssql.records(Extraction(id_column="id", table="t"))

    for n, (kind, (_, value)) in enumerate(made.items()):
        got = whole[f"c{n}"]
        assert (got if isinstance(value, bool | int) else str(got)) == value, kind
        assert empty[f"c{n}"] is None
    for n in (5, 6, 7):
        at = Extraction(id_column="id", table="t", cursor_column=f"c{n}")
        cursor = whole[f"c{n}"]
        assert await mssql.ids(at, after=cursor) == ["2", "1"]
        later = cursor.replace("2026", "2027")
        assert await mssql.ids(at, after=later) == ["2"]


async def test_times_of_a_zone_are_told_in_utc(mssql: MssqlDatabase) -> None:
    await mssql.run("create table z (id int, at timestamp, day date)")
    await mssql.run(
        "insert into z values (1, '2026-01-31 10:00:00.5', '2026-01-31'), "
        "(2, '2026-07-31 10:00:00', null), (3, null, null)"
    )
    local = connector_to(mssql.url, timezone="Europe/Berlin")
    table = Extraction(id_column="id", table="z", cursor_column="at")

    pages = [p async for p in local.extract(ExtractRequest(table, page_size=1))]
    cursors = [cursor for page in pages for cursor in page.cursors]
    assert cursors == [None, "2026-01-31T09:00:00.500000Z", "2026-07-31T08:00:00Z"]
    request = ExtractRequest(table, after=cursors[2])
    assert [i async for p in local.extract(request) for i in p.ids] == ["3", "2"]
    await local.close()


async def test_a_rowversion_passes_nothing_over(mssql: MssqlDatabase) -> None:
    await mssql.run("create table t (id int primary key, rv bigint)")
    await mssql.run("insert into t values (1, 10), (2, 20), (3, 30), (4, null)")
    await mssql.run("update sys.active set until = 30")
    versions = Extraction(id_column="id", table="t", cursor_column="rv", cursor_type=CursorType.ID)

    pages = await mssql.pages(versions, page_size=2)

    assert [(p.ids, p.cursors) for p in pages] == [(["4", "1"], [None, "10"]), (["2"], ["20"])]
    assert all(page.snapshot and page.snapshot.open_since is None for page in pages)
    assert await mssql.connector.late_commits(versions) is None
    await mssql.run("update sys.active set until = 99")
    assert await mssql.ids(versions, after="20") == ["4", "2", "3"]
    assert await mssql.ids(versions, position=pages[0].position) == ["2", "3"]


async def test_rows_that_no_id_tells_apart_are_read_or_refused(
    mssql: MssqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mssql.run("create table t (id int, at timestamp)")
    await mssql.run("insert into t select 7, '2026-01-01' from generate_series(1, 50)")
    extraction = Extraction(id_column="id", table="t", cursor_column="at")

    assert len(await mssql.ids(extraction, page_size=3)) == 50
    monkeypatch.setattr("syncline.connectors.mssql.source.reader.MOST_TIED", 20)
    with pytest.raises(ConnectorError) as caught:
        await mssql.ids(extraction, page_size=3)
    assert caught.value.failure.code == "id_not_unique"


async def test_a_field_that_is_too_long_stays_there(mssql: MssqlDatabase) -> None:
    await mssql.run("create table t (id int primary key, body text)")
    await mssql.run("insert into t values (1, 'x'), (2, repeat('x', 2000000)), (3, 'y')")
    await mssql.run("insert into t values (4, repeat('ä', 500000))")
    extraction = Extraction(id_column="id", table="t")

    [page] = await mssql.pages(extraction)

    assert {n: (f.code, f.field) for n, f in page.bad.items()} == dict.fromkeys(
        (1, 3), ("record_too_large", "body")
    )
    assert page.records.column("body") == ["x", None, "y", None]


async def test_long_rows_make_small_pages(mssql: MssqlDatabase) -> None:
    await mssql.run("create table t (id int primary key, body text)")
    await mssql.run("insert into t select n, repeat('x', 400000) from generate_series(1, 40) n")

    pages = await mssql.pages(Extraction(id_column="id", table="t"))

    assert [i for page in pages for i in page.ids] == [str(n) for n in range(1, 41)]
    assert max(len(page.ids) for page in pages) <= 10


class TestGivenUp:
    SLOW = Extraction(id_column="id", mode=SQL, sql="select 1 as id from (select pg_sleep(60)) s")

    async def threads(self) -> int:
        return sum(thread.name == "syncline-mssql" for thread in threading.enumerate())

    async def test_a_call_that_is_given_up_holds_neither_loop_nor_thread(
        self, mssql: MssqlDatabase
    ) -> None:
        before = await self.threads()

        async def read() -> None:
            async for _ in mssql.connector.extract(ExtractRequest(self.SLOW)):
                pass

        def runs() -> bool:
            return any("pg_sleep" in sql and "top (" in sql for sql in mssql.server.statements)

        reading = asyncio.create_task(read())
        await eventually(_answering(runs), within=10)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

        async def is_ended() -> bool:
            return await self.threads() <= before and mssql.server.sessions == 0

        await eventually(is_ended, within=10)
        assert await mssql.ids(Extraction(id_column="id", mode=SQL, sql="select 1 as id")) == ["1"]

    async def test_a_statement_that_takes_too_long_is_tried_again_later(
        self, mssql: MssqlDatabase
    ) -> None:
        slow = connector_to(mssql.url, statementTimeout=1)

        with pytest.raises(RetriableError) as caught:
            async for _ in slow.extract(ExtractRequest(self.SLOW)):
                pass

        assert caught.value.failure.code == "query_timeout"
        await slow.close()

    async def test_connections_have_a_limit(
        self, mssql: MssqlDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(threaded_session, "MOST_OPEN", 0)
        with pytest.raises(RetriableError, match="connections of this profile are open"):
            await mssql.ids(self.SLOW)


async def test_a_server_is_verified_by_the_systems_authorities(
    mssql: MssqlDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = tmp_path / "ca.pem"
    trusted.write_text(AUTHORITY)
    for host, parts in (("127.0.0.1", ["tls"]), ("localhost", [])):
        connector = connector_to(mssql.url, sslmode="verify-full", host=host)
        checks = await connector.test()
        assert [check.part for check in checks if not check.ok] == parts, checks
        await connector.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))


async def test_what_is_no_sql_server_fails_the_host_part() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(9)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port := free_port()):
        connector = connector_to(f"mssql://u:x@127.0.0.1:{port}/d")
        [check] = await connector.test()
        await connector.close()
    assert (check.part, check.ok) == ("host", False)
    assert "does not answer as SQL Server" in check.message


def _answering(check: Any) -> Any:
    async def asked() -> bool:
        return bool(check())

    return asked
