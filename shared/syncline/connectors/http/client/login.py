"""The login of calls: its headers, OAuth2 tokens, and texts without secrets."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from math import isnan
from urllib.parse import quote, urlencode

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.http.answers.answer import (
    Answer,
    UnreadableError,
    document_of,
    failure_of,
    graphql_failure,
    is_page,
)
from syncline.connectors.http.answers.graphql import own_error, request_error
from syncline.connectors.http.client.client import COOKIES, Request, Sender
from syncline.connectors.http.settings.bodies import filled
from syncline.connectors.http.settings.profile import SECRETS, HttpSettings
from syncline.contracts.messages import encode
from syncline.domain.errors import Category, Failure, FailureError, RetriableError
from syncline.domain.record import Value

EARLY = 30.0
"""Seconds before its end that a token is not used any more."""
SESSION_LIFE = 3600.0
"""Seconds a session's token is used; one that ends sooner is refused, and fetched again then."""
UNKNOWN_LIFE = 300.0
"""Seconds a token is used whose answer does not say how long it lives."""


class _Token(msgspec.Struct, frozen=True):
    value: str
    until: float


class LoginHeaders:
    """A profile's login; one token serves all calls, and one call at a time fetches it."""

    def __init__(self, settings: HttpSettings, secrets: Mapping[str, str], client: Sender) -> None:
        self._settings = settings
        self._login = settings.auth
        self._secret = secrets.get(SECRETS.get(settings.auth.type, ""), "")
        self._client = client
        self._token: _Token | None = None
        self._fetching = asyncio.Lock()
        self._basic = _basic(self._login.username, self._secret)
        shown: dict[str, dict[str, str]] = {
            "apiKey": {self._login.header: self._secret},
            "bearer": {"Authorization": f"Bearer {self._secret}"},
            "basic": {"Authorization": f"Basic {self._basic}"},
        }
        self._fixed = shown.get(self._login.type, {})
        self._client_basic = _basic(quote(self._login.client_id, ""), quote(self._secret, ""))

    async def headers(self) -> dict[str, str]:
        """Return the headers of a call. May fetch a token; raises what that raises."""
        return self._named(await self._fresh()) if self._login.fetches else self._fixed

    def _named(self, token: str) -> dict[str, str]:
        name = self._login.send_in
        return {name: token} if name else {"Authorization": f"Bearer {token}"}

    def renewed(self, refused: Mapping[str, str], status: int) -> bool:
        """Forget a token that was refused; tells whether a fresh login is worth a try.

        An API that counts its sessions answers 403 to a right that is missing, not to a session
        that is over, and would count another one.
        """
        if not self._login.fetches or (status == 403 and self._login.logout_url):
            return False
        if self._token and refused == self._named(self._token.value):
            self._token = None
        return True

    @property
    def is_awaited(self) -> bool:
        """Tell whether a login is needed, and was not answered yet."""
        return self._login.fetches and self._token is None

    async def close(self) -> None:
        """End the session, if there is one: each may hold a licence. Raises FailureError."""
        token, self._token = self._token, None
        if token is not None and self._login.logout_url:
            url = self._settings.base_url + self._login.logout_url
            headers = self._named(token.value)
            await self._client.send(Request("POST", url, headers, None, "the logout call"))

    def clean(self, text: str) -> str:
        """Take every secret out of a text."""
        shown = [self._secret, quote(self._secret, "")]
        shown += [self._basic, self._client_basic] if self._secret else []
        shown += [self._token.value] if self._token else []
        for value in sorted(filter(None, shown), key=len, reverse=True):
            text = text.replace(value, "***")
        return text

    async def _fresh(self) -> str:
        async with self._fetching:
            if self._token is None or self._token.until <= time.monotonic():
                self._token = await self._fetch()
            return self._token.value

    async def _fetch(self) -> _Token:
        login = self._login
        own = login.token_url.startswith("/")
        url = self._settings.base_url + login.token_url if own else login.token_url
        headers, body = self._of_session() if login.type == "session" else self._of_oauth2()
        where = "the login call" if login.type == "session" else "the token endpoint"
        answer = await self._client.send(Request("POST", url, headers, body, where))
        return self._read(answer)

    def _of_session(self) -> tuple[dict[str, str], bytes]:
        values = {"{username}": self._login.username, "{password}": self._secret}
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return headers, encode(filled(self._login.body, values, {}))

    def _of_oauth2(self) -> tuple[dict[str, str], bytes]:
        login = self._login
        grant = {"grant_type": "client_credentials"}
        form = grant | {"scope": login.scope, "audience": login.audience}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        if login.client_auth == "basic":
            headers["Authorization"] = f"Basic {self._client_basic}"
        else:
            form |= {"client_id": login.client_id, "client_secret": self._secret}
        return headers, urlencode({name: value for name, value in form.items() if value}).encode()

    def _read(self, answer: Answer) -> _Token:
        if not answer.ok:
            raise self._refused(failure_of(answer, self._settings.errors, self.clean))
        if self._login.type == "session":
            return self._told(answer, self._token_header(answer), SESSION_LIFE)
        document = self._document(answer)
        if not isinstance(document, dict):
            raise refusal("login_refused", "the token endpoint gave no access_token")
        return self._told(answer, document.get("access_token"), _life(document.get("expires_in")))

    def _refused(self, failure: Failure) -> FailureError:
        if failure.category is Category.TRANSIENT:
            return RetriableError(
                failure.message, code="login_unavailable", retry_after=failure.retry_after
            )
        return refusal("login_refused", failure.message, detail=failure.detail)

    def _told(self, answer: Answer, value: object, seconds: float) -> _Token:
        if not (isinstance(value, str) and value and value.isascii() and value.isprintable()):
            name = self._login.token_header or "access_token"
            raise refusal("login_refused", f"{answer.where} gave no {name} that can be sent")
        return _Token(value, time.monotonic() + max(seconds - EARLY, seconds / 2, 0.0))

    def _token_header(self, answer: Answer) -> str:
        """Return the token; GraphQL says with 200 why there is none."""
        name = self._login.token_header
        if token := answer.headers.get(name.lower()):
            return _cookies(token) if name.lower() == COOKIES else token
        try:
            document = document_of(answer)
        except UnreadableError:  # an answer need hold no JSON: what it lacks is the header
            document = None
        if (error := request_error(document) or own_error(document)) is not None:
            failure = graphql_failure(answer, error, self._settings.errors)
            message = self.clean(f"{answer.where} gave no {name}: {failure.message}")
            raise self._refused(msgspec.structs.replace(failure, message=message, detail=None))
        raise refusal("login_refused", f"{answer.where} gave no header {name}")

    def _document(self, answer: Answer) -> Value:
        """Read the answer's JSON: one that is torn or empty passes, a page for people does not."""
        try:
            document = document_of(answer)
        except UnreadableError as error:
            if is_page(answer.body):
                raise refusal("login_refused", str(error)) from error
            raise RetriableError(self.clean(str(error)), code="login_unavailable") from error
        if document is None:
            message = f"the token endpoint answered {answer.status} with nothing"
            raise RetriableError(message, code="login_unavailable")
        return document


def _cookies(lines: str) -> str:
    """Return the cookies of an answer as a request shows them: without their attributes."""
    return "; ".join(line.partition(";")[0].strip() for line in lines.splitlines())


def _basic(name: str, secret: str) -> str:
    return b64encode(f"{name}:{secret}".encode()).decode()


def _life(given: object) -> float:
    """Return for how many seconds a token is good."""
    try:
        seconds = float(given) if isinstance(given, int | Decimal | str) else UNKNOWN_LIFE
    except (ValueError, OverflowError):  # no number: renewed as one whose life is unknown
        return UNKNOWN_LIFE
    return UNKNOWN_LIFE if isnan(seconds) else seconds
