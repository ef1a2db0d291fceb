"""Connections to an API: only to addresses that were checked, and never to one used up."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from typing import Any

from aiohttp import BaseConnector, ClientPayloadError, ClientRequest, ClientTimeout
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.tracing import Trace

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.system_errors import plain_words, unknown_name

CONNECTIONS = 100
"""As many as a profile may have calls in flight."""
IDLE = 4.0
"""Seconds after which an idle connection is not used again: servers on Node close theirs after 5,
and a write that meets the close is one whose answer was lost."""
_FAREWELL = 1.0
"""Seconds that a server has to end TLS on a connection that we close."""


class ConnectError(Exception):
    """There is no connection, so nothing was sent; `code` is the failure's."""

    def __init__(self, words: str, code: str = "unreachable") -> None:
        super().__init__(words)
        self.code = code


class GuardedConnector(BaseConnector):
    """Connects only where it may: the addresses that it checks are the ones it connects to.

    Args:
        seconds: to resolve a name, to connect to one of its addresses, and to begin TLS: each.
    """

    def __init__(self, allowed: AllowedAddresses, seconds: float, tls: ssl.SSLContext) -> None:
        super().__init__(limit=CONNECTIONS, keepalive_timeout=IDLE)
        self._allowed = allowed
        self._seconds = seconds
        self._tls = tls

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 - as aiohttp calls it
    ) -> ResponseHandler:
        """Connect to a request's host. Raises what `connected` does, and ConnectError for TLS."""
        host = req.url.raw_host or ""
        sock = await self.connected(host, req.url.port or 0)
        tls: dict[str, Any] = {}
        if req.is_ssl():
            tls = {"ssl": self._tls, "server_hostname": host, "ssl_shutdown_timeout": _FAREWELL}
        try:
            async with asyncio.timeout(self._seconds):
                made = self._loop.create_connection(
                    lambda: _AnswerReader(self._loop), sock=sock, **tls
                )
                return (await made)[1]
        except TimeoutError as error:
            words = "no TLS at this port within the time to connect"
            raise ConnectError(words, "tls_timeout") from error
        except ssl.SSLError as error:
            raise ConnectError(f"TLS fails: {first_line(error)}", "tls_error") from error
        except OSError as error:
            raise ConnectError(f"the host broke TLS off: {first_line(error)}") from error

    async def connected(self, host: str, port: int) -> socket.socket:
        """Resolve a name, check all its addresses, and connect to the first that answers.

        Raises:
            ConnectorError: one of the addresses is not allowed, which refuses the name as a whole.
            ConnectError: the name is not known, or nothing answers there.
        """
        failed = ConnectError(f"the name {host} has no address")
        for address in await self._checked(host, port):
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            sock.setblocking(False)
            try:
                async with asyncio.timeout(self._seconds):
                    await self._loop.sock_connect(sock, (address, port))
            except OSError as error:
                sock.close()
                late = isinstance(error, TimeoutError)
                words = f"no answer within {self._seconds:g} s" if late else first_line(error)
                failed = ConnectError(f"{words} ({address}, port {port})")
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise failed

    async def _checked(self, host: str, port: int) -> list[str]:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._allowed.checked(host, port)
        except TimeoutError as error:
            raise ConnectError(f"no answer for the name {host}") from error
        except (OSError, UnicodeError) as error:
            raise ConnectError(unknown_name(host, error)) from error

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        """Return an idle connection on which nothing came: else an answer is lost, or another's."""
        while (found := await super()._get(key, traces)) is not None and _is_used_up(found):
            found.close()
        return found


class _AnswerReader(ResponseHandler):
    """Reads answers; what a server sends behind one spoils the connection, but not the answer."""

    def data_received(self, data: bytes) -> None:
        """Parse the head by itself: aiohttp forgets an answer that came with what is no HTTP."""
        end = data.find(b"\r\n\r\n") + 4
        if 4 <= end < len(data) and data.startswith(b"HTTP/"):
            super().data_received(data[:end])
            data = data[end:]
        super().data_received(data)
        error, body = self.exception(), self._payload
        if isinstance(error, HttpProcessingError) and body is not None and not body.is_eof():
            body.set_exception(ClientPayloadError(error.message))  # else its reader waits for ever


def _is_used_up(connection: Connection) -> bool:
    """Tell whether something came on an idle connection: its end, or what nobody asked for."""
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None or protocol.should_close:
        return True
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(poll.poll(0))


def first_line(error: BaseException) -> str:
    """Return what an error says, in one line."""
    return plain_words(error)[:300] or type(error).__name__
