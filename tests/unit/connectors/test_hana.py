"""HANA without a server: what its driver is asked for, types, and error codes."""

from __future__ import annotations

import pytest

from syncline.connectors.dbapi.kinds import Kind
from syncline.connectors.dbapi.queries import base_query
from syncline.connectors.dbapi.session import Description
from syncline.connectors.errors import ConnectorError
from syncline.connectors.hana import HanaConnector
from syncline.connectors.hana.errors import CODES, server_error
from syncline.connectors.hana.kinds import DIALECT, kind_of
from syncline.connectors.hana.settings import HanaSettings, connect_options
from syncline.connectors.port import Surroundings
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode

CONFIG = {"host": "b1.example", "user": "u", "schema": "SBODEMO"}


async def test_a_call_without_the_driver_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("syncline.connectors.drivers.find_spec", lambda _: None)

    with pytest.raises(ConnectorError, match=r"syncline\[hana\]"):
        await HanaConnector(CONFIG, {}, Surroundings()).describe(Extraction(id_column="id"))


def test_the_driver_goes_to_the_address_that_was_checked_and_verifies_the_name() -> None:
    more = {"sslmode": "verify-full", "sslrootcert": "/ca.pem", "database": "NDB"}
    settings = HanaSettings.model_validate(CONFIG | more)

    said = connect_options(settings, "secret", "10.0.0.1")

    assert (said["address"], said["port"], said["distribution"]) == ("10.0.0.1", 30_015, "OFF")
    assert (said["sslHostNameInCertificate"], said["sslTrustStore"]) == ("b1.example", "/ca.pem")
    assert (said["databaseName"], said["currentSchema"]) == ("NDB", "SBODEMO")
    plain = connect_options(HanaSettings.model_validate({"host": "h", "user": "u"}), "x", "h")
    assert (plain["encrypt"], plain["sslValidateCertificate"]) == (True, False)
    assert not {"databaseName", "currentSchema", "sslTrustStore"} & plain.keys()


def test_types_are_read_by_their_numbers() -> None:
    kinds = {"3": Kind.WHOLE, "5": Kind.NUMBER, "11": Kind.TEXT, "14": Kind.DATE, "16": Kind.MOMENT,
             "61": Kind.MOMENT, "26": Kind.LONG_TEXT, "74": Kind.OTHER}  # fmt: skip
    assert {n: kind_of(Description("A", n)) for n in kinds} == kinds
    assert DIALECT.made(Kind.MOMENT, "b0") == (
        "to_timestamp(left(:b0, 27), 'YYYY-MM-DD HH24:MI:SS.FF7')"
    )


def test_values_are_bound_in_a_persons_sql() -> None:
    sql = """select * from "OITM" where "ItemCode" in (:codes) and ':x' <> "a:b" -- :y"""
    said = Extraction(
        id_column="ItemCode", mode=ExtractionMode.SQL, sql=sql, parameters={"codes": ["A", "B"]}
    )
    query = base_query(DIALECT, said, "")
    assert query.sql.startswith('select * from "OITM" where "ItemCode" in (:b0, :b1) and')
    assert query.given == {"b0": "A", "b1": "B"}


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (10, "authentication failed", "login_refused"),
        (414, "user is forced to change password", "login_refused"),
        (258, "insufficient privilege", "not_permitted"),
        (259, "invalid table name", "no_table"),
        (-10709, "Connection failed (RTE:[300015] SSL certificate validation failed)",
         "certificate_refused"),
        (257, "sql syntax error", "query_refused"),
    ],
)  # fmt: skip
def test_what_a_person_must_mend_is_not_tried_again(code: int, words: str, said: str) -> None:
    with pytest.raises(ConnectorError) as caught, CODES.translated():
        raise server_error(code, words)
    assert caught.value.failure.code == said
    assert "RTE" not in caught.value.failure.message


@pytest.mark.parametrize(
    ("words", "plain"),
    [  # as the driver said them, tried by hand
        ("Connection failed (RTE:[300015] SSL handshake failed: error code: 109576198, file:../cry"
         "pto/asn1/a_verify.c, line:220 - error:0A000086:SSL routines::certificate verify failed "
         "(127.0.0.1:46262 -> 127.0.0.1:42167))", "the server's certificate is not trusted"),
        ("Connection failed (RTE:[300001] Cannot create SSL engine: Received invalid SSL Record "
         "Header (127.0.0.1:46430 -> 127.0.0.1:33663))", "the port does not speak TLS"),
        ("Connection failed (RTE:[89013] Socket closed by peer {127.0.0.1:46216 -> 127.0.0.1:4216} "
         "(127.0.0.1:46216 -> 127.0.0.1:4216))", "Connection failed (Socket closed by peer)"),
    ],
)  # fmt: skip
def test_what_the_driver_says_is_said_in_words_for_people(words: str, plain: str) -> None:
    error = server_error(-10709, words)
    assert error.words == plain
    assert CODES.part_of(error) == ("tls" if "RTE:[300" in words else "host")


@pytest.mark.parametrize(
    ("code", "said"),
    [(-10709, "source_unavailable"), (133, "source_unavailable"), (139, "query_timeout")],
)
def test_what_passes_is_tried_again(code: int, said: str) -> None:
    with pytest.raises(RetriableError) as caught, CODES.translated():
        raise server_error(code, "words")
    assert caught.value.failure.code == said
