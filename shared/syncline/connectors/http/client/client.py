"""Sending one request: guarded, bounded in time and size, with failures told apart."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Protocol

import aiohttp
import msgspec
from yarl import URL

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.errors import refusal
from syncline.connectors.http.answers.answer import Answer
from syncline.connectors.http.client.compression import (
    CutError,
    LargeError,
    PackedError,
    decompress,
)
from syncline.connectors.http.client.connections import ConnectError, GuardedConnector, first_line
from syncline.connectors.http.settings.profile import Timeouts
from syncline.connectors.port import ConnectorError, CountAnswer, Pace, uncounted, unpaced
from syncline.domain.errors import RetriableError

_AUTOMATIC = frozenset({"Accept", "Accept-Encoding", "Content-Type", "User-Agent"})
"""Headers that aiohttp adds by itself where it is not kept from that, which takes time."""
_HEADERS, _LONGEST = 300, 100_000
"""As many headers as an answer may have, and bytes of the longest."""
_LARGE = 1_000_000
"""Bytes from which on a body is given to aiohttp as a file, which it sends in parts."""
MOST_ANSWER = 64_000_000
"""Bytes of the largest answer that any profile may allow: it is held in memory."""
COOKIES = "set-cookie"
"""A header that has a line for each cookie; in an Answer they stand one below the other."""
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


class Client:
    """Keeps connections; redirects are not followed, proxies of the environment not used."""

    def __init__(
        self,
        allowed: AllowedAddresses,
        times: Timeouts,
        max_answer: int,
        ca_file: str | None = None,
        pace: Pace = unpaced,
        count_answer: CountAnswer = uncounted,
    ) -> None:
        self._allowed = allowed
        self._times = times
        self._max_answer = max_answer
        self._ca_file = ca_file
        self._pace = pace
        self._count_answer = count_answer
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, request: Request) -> Answer:
        """Send a request once, at the profile's pace, and return whatever was answered.

        Raises:
            FailureError: the profile is to be left alone for longer than a call may wait.
            RetriableError: no answer; `ambiguous` tells that it may have been done all the same.
            ConnectorError: the address is not allowed, TLS fails, or the answer is too large.
        """
        await self._pace()
        where, status = request.where, "none"
        try:
            async with asyncio.timeout(self._times.total):
                answer = await self._exchange(request)
        except ConnectError as error:
            if error.code == "tls_error":
                raise refusal("tls_error", f"{where}: {error}") from error
            raise RetriableError(f"{where}: cannot connect: {error}", code=error.code) from error
        except TimeoutError as error:
            message = f"{where}: no answer within {self._times.total:g} s"
            raise RetriableError(message, code="timeout", ambiguous=True) from error
        except (ValueError, aiohttp.NonHttpUrlClientError) as error:
            message = f"{where}: the request cannot be sent: {first_line(error)}"
            raise refusal("invalid_request", message) from error
        except (_LostError, aiohttp.ClientError, OSError) as error:
            message = f"{where}: the connection was lost: {_words(error)}"
            raise RetriableError(message, code="connection_lost", ambiguous=True) from error
        else:
            status = str(answer.status)
            return answer
        finally:
            self._count_answer(status)

    async def _exchange(self, request: Request) -> Answer:
        data = request.body
        async with self._opened().request(
            request.method,
            URL(request.url, encoded=request.url.isascii()),
            headers=request.headers,
            data=BytesIO(data) if data is not None and len(data) > _LARGE else data,
            skip_auto_headers=None if request.headers.keys() >= _AUTOMATIC else _AUTOMATIC,
            allow_redirects=False,
        ) as response:
            body = bytearray()
            while chunk := await response.content.readany():
                body += chunk
                if len(body) > self._max_answer:
                    raise self._too_large(request)
            return self._whole(request, response.status, _named(response.raw_headers), bytes(body))

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
            f"pages, or raise maxAnswerBytes (to {MOST_ANSWER:,} at most)"
        )
        return refusal("answer_too_large", message, ambiguous=True)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            tls = _context(self._ca_file or None)
            self._session = aiohttp.ClientSession(
                connector=GuardedConnector(self._allowed, self._times.connect, tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                max_line_size=_LONGEST,
                max_field_size=_LONGEST,
                max_headers=_HEADERS,
                middlewares=(_once,),
            )
        return self._session


class _LostError(Exception):
    """The request may have been sent, and no answer came; its cause says why."""


async def _once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request; by itself, aiohttp sends a PUT or DELETE again whose answer was lost."""
    try:
        return await send(request)
    except (aiohttp.ClientError, OSError) as error:
        raise _LostError from error


def _words(error: BaseException) -> str:
    """Say how an answer was lost."""
    cause = error.__cause__ if isinstance(error, _LostError) else error
    match cause:
        case aiohttp.ClientPayloadError():
            return "the answer is cut"
        case aiohttp.ServerDisconnectedError():
            return "the server closed it without a whole answer"
        case aiohttp.ClientResponseError():
            return f"the answer cannot be read: {' '.join(cause.message.split())[:300]}"
    return first_line(cause or error)


def _named(lines: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by name in lower case, lines of a name that is a list as one."""
    headers: dict[str, str] = {}
    for raw, value in lines:
        name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
        joint = "\n" if name == COOKIES else ", " if name in _LISTS else ""
        headers[name] = joint.join([headers[name], text]) if joint and name in headers else text
    return headers


def _context(ca_file: str | None) -> ssl.SSLContext:
    """Make the rules of TLS: certificates are always verified."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        message = f"the CA file {ca_file} cannot be read: {first_line(error)}"
        raise refusal("tls_error", message) from error
    context.set_alpn_protocols(["http/1.1"])
    return context
