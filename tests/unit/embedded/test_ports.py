from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncline.domain.errors import InvalidInputError
from syncline.embedded.errors import EmbeddedServerError
from syncline.embedded.ports import (
    HIGHEST,
    DevPorts,
    dev_ports,
    free_port,
    free_ports,
    is_free,
    require_free,
)


@pytest.fixture
def busy() -> Iterator[int]:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        yield port


def test_no_single_port_lies_in_a_row_that_nothing_listens_on_yet() -> None:
    assert max(free_ports(16)[-1] for _ in range(200)) < min(free_port() for _ in range(200))


def test_free_port_is_below_the_ephemeral_range() -> None:
    assert 1024 < free_port() <= HIGHEST < 32768


def test_is_free_sees_a_listener(busy: int) -> None:
    assert not is_free(busy)


def test_require_free_names_port_holder_and_setting(busy: int) -> None:
    with pytest.raises(EmbeddedServerError) as refused:
        require_free(busy, "Kafka", "SYNCLINE_DEV_KAFKA_PORT")
    message = str(refused.value)
    assert message.startswith(f"port {busy} for Kafka is in use by PID {os.getpid()} (")
    assert message.endswith("): stop it, or set SYNCLINE_DEV_KAFKA_PORT to a free port")


def test_dev_ports_are_fixed_without_settings(tmp_path: Path) -> None:
    assert dev_ports(tmp_path, {}) == DevPorts(kafka=19092, postgres=15432, health=18080)


def test_dev_ports_are_remembered_with_the_data(tmp_path: Path) -> None:
    dev_ports(tmp_path / "data", {"SYNCLINE_DEV_KAFKA_PORT": "19192"})
    assert dev_ports(tmp_path / "data", {}) == DevPorts(kafka=19192)


def test_dev_ports_prefer_the_environment_to_the_memory(tmp_path: Path) -> None:
    dev_ports(tmp_path, {"SYNCLINE_DEV_POSTGRES_PORT": "15433"})
    assert dev_ports(tmp_path, {"SYNCLINE_DEV_POSTGRES_PORT": "15434"}).postgres == 15434


def test_the_consoles_port_may_be_given_as_the_gateway_has_it(tmp_path: Path) -> None:
    assert dev_ports(tmp_path, {"SYNCLINE_HTTP_PORT": "8081"}).http == 8081
    both = {"SYNCLINE_HTTP_PORT": "8081", "SYNCLINE_DEV_HTTP_PORT": "8082"}
    assert dev_ports(tmp_path, both).http == 8082


def test_dev_ports_survive_a_broken_memory(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("[19")
    assert dev_ports(tmp_path, {}) == DevPorts()


def test_dev_ports_name_all_wrong_settings_at_once(tmp_path: Path) -> None:
    wrong = {"SYNCLINE_DEV_KAFKA_PORT": "40000", "SYNCLINE_DEV_HEALTH_PORT": "http"}
    with pytest.raises(InvalidInputError) as caught:
        dev_ports(tmp_path, wrong)
    assert [str(p.path) + ": " + p.message for p in caught.value.problems] == [
        "SYNCLINE_DEV_KAFKA_PORT: must be a port from 1024 to 32767, not '40000'",
        "SYNCLINE_DEV_HEALTH_PORT: must be a port from 1024 to 32767, not 'http'",
    ]


@pytest.mark.parametrize("text", ["9" * 5000, "-1", "1e4", "٣٣٣٣", "0"])
def test_a_port_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInputError, match="must be a port from 1024 to 32767"):
        dev_ports(tmp_path, {"SYNCLINE_DEV_HTTP_PORT": text})


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(EmbeddedServerError, match="taken cannot be written"):
        dev_ports(tmp_path / "taken", {})
