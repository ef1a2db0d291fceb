"""A server of plain sockets on a thread, which goes on while the loop of a test stands still."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import msgspec


class Connection:
    """One connection of a client; `requests` of the server are noted as they come."""

    def __init__(self, sock: socket.socket, requests: list[bytes]) -> None:
        self._sock = sock
        self._requests = requests

    def request(self) -> bytes:
        """Read a whole request. Raises ConnectionError where none comes."""
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0 or len(data) < end + 4 + _length(data[:end]):
            part = self._sock.recv(65_536)
            if not part:
                raise ConnectionError("the client is gone")
            data += part
        self._requests.append(data)
        return data

    def say(self, data: bytes) -> None:
        self._sock.sendall(data)


def _length(head: bytes) -> int:
    lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return sum(int(value) for name, _, value in lines if name == b"content-length")


class SocketServer(msgspec.Struct):
    """Where it listens, the requests that came, and how many connections it has closed."""

    port: int
    requests: list[bytes] = []
    closed: int = 0


@contextmanager
def serving(script: Callable[[Connection], None]) -> Iterator[SocketServer]:
    """Run a script for each connection, which ends with it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        server = SocketServer(listener.getsockname()[1])
        stopped = threading.Event()

        def accept() -> None:
            while not stopped.is_set():
                sock, _ = listener.accept()
                sock.settimeout(10)
                with sock, suppress(OSError):
                    if not stopped.is_set():
                        script(Connection(sock, server.requests))
                server.closed += 1

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server
        finally:
            stopped.set()
            with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1):
                pass
            thread.join()
