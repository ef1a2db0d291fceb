"""Calls to a profile's API: its headers, its login, and one fresh login where one is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.http.answers.answer import (
    Answer,
    UnreadableError,
    document_of,
    error_in_success,
    failure_of,
    graphql_failure,
)
from syncline.connectors.http.answers.graphql import GraphqlError, own_error, request_error
from syncline.connectors.http.client.client import Request, Sender
from syncline.connectors.http.client.login import LoginHeaders
from syncline.connectors.http.settings.profile import HttpSettings
from syncline.connectors.port import ConnectorError
from syncline.contracts.messages import encode
from syncline.domain.errors import Category, Failure, FailureError, RetriableError
from syncline.domain.record import Value

REDIRECTS = 3
_SAFE = "-._~"
_RESERVED = "%:/?#[]@!$&'()*+,;=" + _SAFE
REFUSED = frozenset({401, 403})
JSON = {"Content-Type": "application/json"}
_START = 5000
"""Bytes at both ends of a GraphQL answer in which its errors begin."""
_REDIRECTING = frozenset({301, 302, 303, 307, 308})


class RefusedError(FailureError):
    """An answer that is no success, of this one call; others may go well, unless it is `of_all`."""

    def __init__(self, failure: Failure, status: int, *, of_all: bool = False) -> None:
        super().__init__(failure)
        self.status = status
        self.of_all = of_all


class Api:
    """One profile's API."""

    def __init__(self, settings: HttpSettings, credentials: LoginHeaders, client: Sender) -> None:
        self.settings = settings
        self._credentials = credentials
        self._client = client
        own = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "syncline"}
        self._headers = {**own, **settings.headers}

    def clean(self, text: str) -> str:
        return self._credentials.clean(text)

    @property
    def awaits_login(self) -> bool:
        """Tell whether a login is needed, and was not answered yet."""
        return self._credentials.is_awaited

    async def sign_out(self) -> None:
        """End the session, if the login has one. Raises FailureError."""
        await self._credentials.close()

    def url(
        self, endpoint: str, query: Sequence[tuple[str, str]], values: Mapping[str, str]
    ) -> str:
        """Return the URL of an endpoint, each placeholder filled as one segment of its path."""
        before = "&" if "?" in self.settings.base_url + endpoint else "?"
        for name, value in values.items():
            endpoint = endpoint.replace(f"{{{name}}}", quote(value, safe=_SAFE))
        pairs = (f"{quote(n, safe=_SAFE + '[]$,:')}={quote(v, safe=_SAFE)}" for n, v in query)
        return self.settings.base_url + endpoint + (before + "&".join(pairs) if query else "")

    async def read(self, url: str) -> Answer:
        """GET a URL of this API; a redirect is followed where it stays at the host.

        Raises RetriableError or ConnectorError: no answer, or one that is no success.
        """
        answer = await self._sent("GET", url, {}, None)
        for _ in range(REDIRECTS):
            if answer.status not in _REDIRECTING or "location" not in answer.headers:
                break
            url = self.link(answer.headers["location"], url)
            answer = await self._sent("GET", url, {}, None)
        if not answer.ok:
            raise error_of(failure_of(answer, self.settings.errors, self.clean))
        return answer

    async def ask(self, url: str, body: object, *, graphql: bool = False) -> Answer:
        """Read by POST, with a body that is sent as JSON; no redirect is followed.

        Raises as `read` does.
        """
        answer = await self._sent("POST", url, JSON, encode(body), graphql=graphql)
        if not answer.ok:
            raise error_of(failure_of(answer, self.settings.errors, self.clean))
        return answer

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        graphql: bool = False,
    ) -> Answer:
        """Send a write once; no redirect is followed.

        Raises:
            RefusedError: the API answered, and it is no success.
            RetriableError, ConnectorError: no answer, or the login was refused.
        """
        answer = await self._sent(method, url, headers, body, graphql=graphql)
        if answer.ok:
            return answer
        failure = failure_of(answer, self.settings.errors, self.clean)
        if answer.status == 401:
            raise error_of(failure)
        raise RefusedError(failure, answer.status)

    def decoded(self, answer: Answer) -> Value:
        """Read an answer's JSON. Raises ConnectorError: it is none, or it carries an error."""
        try:
            document = document_of(answer)
        except UnreadableError as error:
            detail = self.clean(answer.body[:2000].decode("utf-8", "replace"))
            raise ConnectorError(
                Failure(Category.UNKNOWN, "unexpected_answer", str(error), detail, ambiguous=True)
            ) from error
        if answer.graphql and (found := request_error(document)) is not None:
            raise self.refused(answer, found)
        failure = error_in_success(answer, document, self.settings.errors)
        if failure is not None:
            raise RefusedError(self.cleaned(failure), answer.status)
        return document

    def check_own_error(self, answer: Answer, document: Value) -> None:
        """Raise RefusedError where a mutation says itself that it refused what it was sent."""
        if (error := own_error(document)) is not None:
            raise self.refused(answer, error)

    def refused(self, answer: Answer, error: GraphqlError) -> FailureError:
        """Return what an error in a GraphQL answer is raised as."""
        failure = self.cleaned(graphql_failure(answer, error, self.settings.errors))
        if failure.ambiguous and failure.category is Category.PERMANENT:
            failure = msgspec.structs.replace(failure, category=Category.UNKNOWN)
        if error.status == 401:
            return error_of(failure)
        return RefusedError(failure, error.status, of_all=error.of_all)

    def link(self, target: str, base: str) -> str:
        """Return a link's URL at our own address. Raises ConnectorError if it leads elsewhere."""
        try:
            url = quote(urljoin(base, target.strip()), safe=_RESERVED)
            to, own = urlsplit(url), urlsplit(self.settings.base_url)
        except ValueError as error:
            message = f"{base_of(base)} leads to {self.clean(target)[:200]!r}, which is no address"
            raise refusal("next_unreadable", message) from error
        if to.scheme not in ("http", "https") or to.hostname != own.hostname:
            message = f"{base_of(base)} leads to another host: {self.clean(url)[:200]}"
            raise refusal("address_not_allowed", message)
        query = f"?{to.query}" if to.query else ""
        return f"{own.scheme}://{own.netloc}{to.path}{query}"

    async def _sent(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        graphql: bool = False,
    ) -> Answer:
        login = await self._credentials.headers()
        where = f"{method} {base_of(url)}"
        own = {**self._headers, **headers}
        answer = await self._client.send(Request(method, url, {**own, **login}, body, where))
        if _is_refused(answer, graphql=graphql) and self._credentials.renewed(login, answer.status):
            login = await self._credentials.headers()
            answer = await self._client.send(Request(method, url, {**own, **login}, body, where))
        return msgspec.structs.replace(answer, graphql=True) if graphql else answer

    def cleaned(self, failure: Failure) -> Failure:
        """Take every secret out of a failure."""
        detail = self.clean(failure.detail) if failure.detail else None
        return msgspec.structs.replace(failure, message=self.clean(failure.message), detail=detail)


def _is_refused(answer: Answer, *, graphql: bool) -> bool:
    """Tell an answer that wants another login; GraphQL says so with 200, and has done nothing."""
    if not graphql or not answer.ok:
        return answer.status in REFUSED
    if b'"errors"' not in answer.body[:_START] and b'"errors"' not in answer.body[-_START:]:
        return False
    try:
        error = request_error(document_of(answer))
    except UnreadableError:  # whoever reads the answer says what it is
        return False
    return error is not None and error.status in REFUSED and not error.ambiguous


def error_of(failure: Failure) -> FailureError:
    """Return what a failure of a whole call is raised as."""
    if failure.category is Category.PERMANENT:
        return ConnectorError(failure)
    return RetriableError(
        failure.message,
        code=failure.code,
        detail=failure.detail,
        retry_after=failure.retry_after,
        ambiguous=failure.ambiguous,
    )


def base_of(url: str) -> str:
    """Return a URL as messages show it: without the query, which may hold data."""
    return url.partition("?")[0]


def fill_parameter(template: str, values: Mapping[str, str]) -> str:
    """Fill a parameter's placeholder; it has one, and what is filled in is not looked at again."""
    holder = next((name for name in values if name in template), None)
    return template if holder is None else template.replace(holder, values[holder])
