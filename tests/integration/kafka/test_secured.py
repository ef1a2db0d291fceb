"""Kafka over TLS and SASL: a broker of the test's own that lets nobody in otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from syncline.bootstrap.settings import Settings
from syncline.connectors.kafka import KafkaConnector
from syncline.connectors.port import Surroundings, WriteBatch
from syncline.contracts.wire import Outbound
from syncline.domain.errors import FailureError, RetriableError
from syncline.domain.mapping.extraction import Extraction
from syncline.embedded.kafka import EmbeddedKafka, java_with_kafka
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.failures import BrokerRefusedError
from syncline.kafka.producer import KafkaProducer
from syncline.kafka.reader import KafkaReader
from tests.support.certificates import Authority
from tests.support.folders import server_folder
from tests.support.message_keys import TEXT
from tests.support.ports import free_port

USER, PASSWORD = "syncline", "s3cret-of-the-test"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Path]:
    authority = Authority()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    file.write_text(authority.certificate)
    return authority, file


def broker_settings(authority: Authority, tls: int, scram: int) -> dict[str, str]:
    own = authority.sign()
    one_line = {n: t.replace("\n", "\\n") for n, t in own._asdict().items()}
    return {
        "listeners": f"TLS://127.0.0.1:{tls},LOGIN://127.0.0.1:{scram}",
        "advertised.listeners": f"TLS://127.0.0.1:{tls},LOGIN://127.0.0.1:{scram}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SASL_SSL,"
        "LOGIN:SASL_PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": one_line["certificate"],
        "ssl.keystore.key": one_line["key"],
        "listener.name.tls.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.login.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.tls.plain.sasl.jaas.config": f'{PLAIN} required user_{USER}="{PASSWORD}";',
        "listener.name.login.scram-sha-512.sasl.jaas.config": f"{SCRAM} required;",
    }


@pytest.fixture(scope="module")
async def ports(authority: tuple[Authority, Path]) -> AsyncIterator[tuple[int, int]]:
    """Ports of the broker: SASL PLAIN over TLS, and SCRAM without it."""
    tls, scram = free_port(), free_port()
    settings = broker_settings(authority[0], tls, scram)
    async with (
        server_folder("secured") as folder,
        EmbeddedKafka(folder, free_port(), heap="256m", settings=settings) as broker,
    ):
        await add_user(broker.bootstrap)
        yield tls, scram


async def add_user(bootstrap: str) -> None:
    """Add a SCRAM user as an administrator does."""
    java = await java_with_kafka(print)
    change = ["--alter", "--add-config", f"SCRAM-SHA-512=[password={PASSWORD}]"]
    whom = ["--entity-type", "users", "--entity-name", USER]
    process = await asyncio.create_subprocess_exec(
        *java, "kafka.admin.ConfigCommand",
        "--bootstrap-server", bootstrap, *change, *whom, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await process.wait() == 0


def connection_of(**settings: Any) -> Any:
    own: dict[str, Any] = {"kafka_prefix": "secured.", "message_keys": SecretStr(TEXT)}
    return Settings(_env_file=None, **own, **settings).kafka()


def over_tls(ports: tuple[int, int], ca: Path | None, password: str = PASSWORD) -> Any:
    return connection_of(
        kafka_bootstrap=f"127.0.0.1:{ports[0]}", kafka_security="SASL_SSL",
        kafka_sasl_mechanism="PLAIN", kafka_username=USER, kafka_password=password,
        kafka_ca_file=str(ca) if ca else None,
    )  # fmt: skip


def by_scram(ports: tuple[int, int], password: str = PASSWORD) -> Any:
    return connection_of(
        kafka_bootstrap=f"127.0.0.1:{ports[1]}", kafka_security="SASL_PLAINTEXT",
        kafka_username=USER, kafka_password=password,
    )  # fmt: skip


async def carries(connection: Any) -> bool:
    await KafkaAdmin(connection).create_topics(1, 1)
    reader, producer = KafkaReader(connection, "status"), KafkaProducer(connection)
    await reader.start()
    try:
        await producer.send([Outbound("status", b"key", b"value", 0)])
        arrived = [d.value for _ in range(10) for d in await reader.poll(1.0)]
    finally:
        await producer.stop()
        await reader.stop()
    return arrived == [b"value"]


async def test_plain_over_tls(ports: tuple[int, int], authority: tuple[Authority, Path]) -> None:
    assert await carries(over_tls(ports, authority[1]))


async def test_scram(ports: tuple[int, int]) -> None:
    assert await carries(by_scram(ports))


async def test_a_wrong_password_is_said_to_be_one(
    ports: tuple[int, int], authority: tuple[Authority, Path]
) -> None:
    for connection in (over_tls(ports, authority[1], "wrong"), by_scram(ports, "wrong")):
        with pytest.raises(BrokerRefusedError, match=r"(?i)authenticat") as refused:
            await KafkaAdmin(connection).topics()
        assert "wrong" not in str(refused.value)


async def test_an_unknown_authority_is_not_trusted(ports: tuple[int, int]) -> None:
    with pytest.raises(RetriableError, match="certificate verify failed"):
        await KafkaAdmin(over_tls(ports, None)).topics()


def connector_by(
    ports: tuple[int, int], ca: Path | None, password: str = PASSWORD, **said: Any
) -> KafkaConnector:
    """Return a connector over TLS (with an authority) or by SCRAM without."""
    over: dict[str, Any] = {"bootstrapServers": f"localhost:{ports[1]}", "auth": "scram-sha-512"}
    if ca is not None:
        over = {"bootstrapServers": f"localhost:{ports[0]}", "auth": "plain", "tls": True}
        over["caFile"] = str(ca)
    allowed = Surroundings(outbound_allow=("127.0.0.0/8", "::1/128"))
    return KafkaConnector(
        over | {"user": USER, "timeout": 10} | said, {"password": password}, allowed
    )


@pytest.mark.parametrize("over_tls", [True, False])
async def test_a_connector_writes_and_reads(
    ports: tuple[int, int], authority: tuple[Authority, Path], over_tls: bool
) -> None:
    ca = authority[1] if over_tls else None
    await KafkaAdmin(by_scram(ports)).create_topics(1, 1)
    connector = connector_by(ports, ca)
    topic = "secured.status"
    value = b'{"id":"%d"}' % over_tls
    batch = WriteBatch(
        "default", "item", "run", ["a"], [value], [None], ["key"], ("id",), {"topic": topic}
    )

    checks = await connector.test()
    result = await connector.write(batch)
    extraction = Extraction(id_column="id", table=topic)
    page = await connector.fetch(extraction, [str(int(over_tls))])
    await connector.close()

    assert [check.ok for check in checks] == [True, True]
    assert result.failures == {}
    assert page.records.column("_key") == [str(int(over_tls))]


async def test_a_connectors_test_names_what_is_refused(
    ports: tuple[int, int], authority: tuple[Authority, Path], tmp_path: Path
) -> None:
    (tmp_path / "other.pem").write_text(Authority().certificate)
    refused = [
        (connector_by(ports, authority[1], "wrong"), "login"),
        (connector_by(ports, None, "wrong"), "login"),
        (connector_by(ports, authority[1], auth="scram-sha-512"), "login"),
        (connector_by(ports, tmp_path / "other.pem"), "tls"),
        (connector_by(ports, tmp_path / "none.pem"), "tls"),
    ]
    for connector, part in refused:
        checks = await connector.test()

        assert [(check.part, check.ok) for check in checks] == [(part, False)], checks
        assert PASSWORD not in repr(checks)
        with pytest.raises(FailureError):
            await connector.fetch(Extraction(id_column="id", table="items"), ["1"])
