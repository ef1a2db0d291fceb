"""A broker that takes connections and says nothing: the others are asked."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

from syncline.kafka import connection
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.connection import KafkaConnection
from tests.support.kafka import KafkaPlace
from tests.support.ports import free_port

SILENT = 3
"""The client asks the brokers in any order: the one that answers is hardly ever the first."""


async def test_a_silent_broker_is_given_up(
    kafka: KafkaPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWERS_WITHIN", 2.0)
    with ExitStack() as stack:
        servers = [
            stack.enter_context(socket.create_server(("127.0.0.1", free_port())))
            for _ in range(SILENT)
        ]
        silent = [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]
        all_of_them = KafkaConnection(",".join([*silent, kafka.bootstrap]), kafka.prefix)
        assert await KafkaAdmin(all_of_them).cluster()
