"""SQL Server without a server: its driver is an extra, and its SQL hides names as T-SQL does."""

from __future__ import annotations

import subprocess
import sys

import pytest

from syncline.connectors.errors import ConnectorError
from syncline.connectors.mssql import MssqlConnector
from syncline.connectors.mssql.errors import ServerError, failure_of
from syncline.connectors.mssql.kinds import Kind, kind_of, length_of, made, text_for
from syncline.connectors.mssql.sessions import connection_string
from syncline.connectors.mssql.settings import MssqlSettings
from syncline.connectors.mssql.text import TOKENS
from syncline.connectors.port import Surroundings
from syncline.connectors.sql.text import names_in
from syncline.connectors.sql.values import whole_number
from syncline.connectors.sql.worker import Worker
from syncline.domain.mapping.extraction import Extraction
from tests.support.eventually import eventually

CONFIG = {"host": "h", "database": "d", "user": "u"}
WITHOUT = """
import sys
sys.modules["mssql_python"] = None
from syncline.connectors.registry import connector_class
print(connector_class("mssql").profile_schema()["title"])
"""


def test_it_is_offered_without_its_driver() -> None:
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT], check=True, capture_output=True, text=True
    )
    assert said.stdout == "SQL Server\n"


async def test_a_call_without_the_driver_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("syncline.connectors.drivers.find_spec", lambda _: None)

    with pytest.raises(ConnectorError, match=r"syncline\[mssql\]"):
        await MssqlConnector(CONFIG, {}, Surroundings()).describe(Extraction(id_column="id"))


def test_what_the_driver_cannot_do_is_refused() -> None:
    problems = MssqlConnector.config_problems(CONFIG | {"sslrootcert": "/ca.pem"}, {})
    assert [p.path for p in problems] == ["$.config.sslrootcert"]


def test_no_text_leaves_its_place_in_a_connection_string() -> None:
    settings = MssqlSettings.model_validate(CONFIG | {"sslmode": "verify-full"})
    said = connection_string(settings, "a}b;Encrypt=no", "10.0.0.1")
    assert "PWD={a}}b;Encrypt=no};" in said
    assert "Server={tcp:10.0.0.1,1433};" in said
    assert "HostnameInCertificate={h}" in said


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        (":a and ':b' and \":c\" and [:d]]:e] and 'it''s :f'", ["a"]),
        ("geography::Point(1, 2, 3), :a -- :b\n, :c /* :d */", ["a", "c"]),
    ],
)
def test_names_are_found_as_sql_server_reads_them(sql: str, names: list[str]) -> None:
    assert names_in(sql, TOKENS) == names


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (Kind.WHOLE, "007", "007"),
        (Kind.WHOLE, "", None),
        (Kind.WHOLE, "-", None),
        (Kind.DECIMAL, "1.10", "1.10"),
        (Kind.DECIMAL, "1e5", None),
        (Kind.FLOAT, "1e5", "1e5"),
        (Kind.FLOAT, "inf", None),
        (Kind.BIT, "2", None),
        (Kind.DATE, "01/02/2026", None),
        (Kind.DATETIME, "", None),
        (Kind.DATETIME, "2026-05-01T10:00:00.1234567", "2026-05-01 10:00:00.1234567"),
        (Kind.DATETIME, "2026-05-01T10:00:00.5+02:00", "2026-05-01 08:00:00.500000"),
        (Kind.OFFSET, "2026-05-01T10:00:00+0200", "2026-05-01 10:00:00 +02:00"),
        (Kind.OFFSET, "2026-05-01T10:00:00Z", "2026-05-01 10:00:00 +00:00"),
        (Kind.OFFSET, "2026-05-01", "2026-05-01 00:00 +00:00"),
        (Kind.GUID, "6F9619FF-8B86-D011-B42D-00C04FC964FF", "6F9619FF-8B86-D011-B42D-00C04FC964FF"),
        (Kind.GUID, "6F9619FF-8B86-D011-B42D-00C04FC964FFx", None),
        (Kind.BINARY, "AP8=", "00ff"),
        (Kind.BINARY, "no base64", None),
        (Kind.OTHER, "x", None),
    ],
)
def test_no_text_is_sent_that_the_server_would_guess_at(
    kind: Kind, text: str, said: str | None
) -> None:
    assert text_for(kind, text) == said


def test_types_are_read_as_they_are_declared() -> None:
    kinds = {"datetime2(3)": Kind.DATETIME, "timestamp": Kind.ROWVERSION, "geography": Kind.OTHER,
             "nvarchar(max)": Kind.TEXT, "money": Kind.DECIMAL, "image": Kind.BINARY}  # fmt: skip
    assert {name: kind_of(name) for name in kinds} == kinds
    assert [length_of(t) for t in ("nvarchar(20)", "nvarchar(max)", "decimal(9,2)", "time(7)")] == [
        20, None, None, None,
    ]  # fmt: skip
    assert made("timestamp", "@a") == "convert(binary(8), convert(bigint, @a))"
    assert made("datetime", "@a") == "convert(datetime, @a, 121)"


@pytest.mark.parametrize("value", ["1.5", "", "x", 1.5, float("nan"), [], {}])
def test_no_number_is_rounded(value: object) -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        whole_number(value)
    assert [whole_number(v) for v in (True, 7, "7.0", 7.0)] == [1, 7, 7, 7]


async def test_a_worker_gives_back_values_and_errors_and_ends() -> None:
    worker = Worker("test")

    def fail() -> None:
        raise KeyError("x")

    assert await worker.run(lambda: 7) == 7
    with pytest.raises(KeyError):
        await worker.run(fail)
    worker.end(lambda: None)

    async def is_ended() -> bool:
        return not worker.is_alive

    await eventually(is_ended, within=5)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ('The MERGE statement conflicted with the FOREIGN KEY constraint "FK_item". The conflict '
         "occurred in database \"d\", table \"dbo.item\", column 'sku'.", "parent_missing"),
        ('The MERGE statement conflicted with the CHECK constraint "CK_price". The conflict '
         "occurred in database \"d\", table \"dbo.stock\", column 'price'.", "constraint_violated"),
        ('The DELETE statement conflicted with the REFERENCE constraint "FK_item".',
         "constraint_violated"),
    ],
)  # fmt: skip
def test_a_record_whose_parent_is_not_there_yet_can_wait_for_it(words: str, code: str) -> None:
    failure = failure_of(ServerError(547, words))
    assert failure.code == code
