"""Sending one request: guarded, bounded in time and size, with failures told apart."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from typing import Protocol

import httpcore
import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.http.answers.answer import Answer
from syncline.connectors.http.client.addresses import (
    AllowedAddresses,
    GuardedNetwork,
    HandshakeTimeout,
    Resolve,
    resolve,
)
from syncline.connectors.http.client.compression import (
    CutError,
    LargeError,
    PackedError,
    decompress,
)
from syncline.connectors.http.settings.profile import Timeouts
from syncline.connectors.port import ConnectorError, Pace
from syncline.domain.errors import RetriableError

CONNECTIONS = 100
"""As many as a profile may have calls in flight."""
IDLE = 4.0
"""Seconds after which an idle connection is not used again: servers on Node close theirs after 5,
and a write that meets the close is one whose answer was lost."""


_LISTS = frozenset({"link", "content-encoding"})
"""Headers that may come in several lines, which are parts of one list (RFC 9110, 5.3)."""


class Request(msgspec.Struct, frozen=True):
    """One request; `url` is whole, `where` is how messages call it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    where: str


class Sender(Protocol):
    async def send(self, request: Request) -> Answer: ...


class PaceOwner(Protocol):
    """What knows when the next call may begin; the connector, whose pace is given to it later."""

    @property
    def pace(self) -> Pace: ...


class PacedClient:
    """Sends requests one by one at the profile's pace: pages, look-ups, halves and logins alike."""

    def __init__(self, owner: PaceOwner, client: Sender) -> None:
        self._owner = owner
        self._client = client

    async def send(self, request: Request) -> Answer:
        """Send a request when its turn has come. Raises what `Client.send` and the pace raise."""
        await self._owner.pace()
        return await self._client.send(request)


class Client:
    """Keeps connections; redirects are not followed, proxies of the environment not used."""

    def __init__(
        self,
        allowed: AllowedAddresses,
        times: Timeouts,
        max_answer: int,
        ca_file: str | None = None,
        resolver: Resolve = resolve,
    ) -> None:
        self._network = GuardedNetwork(allowed, resolver)
        self._times = times
        self._timeouts = {
            "connect": times.connect,
            "pool": times.total,
            "read": times.total,
            "write": times.total,
        }
        self._max_answer = max_answer
        self._ca_file = ca_file
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    async def send(self, request: Request) -> Answer:
        """Send a request and return whatever was answered.

        Raises:
            RetriableError: no answer; `ambiguous` tells that it may have been done all the same.
            ConnectorError: the address is not allowed, TLS fails, or the answer is too large.
        """
        try:
            async with asyncio.timeout(self._times.total):
                return await self._exchange(request)
        except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
            if (cause := _tls_error(error)) is not None:
                raise _tls_failure(request.where, cause) from error
            message = f"{request.where}: cannot connect: {_words(error)}"
            code = "tls_timeout" if isinstance(error, HandshakeTimeout) else "unreachable"
            raise RetriableError(message, code=code) from error
        except (TimeoutError, httpcore.TimeoutException) as error:
            message = f"{request.where}: no answer within {self._times.total:g} s"
            raise RetriableError(message, code="timeout", ambiguous=True) from error
        except (httpcore.NetworkError, httpcore.RemoteProtocolError, ssl.SSLError) as error:
            message = f"{request.where}: the connection was lost: {_words(error)}"
            raise RetriableError(message, code="connection_lost", ambiguous=True) from error
        except httpcore.LocalProtocolError as error:
            message = f"{request.where}: the request cannot be sent: {_words(error)}"
            raise refusal("invalid_request", message) from error

    async def _exchange(self, request: Request) -> Answer:
        pool = self._opened()
        async with pool.stream(
            request.method,
            request.url,
            headers=[(name.encode(), value.encode()) for name, value in request.headers.items()],
            content=request.body,
            extensions={"timeout": self._timeouts},
        ) as response:
            body = bytearray()
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) > self._max_answer:
                    raise self._too_large(request)
            return self._whole(request, response.status, _named(response.headers), bytes(body))

    def _whole(self, request: Request, status: int, headers: dict[str, str], body: bytes) -> Answer:
        try:
            body = decompress(body, headers.get("content-encoding", ""), self._max_answer)
        except LargeError:
            raise self._too_large(request) from None
        except PackedError as error:
            message = f"{request.where}: the answer {error}"
            raise refusal("unexpected_answer", message, ambiguous=True) from error
        except CutError as error:
            message = f"{request.where}: the answer {error}"
            raise RetriableError(message, code="answer_cut", ambiguous=True) from error
        return Answer(status, headers, body, request.where)

    def _too_large(self, request: Request) -> ConnectorError:
        message = (
            f"{request.where}: the answer is larger than {self._max_answer} bytes: read smaller "
            "pages, or raise maxAnswerBytes"
        )
        return refusal("answer_too_large", message, ambiguous=True)

    def _opened(self) -> httpcore.AsyncConnectionPool:
        if self._pool is None:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=_context(self._ca_file or None),
                max_connections=CONNECTIONS,
                max_keepalive_connections=CONNECTIONS,
                keepalive_expiry=IDLE,
                network_backend=self._network,
            )
        return self._pool


def _named(lines: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by name in lower case; lines of a name that is a list are one list."""
    headers: dict[str, str] = {}
    for raw, value in lines:
        name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
        before = headers.get(name)
        headers[name] = f"{before}, {text}" if before and name in _LISTS else text
    return headers


def _context(ca_file: str | None) -> ssl.SSLContext:
    """Make the rules of TLS: certificates are always verified."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        message = f"the CA file {ca_file} cannot be read: {_words(error)}"
        raise refusal("tls_error", message) from error


def _tls_failure(where: str, error: ssl.SSLError) -> ConnectorError:
    words = getattr(error, "verify_message", "") or _words(error)
    return refusal("tls_error", f"{where}: TLS fails: {words}")


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _words(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:300] or type(error).__name__
