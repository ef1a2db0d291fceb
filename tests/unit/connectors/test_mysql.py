"""MySQL without a server: its driver is an extra, and its SQL hides names as MySQL reads it."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from syncline.connectors.errors import ConnectorError
from syncline.connectors.mysql import MysqlConnector
from syncline.connectors.mysql.errors import translated_errors
from syncline.connectors.mysql.kinds import Kind, literal
from syncline.connectors.mysql.text import TOKENS
from syncline.connectors.port import Surroundings
from syncline.connectors.sql.text import names_in
from syncline.domain.mapping.extraction import Extraction
from tests.support.ports import free_port

CONFIG = {"host": "h", "database": "d", "user": "u"}
WITHOUT = """
import sys
sys.modules["asyncmy"] = None
from syncline.connectors.registry import connector_class
print(connector_class("mysql").profile_schema()["title"])
"""


def test_it_is_offered_without_its_driver() -> None:
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT], check=True, capture_output=True, text=True
    )
    assert said.stdout == "MySQL, MariaDB\n"


async def test_a_call_without_the_driver_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("syncline.connectors.drivers.find_spec", lambda _: None)

    with pytest.raises(ConnectorError, match=r"syncline\[mysql\]"):
        await MysqlConnector(CONFIG, {}, Surroundings()).describe(Extraction(id_column="id"))


def test_a_server_gets_no_file_of_this_machine() -> None:
    said = RuntimeError("**WARN**: Received LOAD_LOCAL packet but local_infile option is false.")
    with pytest.raises(ConnectorError) as caught, translated_errors():
        raise said
    assert caught.value.failure.code == "local_file_asked"


async def test_what_is_no_server_of_mysql_fails_the_host_part() -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x01\0\0\0\x0a")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port := free_port()):
        config = CONFIG | {"host": "127.0.0.1", "port": port, "sslmode": "disable"}
        around = Surroundings(outbound_allow=("127.0.0.0/8",))
        [check] = await MysqlConnector(config, {}, around).test()
    assert (check.part, check.ok) == ("host", False)


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        (":a and ':b' and \":c\" and `:d` and 'it\\':e' and 'x'':f'", ["a"]),
        ("@x := 1, :a # :b\n, :c -- :d\n, 1--:e /* :f */", ["a", "c", "e"]),
    ],
)
def test_names_are_found_as_mysql_reads_them(sql: str, names: list[str]) -> None:
    assert names_in(sql, TOKENS) == names


@pytest.mark.parametrize(
    ("kind", "text", "sql"),
    [
        (Kind.WHOLE, "007", "7"),
        (Kind.WHOLE, "7 or 1=1", None),
        (Kind.DECIMAL, "1.10", "1.10"),
        (Kind.DECIMAL, "NaN", None),
        (Kind.DECIMAL, "1e999999", None),
        (Kind.FLOAT, "0.1", "0.10000000149011612e0"),
        (Kind.FLOAT, "1e300", None),
        (Kind.DOUBLE, "1e300", "1e+300"),
        (Kind.DOUBLE, "inf", None),
        (Kind.TIMESTAMP, "2026-05-01T10:00:00.5+02:00", "'2026-05-01 08:00:00.500000'"),
        (Kind.DATETIME, "0000-00-00 00:00:00", "'0000-00-00 00:00:00'"),
        (Kind.DATETIME, "2026-05-01T10:00:00' or '1", None),
        (Kind.TIME, "-838:59:59", "'-838:59:59'"),
        (Kind.TIME, "x", None),
        (Kind.BINARY, "AP8=", "x'00ff'"),
        (Kind.BINARY, "no base64", None),
        (Kind.TEXT, "'; ä", "_utf8mb4 x'273b20c3a4'"),
    ],
)
def test_texts_become_sql_of_their_kind_or_nothing(kind: Kind, text: str, sql: str | None) -> None:
    assert literal(kind, text) == sql
