"""An HTTP connector whose API is a function: what was asked is noted, nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from syncline.connectors.http import HttpConnector
from syncline.connectors.http.answers.answer import Answer
from syncline.connectors.http.client.api import Api
from syncline.connectors.http.client.client import Request
from syncline.connectors.http.client.login import LoginHeaders
from syncline.connectors.port import Surroundings


class Call(msgspec.Struct):
    """A request, taken apart. `sent` is its body's JSON."""

    method: str
    path: str
    query: dict[str, list[str]]
    sent: Any
    headers: Mapping[str, str]


class Answering:
    """Answers as `answer` says: a status and a document, or headers behind them."""

    def __init__(self, answer: Callable[[Call], Any], **config: Any) -> None:
        self.calls: list[Call] = []
        self._answer = answer
        self.connector = HttpConnector(
            {"baseUrl": "https://api.example", **config}, {}, Surroundings()
        )
        settings = self.connector._api.settings
        self.connector._api = Api(settings, LoginHeaders(settings, {}, self), self)

    def methods(self) -> list[str]:
        return [call.method for call in self.calls]

    async def send(self, request: Request) -> Answer:
        parts = urlsplit(request.url)
        sent = msgspec.json.decode(request.body) if request.body else None
        call = Call(request.method, parts.path, parse_qs(parts.query), sent, request.headers)
        self.calls.append(call)
        status, document, *headers = self._answer(call)
        body = document if isinstance(document, bytes) else msgspec.json.encode(document)
        given = {"content-type": "application/json", **(headers[0] if headers else {})}
        return Answer(status, given, body, f"{request.method} {parts.path}")
