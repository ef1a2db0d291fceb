"""Sessions at MySQL: waits, kills, deadlocks, sizes, TLS and rights."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from syncline.connectors.port import ConnectorError, ExtractRequest
from syncline.connectors.sql import wait_limit
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.connectors.bulks import bulk
from tests.support.certificates import Authority
from tests.support.eventually import eventually
from tests.support.mariadb import (
    CuttingProxy,
    MysqlDatabase,
    connect,
    connector_to,
    run_all,
)

SQL, PROCEDURE = ExtractionMode.SQL, ExtractionMode.PROCEDURE
WHOLE = Extraction(id_column="id", table="t")


class TestSessions:
    async def fill(self, mysql: MysqlDatabase, count: int) -> Extraction:
        await mysql.run("create table t (id int primary key, body longtext, at datetime)")
        await mysql.run(f"insert into t select seq, repeat('x', 2000), now() from seq_1_to_{count}")
        return Extraction(id_column="id", table="t", cursor_column="at")

    async def test_a_server_waits_while_a_page_is_away(self, mysql: MysqlDatabase) -> None:
        """So that a read takes the memory of a page or two, however long the table."""
        extraction = await self.fill(mysql, 20_000)

        async def waits() -> bool:
            states = "select 1 from information_schema.processlist where state = 'Writing to net'"
            return bool(await mysql.run(states))

        seen = 0
        async for page in mysql.connector.extract(ExtractRequest(extraction)):
            if not seen:
                await eventually(waits, within=5)
            seen += len(page.ids)
        assert seen == 20_000

    async def test_a_read_that_waits_for_long_goes_on_in_another_snapshot(
        self, mysql: MysqlDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wait_limit, "LONGEST", 0.2)
        extraction = await self.fill(mysql, 2_000)
        pages = mysql.connector.extract(ExtractRequest(extraction, page_size=300))
        seen = list((await anext(pages)).ids)

        async def is_closed() -> bool:
            others = "select 1 from information_schema.processlist where id <> connection_id()"
            return not await mysql.run(f"{others} and db = database()")

        await eventually(is_closed, within=10)
        await mysql.run("update t set body = 'new', at = now() where id > 1995")
        seen += [i async for page in pages for i in page.ids]
        assert sorted(map(int, seen)) == list(range(1, 2_001))

    async def test_a_read_that_is_given_up_leaves_nothing_behind(
        self, mysql: MysqlDatabase
    ) -> None:
        extraction = await self.fill(mysql, 5_000)

        async def some() -> None:
            async for page in mysql.connector.extract(ExtractRequest(extraction, page_size=10)):
                if "50" in page.ids:
                    task.cancel()

        task = asyncio.create_task(some())
        with pytest.raises(asyncio.CancelledError):
            await task

        assert len(await mysql.ids(extraction)) == 5_000

    async def test_a_query_that_takes_too_long_is_ended_at_the_server(
        self, mysql: MysqlDatabase
    ) -> None:
        slow = connector_to(mysql.url, statementTimeout=1)
        sql = "select seq as id from seq_1_to_9 where sleep(30) = 0"
        extraction = Extraction(id_column="id", mode=ExtractionMode.SQL, sql=sql)

        with pytest.raises(RetriableError) as caught:
            async for _ in slow.extract(ExtractRequest(extraction)):
                pass

        assert caught.value.failure.code == "query_timeout"
        running = "select 1 from information_schema.processlist where info like '%seq_1_to_9%'"
        others = f"{running} and id <> connection_id()"

        async def is_ended() -> bool:
            return not await mysql.run(others)

        await eventually(is_ended, within=5)
        await slow.close()

    async def test_a_field_that_is_too_long_stays_there(self, mysql: MysqlDatabase) -> None:
        extraction = await self.fill(mysql, 3)
        await mysql.run("update t set body = repeat('x', 2000000) where id = 2")

        [page] = await mysql.pages(extraction)

        assert {n: (f.code, f.field) for n, f in page.bad.items()} == {
            1: ("record_too_large", "body")
        }
        assert page.records.column("body")[1] is None
        assert (await mysql.connector.fetch(extraction, ["2"])).bad.keys() == {0}

    async def test_a_session_that_is_killed_in_a_write_is_no_failure_of_records(
        self, mysql: MysqlDatabase, mariadb: str
    ) -> None:
        await mysql.run("create table t (id int primary key, n int)")
        await mysql.run("insert into t values (1, 1)")
        await mysql.run("begin")
        await mysql.run("update t set n = 2")
        batch = bulk("t", [{"id": n, "n": 9} for n in range(3)])
        writing = asyncio.create_task(mysql.connector.write(batch))
        waiting = (
            "select id from information_schema.processlist where info like 'insert into%t%' "
            f"and db = '{urlsplit(mysql.url).path[1:]}' and command = 'Query'"
        )
        await eventually(lambda: run_all(mariadb, waiting), within=10)
        await run_all(mariadb, f"kill {(await run_all(mariadb, waiting))[0][0]}")

        with pytest.raises(RetriableError):
            await writing

        await mysql.run("commit")
        assert (await mysql.connector.write(batch)).failures == {}
        assert await mysql.run("select id, n from t order by id") == [(0, 9), (1, 9), (2, 9)]

    async def test_a_deadlock_is_tried_again_at_once(self, mysql: MysqlDatabase) -> None:
        await mysql.run("create table t (id int primary key, n int)")
        await mysql.run("insert into t values (1, 1), (9, 1)")
        other = await connect(mysql.url)
        async with other.cursor() as cursor:
            await cursor.execute("begin")
            await cursor.execute("insert into t select seq + 100, 0 from seq_1_to_1000")
            await cursor.execute("update t set n = 5 where id = 9")
            writing = asyncio.create_task(
                mysql.connector.write(bulk("t", [{"id": 1, "n": 2}, {"id": 9, "n": 2}]))
            )
            locks = "select 1 from information_schema.processlist where info like 'insert into%t%'"
            await eventually(lambda: mysql.run(f"{locks} and time_ms > 20"), within=10)
            await cursor.execute("update t set n = 5 where id = 1")
            await cursor.execute("commit")
        other.close()

        assert (await writing).failures == {}
        assert await mysql.run("select n from t where id < 10") == [(2,), (2,)]

    async def test_a_record_that_no_statement_holds_fails_alone(
        self, mysql: MysqlDatabase, mariadb: str
    ) -> None:
        await mysql.run("create table t (id int primary key, b longblob)")
        [(usual,)] = await run_all(mariadb, "select @@max_allowed_packet")
        await run_all(mariadb, "set global max_allowed_packet = 1048576")
        large = b64encode(bytes(600_000)).decode()

        result = await mysql.connector.write(
            bulk("t", [{"id": n, "b": large if n == 1 else None} for n in range(3)])
        )

        await run_all(mariadb, f"set global max_allowed_packet = {usual}")
        assert "max_allowed_packet" in result.failures[1].message
        assert await mysql.run("select id from t") == [(0,), (2,)]


class TestTls:
    async def test_each_mode_checks_what_it_says(
        self, mysql: MysqlDatabase, mariadb_authority: Authority, tmp_path: Path
    ) -> None:
        trusted = tmp_path / "ca.pem"
        trusted.write_text(mariadb_authority.certificate)
        parts = {
            "prefer": None, "require": None, "verify-ca": "tls", "verify-full": "tls",
        }  # fmt: skip
        for mode, failing in parts.items():
            connector = connector_to(mysql.url, sslmode=mode)
            failed = [check.part for check in await connector.test() if not check.ok]
            assert failed == ([failing] if failing else []), mode
            await connector.close()
        for mode, host in (("verify-ca", "127.0.0.1"), ("verify-full", "localhost")):
            connector = connector_to(mysql.url, sslmode=mode, sslrootcert=str(trusted), host=host)
            assert [check.message for check in await connector.test() if not check.ok] == []
            await connector.close()

    async def test_a_server_without_tls_is_named_or_reached_without(
        self, mysql: MysqlDatabase
    ) -> None:
        proxy = CuttingProxy(urlsplit(mysql.url).port or 0, takes_tls=False)
        async with proxy.open():
            for mode, failing in (("prefer", []), ("require", ["tls"])):
                connector = connector_to(mysql.url, sslmode=mode, port=proxy.port)
                assert [c.part for c in await connector.test() if not c.ok] == failing
                await connector.close()


async def test_rights_that_lack_and_a_powerful_user_are_named(
    mysql: MysqlDatabase, mariadb: str
) -> None:
    await mysql.run("create table t (id int primary key)")
    user = f"reader_{urlsplit(mysql.url).path[1:]}"
    name = urlsplit(mysql.url).path[1:]
    await run_all(
        mariadb, f"create user {user} identified by 'x'", f"grant select on {name}.* to {user}"
    )
    reader = connector_to(mysql.url, "x", user=user)
    with pytest.raises(ConnectorError, match="grant select, insert, update on `t`") as caught:
        await reader.write(bulk("t", [{"id": 1}]))
    assert caught.value.failure.code == "not_permitted"
    await reader.close()
    owner = connector_to(mariadb)
    assert "may do everything" in (await owner.test())[-1].message
    await owner.close()
    await run_all(mariadb, f"drop user {user}")
