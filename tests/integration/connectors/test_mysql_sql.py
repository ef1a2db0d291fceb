"""MySQL read by SQL, views and procedures; what does not just read is refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from syncline.connectors.port import ConnectorError
from syncline.domain.mapping.condition import Condition
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode
from tests.support.mariadb import (
    MysqlDatabase,
    connector_to,
    run_all,
)

SQL, PROCEDURE = ExtractionMode.SQL, ExtractionMode.PROCEDURE
WHOLE = Extraction(id_column="id", table="t")


class TestSql:
    MADE = "create table t (id int primary key, day date, name varchar(9))"

    @pytest.fixture(autouse=True)
    async def rows(self, mysql: MysqlDatabase) -> None:
        await mysql.run(self.MADE)
        await mysql.run(
            "insert into t values (1, null, 'a'), (2, '2026-01-02', 'b'), (3, '2026-01-03', 'c'), "
            "(4, '2026-01-04', 'd')"
        )
        await mysql.run("create view v as select t.*, upper(name) as up from t")

    async def test_names_are_bound_and_hidden_ones_are_not(self, mysql: MysqlDatabase) -> None:
        sql = r"""select t.*, 'it\'s :no', ":no", `name` as `a:b` # :comment ;
            from t where (:cursor is null or day >= :cursor) and name in (:names) -- :no
            and name <> :odd;"""
        parameters = {"names": ["a", "c", "d"], "odd": "'; drop table t; -- \\"}
        extraction = Extraction(
            id_column="id", mode=SQL, sql=sql, parameters=parameters, cursor_column="day",
            cursor_type=CursorType.DATE, lookback=86_400.0,
        )  # fmt: skip

        assert await mysql.ids(extraction) == ["1", "3", "4"]
        assert await mysql.ids(extraction, after="2026-01-04") == ["3", "4"]

    async def test_times_of_a_zone_are_told_in_utc(self, mysql: MysqlDatabase) -> None:
        await mysql.run("create table z (id int, at datetime(3), day date, stamp timestamp)")
        first = "1, '2026-01-31 10:00:00.5', '2026-01-31', '2026-01-31 10:00:00'"
        others = "(2, '2026-07-31 10:00:00', null, null), (3, '0000-00-00', null, null)"
        await mysql.run(f"insert into z values ({first}), {others}")
        mysql.connector = connector_to(mysql.url, timezone="Europe/Berlin")
        sql = "select * from z where :cursor is null or at >= :cursor"
        table = Extraction(id_column="id", table="z", cursor_column="at")
        query = Extraction(id_column="id", mode=SQL, sql=sql, cursor_column="at")

        for extraction in (table, query):
            pages = await mysql.pages(extraction, page_size=1)
            cursors = [cursor for page in pages for cursor in page.cursors]
            assert cursors == [None, "2026-01-31T09:00:00.500000Z", "2026-07-31T08:00:00Z"]
            assert await mysql.ids(extraction, after=cursors[2]) in (["2"], ["3", "2"])
            assert (await mysql.ids(extraction, after=cursors[1]))[-2:] == ["1", "2"]
            assert await mysql.ids(extraction, position=pages[1].position) == ["2"]
            fetched = await mysql.connector.fetch(extraction, ["1"])
            [record] = fetched.records.records()
            assert record == pages[1].records.records()[0]
            assert (record["day"], record["stamp"]) == ("2026-01-31", "2026-01-31T10:00:00Z")
        await mysql.connector.close()

    async def test_ids_are_a_list(self, mysql: MysqlDatabase) -> None:
        sql = "select * from t where :ids is null or id in (:ids)"
        extraction = Extraction(id_column="id", mode=SQL, sql=sql)

        assert (await mysql.connector.fetch(extraction, ["4", "77", "x"])).ids == ["4"]
        assert len(await mysql.ids(extraction)) == 4

    async def test_a_view_is_read_and_filters_hold(self, mysql: MysqlDatabase) -> None:
        condition = Condition(field="up", op="in", value=["B", "C"])
        extraction = Extraction(id_column="id", table="v", columns=("name",), filters=(condition,))

        assert await mysql.ids(extraction) == ["2", "3"]
        assert await mysql.ids(extraction, limit=1, page_size=1) == ["2"]

    @pytest.mark.parametrize(
        "sql",
        [
            "select 1 as id) q; drop table t; -- ",
            "select 1 as id) q; delete from t; select * from (select 1",
            "delete from t",
            "select nextval(s) as id",
            "select wipe() as id",
            "select id, id from t",
            "select 1 as id into outfile '/tmp/x'",
        ],
    )
    async def test_what_does_not_just_read_is_refused(
        self, mysql: MysqlDatabase, mariadb: str, sql: str
    ) -> None:
        name = urlsplit(mysql.url).path[1:]
        await run_all(
            mariadb,
            f"create sequence {name}.s",
            f"create function {name}.wipe() returns int begin delete from {name}.t; return 1; end",
            f"grant execute on {name}.* to syncline@'%'",
        )
        with pytest.raises(ConnectorError):
            await mysql.pages(Extraction(id_column="id", mode=SQL, sql=sql))
        assert await mysql.run("select count(*) from t") == [(4,)]

    async def test_a_procedure_gives_its_rows(self, mysql: MysqlDatabase) -> None:
        await mysql.run(
            "create procedure p(least int, word varchar(9)) "
            "select *, word from t where id >= least order by id desc"
        )
        extraction = Extraction(
            id_column="id", mode=PROCEDURE, procedure="p", parameters={"word": "w'", "least": 2}
        )

        assert await mysql.ids(extraction, page_size=2) == ["4", "3", "2"]
        assert await mysql.ids(extraction, limit=1) == ["4"]
        assert (await mysql.records(extraction))[0]["word"] == "w'"
        assert (await mysql.connector.fetch(extraction, ["3", "9"])).ids == ["3"]
        described = await mysql.connector.describe(extraction) or []
        assert [c.name for c in described] == ["id", "day", "name", "word"]
        assert not mysql.connector.reads_in_order(extraction)

    @pytest.mark.parametrize(
        ("body", "parameters", "code"),
        [
            ("() begin select 1 as id; select 2 as id; end", {}, "several_results"),
            ("() do 1", {}, "no_result"),
            ("() delete from t", {}, "query_refused"),
            ("(a int) select 1 as id", {}, "unknown_parameter"),
            ("() select 1 as id", {"a": 1}, "unknown_parameter"),
            ("(out a int) select 1 as id", {"a": 1}, "unknown_parameter"),
        ],
    )
    async def test_other_procedures_are_refused(
        self, mysql: MysqlDatabase, body: str, parameters: dict[str, Any], code: str
    ) -> None:
        await mysql.run(f"create procedure p{body}")
        extraction = Extraction(
            id_column="id", mode=PROCEDURE, procedure="p", parameters=parameters
        )

        with pytest.raises(ConnectorError) as caught:
            await mysql.pages(extraction)

        assert caught.value.failure.code == code
        assert await mysql.run("select count(*) from t") == [(4,)]
