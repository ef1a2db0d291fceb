"""Oracle without a server: statements, types, error codes, and what its driver would get wrong."""

from __future__ import annotations

import asyncio
import ssl
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.dbapi.errors import ServerError
from syncline.connectors.dbapi.kinds import Kind, bindable, equal_for, moment
from syncline.connectors.dbapi.names import names_of, table_name
from syncline.connectors.dbapi.queries import base_query
from syncline.connectors.dbapi.session import Description
from syncline.connectors.dbapi.shape import Column
from syncline.connectors.dbapi.values import values_of
from syncline.connectors.dbapi.window import Position, Window
from syncline.connectors.errors import ConnectorError
from syncline.connectors.oracle import OracleConnector
from syncline.connectors.oracle.errors import CODES, server_error
from syncline.connectors.oracle.kinds import DIALECT, kind_of, kind_of_type
from syncline.connectors.oracle.procedure import call_of
from syncline.connectors.oracle.target.catalog import TableDescription, TargetColumn, by_any_case
from syncline.connectors.oracle.target.column_values import convert_values
from syncline.connectors.oracle.target.table import TargetTable, input_type
from syncline.connectors.oracle.target.upsert import Upsert
from syncline.connectors.oracle.text import TOKENS
from syncline.connectors.port import Surroundings, unpaced
from syncline.connectors.sql.text import names_in
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from tests.support.certificates import Authority

CONFIG = {"host": "h", "database": "d", "user": "u"}
SESSION: Any = None


async def test_a_call_without_the_driver_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("syncline.connectors.drivers.find_spec", lambda _: None)

    with pytest.raises(ConnectorError, match=r"syncline\[oracle\]"):
        await OracleConnector(CONFIG, {}, Surroundings()).describe(Extraction(id_column="id"))


async def test_a_server_of_another_name_is_not_trusted(tmp_path: Path) -> None:
    """The driver turns off what was asked of TLS, for a check of its own that we do not use."""
    authority = Authority()
    signed = authority.sign()
    (tmp_path / "both.pem").write_text(signed.certificate + signed.key)
    (tmp_path / "ca.pem").write_text(authority.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")

    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async def failing(host: str, **more: object) -> tuple[str, str]:
        config = CONFIG | {"host": host, "port": port, "sslmode": "verify-full"} | more
        around = Surroundings(outbound_allow=("127.0.0.0/8",))
        connector = OracleConnector(config, {"password": "x"}, around, resolve)
        [check] = [check for check in await connector.test() if not check.ok]
        await connector.close()
        return check.part, check.message

    def end(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(end, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        trusted = str(tmp_path / "ca.pem")
        unknown = await failing("localhost")
        other = await failing("other.example", sslrootcert=trusted)
        known = await failing("localhost", sslrootcert=trusted)

    assert [part for part, _ in (unknown, other, known)] == ["tls", "tls", "host"]
    assert "local issuer certificate" in unknown[1]
    assert "other.example" in other[1]


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        (":a and ':b' and \":c\" and 'it''s :f' -- :g", ["a"]),
        ("q'[:a ' ]' || nQ'!it's :b!' || :c := /* :d */ :e", ["c", "e"]),
    ],
)
def test_names_are_found_as_oracle_reads_them(sql: str, names: list[str]) -> None:
    assert names_in(sql, TOKENS) == names


def test_names_are_upper_case_unless_they_are_quoted() -> None:
    assert names_of('shop.items."Old"') == ("SHOP", "ITEMS", "Old")
    assert table_name('shop."my.items"') == '"SHOP"."my.items"'


def test_types_are_read_as_they_are_declared() -> None:
    numbers = ((10, 0), (10, 2), (None, None), (0, -127))
    assert [kind_of_type("NUMBER", *said) for said in numbers] == [Kind.WHOLE] + [Kind.NUMBER] * 3
    kinds = {"TIMESTAMP(9) WITH LOCAL TIME ZONE": Kind.OFFSET, "DATE": Kind.SECOND,
             "TIMESTAMP(6)": Kind.MOMENT, "NCLOB": Kind.LONG_TEXT, "CHAR": Kind.FIXED,
             "SDO_GEOMETRY": Kind.OTHER, "BINARY_FLOAT": Kind.REAL}  # fmt: skip
    assert {name: kind_of_type(name, None, None) for name in kinds} == kinds
    assert kind_of(Description("A", "DB_TYPE_TIMESTAMP_TZ")) is Kind.OFFSET


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (Kind.SECOND, "2026-07-01T02:00:00.75+02:00", "2026-07-01 00:00:00"),
        (Kind.MOMENT, "2026-07-01T02:00:00.123456789", "2026-07-01 02:00:00.123456789"),
        (Kind.MOMENT, "2026-07-01", "2026-07-01 00:00:00.000000000"),
        (Kind.OFFSET, "2026-07-01 02:00 +0230", "2026-07-01 02:00:00.000000000 +02:30"),
        (Kind.OFFSET, "2026-07-01T02:00:00Z", "2026-07-01 02:00:00.000000000 +00:00"),
        (Kind.MOMENT, "-0044-03-15 00:00", "-0044-03-15 00:00:00.000000000"),
        (Kind.DATE, "2026-07-01T02:00:00", "2026-07-01"),
        (Kind.MOMENT, "01.07.2026", None),
        (Kind.MOMENT, "", None),
    ],
)
def test_times_have_one_form_for_statements(kind: Kind, text: str, said: str | None) -> None:
    assert moment(kind, text) == said


def test_what_is_bound_keeps_all_its_digits() -> None:
    assert bindable(Kind.NUMBER, "12345678901234567890.1234567890123456789") == Decimal(
        "12345678901234567890.1234567890123456789"
    )
    assert [bindable(Kind.NUMBER, text) for text in ("", "x", "NaN", "1e99")] == [None] * 4
    assert bindable(Kind.RAW, "0aF") is None
    assert equal_for(Kind.FIXED, "AB  ") == equal_for(Kind.FIXED, "AB")
    assert equal_for(Kind.WHOLE, "007") == equal_for(Kind.WHOLE, "7.0")
    assert equal_for(Kind.OFFSET, "2026-07-01 02:00 +02:00") == equal_for(
        Kind.OFFSET, "2026-07-01T00:00:00Z"
    )


def test_values_of_odd_types_travel_as_texts() -> None:
    assert values_of(Kind.DOUBLE, [1.5, float("nan"), float("-inf"), None]) == [
        1.5, "nan", "-inf", None,
    ]  # fmt: skip
    assert values_of(Kind.REAL, [0.10000000149011612]) == [0.1]
    assert values_of(Kind.OTHER, [None, timedelta(hours=1)]) == [None, "1:00:00"]
    assert values_of(Kind.OTHER, [{"a": 1}]) == [{"a": 1}]
    assert values_of(Kind.OTHER, [datetime(2026, 7, 1)]) == ["2026-07-01T00:00:00"]  # noqa: DTZ001


def table(*columns: TargetColumn, key: tuple[str, ...] = ("sku",), **more: Any) -> TargetTable:
    found = by_any_case({column.name: column for column in columns})
    described = TableDescription(("SHOP", "ITEMS"), found, [["SKU"]], [], False)
    return TargetTable(SESSION, "shop.items", described, key, **more)


SKU = TargetColumn("SKU", "VARCHAR2", Kind.TEXT, 20, in_bytes=True)
NAME = TargetColumn("Name", "NVARCHAR2", Kind.TEXT, 3)
CHANGED = TargetColumn("CHANGED", "DATE", Kind.SECOND)


def test_a_row_is_merged_by_its_key_which_is_never_changed() -> None:
    """To change a column of the condition is ORA-38104."""
    upsert = Upsert(SESSION, table(SKU, NAME, CHANGED, on_create=("Name",)), unpaced)

    assert upsert.merge(["Name", "changed", "sku"]) == (
        'merge into "SHOP"."ITEMS" t using dual on (t."SKU" = :b2) when matched then update set '
        "\"CHANGED\" = to_date(:b1, 'SYYYY-MM-DD HH24:MI:SS') when not matched then insert "
        '("Name", "CHANGED", "SKU") values '
        "(:b0, to_date(:b1, 'SYYYY-MM-DD HH24:MI:SS'), :b2)"
    )
    assert "when matched" not in upsert.merge(["sku"])


def test_texts_are_bound_as_their_columns_hold_them() -> None:
    clob = TargetColumn("C", "CLOB", Kind.LONG_TEXT)
    assert [input_type(clob, size) for size in (4000, 4001)] == ["DB_TYPE_VARCHAR", "DB_TYPE_CLOB"]
    assert input_type(NAME, 3) == "DB_TYPE_NVARCHAR"
    assert input_type(TargetColumn("D", "BINARY_DOUBLE", Kind.DOUBLE), 0) == "DB_TYPE_BINARY_DOUBLE"


@pytest.mark.parametrize(
    ("column", "charset", "value", "said"),
    [
        (SKU, "AL32UTF8", "ü" * 10, "ü" * 10),
        (SKU, "AL32UTF8", "ü" * 11, "takes 20 bytes, and the value has 22"),
        (NAME, "WE8MSWIN1252", "日本語", "日本語"),
        (NAME, "AL32UTF8", "日本語人", "takes 3 characters"),
        (SKU, "WE8MSWIN1252", "日本", "cannot hold '日'"),
        (SKU, "WE8MSWIN1252", "ü" * 20, "ü" * 20),
        (SKU, "AL32UTF8", "", None),
        (TargetColumn("I", "INTERVAL DAY(2) TO SECOND(6)", Kind.OTHER), "", "P1D", "INTERVAL DAY"),
        (TargetColumn("N", "NUMBER", Kind.NUMBER), "", Decimal("9" * 38), Decimal("9" * 38)),
        (TargetColumn("N", "NUMBER", Kind.NUMBER), "", Decimal("1e50"), Decimal("1e50")),
        (TargetColumn("N", "NUMBER", Kind.NUMBER), "", Decimal("9" * 39), "takes 38 digits"),
        (TargetColumn("N", "NUMBER", Kind.WHOLE), "", "true", Decimal(1)),
        (TargetColumn("R", "RAW", Kind.RAW, 2), "", "00fF1", "hexadecimal"),
        (TargetColumn("R", "RAW", Kind.RAW, 2), "", "00ff11", "takes 2 bytes"),
        (CHANGED, "", "2026-07-01", "2026-07-01 00:00:00"),
    ],
)
def test_a_value_is_bound_or_refused_before_oracle_would_change_it(
    column: TargetColumn, charset: str, value: object, said: object
) -> None:
    records: list[Any] = [{"C": value}]

    failures = convert_values(records, [0], {"C": column}, (), charset)

    if failures:
        assert str(said) in failures[0].message
    else:
        assert records == [{"C": said}]


def test_a_key_with_another_collation_cannot_be_upserted_by() -> None:
    odd = TargetColumn("SKU", "VARCHAR2", Kind.TEXT, 20, is_binary=False)
    with pytest.raises(ConnectorError, match="collation"):
        table(odd).check_keyed()


def test_a_read_goes_on_behind_its_position_with_empty_cursors_first() -> None:
    shape = {"ID": Column("ID", Kind.FIXED), "AT": Column("AT", Kind.OFFSET)}
    window = Window(DIALECT, Extraction(id_column="ID", table="t", cursor_column="AT"), shape)
    given: dict[str, object] = {}

    where = window.where(None, Position("2026-07-01 00:00:00.5 +00:00", "A "), given)

    mask = "'SYYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM'"
    assert window.order == 'q."AT" nulls first, q."ID" nulls first'
    assert where == (
        f' where (q."AT" > to_timestamp_tz(:b1, {mask}) or '
        f'(q."AT" = to_timestamp_tz(:b2, {mask}) and q."ID" > :b0))'
    )
    assert given["b0"] == "A "
    assert given["b1"] == "2026-07-01 00:00:00.500000000 +00:00"


def test_a_cursor_is_bound_as_a_time_less_its_lookback() -> None:
    sql = "select * from t where :cursor is null or at >= :cursor"
    said = Extraction(id_column="ID", mode=ExtractionMode.SQL, sql=sql, lookback=60.0)
    query = base_query(DIALECT, said, "", "2026-07-01T10:00:00.5+02:00")
    assert query.sql == "select * from t where 1 is null or at >= :b0"
    assert str(query.given["b0"]) == "2026-07-01 07:59:00.500000"


def test_a_procedure_gets_its_values_by_name_and_gives_its_rows_by_a_cursor() -> None:
    arguments: list[Any] = [
        ("P_LIST", "IN", "NUMBER", "N"),
        ("P_DAY", "IN", "DATE", "Y"),
        ("P_ROWS", "OUT", "REF CURSOR", "N"),
    ]
    extraction = Extraction(
        id_column="ID", mode=ExtractionMode.PROCEDURE, procedure="prices.current_list",
        parameters={"p_list": 1},
    )  # fmt: skip
    sql, given, cursor = call_of(extraction, arguments)
    assert sql == 'begin "PRICES"."CURRENT_LIST"("P_LIST" => :b0, "P_ROWS" => :b1); end;'
    assert (given, cursor) == ({"b0": 1, "b1": None}, "b1")

    for parameters, words in (({}, "'P_LIST'.* no value"), ({"p_list": 1, "x": 2}, "'X'")):
        odd = Extraction(
            id_column="ID", mode=ExtractionMode.PROCEDURE, procedure="p", parameters=parameters
        )
        with pytest.raises(ConnectorError, match=words):
            call_of(odd, arguments)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ORA-01017", "login_refused"),
        ("ORA-28001", "login_refused"),
        ("ORA-01031", "not_permitted"),
        ("DPY-6001", "no_database"),
        ("ORA-12514", "no_database"),
        ("DPY-3001", "encryption_demanded"),
        ("ORA-01653", "disk_full"),
        ("ORA-00933", "query_refused"),
    ],
)
def test_what_a_person_must_mend_is_not_tried_again(code: str, said: str) -> None:
    with pytest.raises(ConnectorError) as caught, CODES.translated():
        raise ServerError(code, f"{code}: words")
    assert caught.value.failure.code == said
    assert ("SID" in caught.value.failure.message) == (said == "no_database")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ORA-01555", "source_unavailable"),
        ("ORA-00054", "source_unavailable"),
        ("DPY-4011", "source_unavailable"),
        ("ORA-12541", "source_unavailable"),
        ("DPY-4024", "query_timeout"),
        ("ORA-16000", "read_only"),
    ],
)
def test_what_passes_is_tried_again(code: str, said: str) -> None:
    with pytest.raises(RetriableError) as caught, CODES.translated():
        raise ServerError(code, f"{code}: words")
    assert caught.value.failure.code == said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ORA-00001", "constraint_violated"),
        ("ORA-01400", "constraint_violated"),
        ("ORA-02291", "parent_missing"),
        ("ORA-12899", "value_refused"),
        ("ORA-01843", "value_refused"),
        ("ORA-20001", "value_refused"),
    ],
)
def test_what_a_record_meets_is_its_own(code: str, said: str) -> None:
    error = server_error(code, f'{code}: cannot insert NULL into ("SHOP"."ITEMS"."NAME")\nHelp: '
                         "https://docs.oracle.com/error-help/db/x/")  # fmt: skip
    assert CODES.is_of_a_record(error)
    failure = CODES.failure_of(error)
    assert (failure.code, failure.field) == (said, "NAME")
    assert "Help" not in failure.message


def test_marks_of_the_driver_are_left_out() -> None:
    said = server_error("DPY-6005", "DPY-6005: cannot connect to database (CONNECTION_ID=8gc==).\n"
                        "[Errno 104] Connection reset by peer")  # fmt: skip
    assert said.words == "DPY-6005: cannot connect to database. Connection reset by peer"
