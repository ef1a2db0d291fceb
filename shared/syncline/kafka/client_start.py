"""Starting a client, and finding out why that was refused."""

from __future__ import annotations

from typing import Protocol

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError

from syncline.kafka.connection import KafkaConnection

WITHIN = 10_000
"""Milliseconds."""


class Client(Protocol):
    async def start(self) -> None: ...


async def start(client: Client, connection: KafkaConnection) -> None:
    """Start a client.

    aiokafka says of every reason that it was unable to bootstrap; the first broker is asked again,
    so that a wrong password or an unknown authority is called what it is.

    Raises:
        Exception: the client's error, or the first broker's own, which tells more.
    """
    try:
        await client.start()
    except KafkaConnectionError as error:
        raise (await _reason(connection) or error) from error


async def _reason(connection: KafkaConnection) -> Exception | None:
    host, _, port = connection.bootstrap.split(",")[0].strip().rpartition(":")
    settings = connection.client_settings()
    del settings["bootstrap_servers"]
    try:
        opened = await create_conn(host, int(port), request_timeout_ms=WITHIN, **settings)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the reason
        return error
    opened.close()
    return None
