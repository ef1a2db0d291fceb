"""What a profile says of an API: its address, its login, its limits and how it tells errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from syncline.connectors.http.settings import fields
from syncline.connectors.http.settings.graphql import OptionalDocument
from syncline.connectors.settings import (
    ConnectorSettings,
    Contradictions,
    advanced,
    labelled,
    needed,
    refuse,
    secret,
)
from syncline.domain.errors import Category, Problem
from syncline.domain.record import JsonObject

MEGABYTE = 1_000_000
API_KEY_HEADER = "X-Api-Key"
LoginKind: TypeAlias = Literal["none", "apiKey", "bearer", "basic", "oauth2", "session"]
_LOGINS: JsonDict = {
    "none": "None",
    "apiKey": "API key in a header",
    "bearer": "Bearer token",
    "basic": "User and password",
    "oauth2": "OAuth2 client credentials",
    "session": "Login call, token in a header of its answer",
}
_CLIENT_AUTHS: JsonDict = {"basic": "as Basic login", "body": "in the body"}


def _when(kind: str) -> JsonDict:
    return {"x-when": {"auth.type": [kind]}}


_API_KEY, _BEARER, _BASIC, _OAUTH2 = map(_when, ("apiKey", "bearer", "basic", "oauth2"))
_NAMED: JsonDict = {"x-when": {"auth.type": ["basic", "session"]}}
_SESSION = _when("session")
_TOKENS: JsonDict = {"x-when": {"auth.type": ["oauth2", "session"]}}
_REQUIRED = {
    "basic": ("username",),
    "oauth2": ("tokenUrl", "clientId"),
    "session": ("tokenUrl", "tokenHeader", "body"),
}
SECRETS: Mapping[LoginKind, str] = {
    "apiKey": "apiKey",
    "bearer": "token",
    "basic": "password",
    "oauth2": "clientSecret",
    "session": "password",
}


class HttpSecrets(ConnectorSettings):
    """A profile's secrets; which one it needs is up to its login."""

    api_key: str | None = secret("API key", _API_KEY)
    token: str | None = secret("Token", _BEARER)
    password: str | None = secret("Password", _NAMED)
    client_secret: str | None = secret("Client secret", _OAUTH2)


def check_url(url: str) -> str:
    """Return an address without a slash at its end. Raises ValueError."""
    if not url:
        raise ValueError("is required")
    parts = None
    if not fields.UNSAFE.search(url):
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:  # refused below, with an example
            parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a URL such as https://erp.example.com/api")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise ValueError("must hold no credentials: they belong into `auth` and secrets")
    if parts.query or parts.fragment:
        raise ValueError("must end with its path: no `?` and no `#`")
    return url.rstrip("/")


def _token_url(url: str) -> str:
    if url and not url.startswith("/"):
        check_url(url)
    return url


class LoginSettings(ConnectorSettings):
    """How the profile signs in, without secrets."""

    type: LoginKind = labelled("none", "Login", _LOGINS)
    header: Annotated[fields.HeaderName, AfterValidator(lambda name: name or API_KEY_HEADER)] = (
        Field(API_KEY_HEADER, title="Header", json_schema_extra=_API_KEY)
    )
    username: str = needed("User", _NAMED)
    token_url: Annotated[str, AfterValidator(_token_url)] = needed("Token URL", _TOKENS)
    """Whole, or a path under the base URL."""
    client_id: str = needed("Client ID", _OAUTH2)
    scope: str = Field("", title="Scope", json_schema_extra=_OAUTH2)
    audience: str = Field("", title="Audience", json_schema_extra=_OAUTH2)
    client_auth: Literal["basic", "body"] = labelled(
        "basic", "Client shows its secret", _CLIENT_AUTHS, _OAUTH2
    )
    body: JsonObject = Field(
        {}, title="Body of the login call", json_schema_extra={"x-required": True, **_SESSION}
    )
    """`{username}` and `{password}` in its texts are filled in."""
    token_header: fields.HeaderName = needed("Header with the token", _SESSION)
    """Of the answer to the login call."""
    logout_url: Annotated[str, fields.endpoint_with()] = Field(
        "", title="Logout URL", json_schema_extra=_SESSION
    )
    """A path under the base URL that ends the session."""
    send_in: fields.HeaderName = Field("", title="Header of calls", json_schema_extra=_TOKENS)
    """Takes the token as it is; empty: `Authorization: Bearer`."""

    @property
    def fetches(self) -> bool:
        """Tell whether a token has to be fetched before a call."""
        return self.type in ("oauth2", "session")

    def contradictions(self) -> Contradictions:
        if ":" in self.username and self.type == "basic":
            yield "username", "must not hold a colon: Basic login ends the name there"
        given = self.model_dump(by_alias=True)
        for name in _REQUIRED.get(self.type, ()):
            if not given[name]:
                yield name, "is required"


class TestCall(ConnectorSettings):
    """What the connection test reads."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})
    left_out = (None, "")

    endpoint: Annotated[str, fields.endpoint_with()] | None = Field(
        None, title="Test endpoint", json_schema_extra={"pattern": "^/"}
    )
    """Read by Test Connection, so that login and permission are tested too."""
    query: OptionalDocument = Field(None, title="GraphQL query of the test")
    """Sent to the test endpoint by POST; without it, the endpoint is read by GET."""

    def contradictions(self) -> Contradictions:
        if self.query is None:
            return
        if not self.endpoint:
            yield "endpoint", "is required: where the query is sent"
        if self.query.kind != "query" or any(self.query.variables.values()):
            yield "query", "must be a query without required variables: a test changes nothing"


class Timeouts(ConnectorSettings):
    """Seconds to connect, and for a whole call."""

    connect: float = Field(5, title="Seconds to connect", ge=0.1, le=60)
    total: float = Field(60, title="Seconds for a whole call", ge=1, le=600)


class ErrorRule(fields.AnswerPattern):
    """Which category an answer is of."""

    category: Annotated[Category, Field(strict=False)] = Category.PERMANENT
    retry_after: float | None = Field(None, ge=0, le=86_400)
    """Seconds to wait, where the answer itself does not say it."""


class Errors(ConnectorSettings):
    """How an API tells errors; the first rule that fits an answer counts."""

    message: fields.ReadAt = Field(None, title="Path of the message")
    """In an error's JSON, such as `error.message`."""
    code: fields.ReadAt = Field(None, title="Path of the code")
    in_success: fields.ReadAt = Field(None, title="Path of an error in a 200")
    rules: list[ErrorRule] = Field([], title="Rules")
    """Which answers may succeed later, and which never will."""

    def category(self, status: int, text: str) -> Category | None:
        """Return what the first rule says that fits; None where none does."""
        rule = self._rule(status, text)
        return rule.category if rule else None

    def wait(self, status: int, text: str) -> float | None:
        """Return the seconds that the first rule says that fits."""
        rule = self._rule(status, text)
        return rule.retry_after if rule else None

    def _rule(self, status: int, text: str) -> ErrorRule | None:
        return next((rule for rule in self.rules if rule.fits(status, text)), None)


class HttpSettings(ConnectorSettings):
    """A profile. The base URL has no slash at its end."""

    base_url: Annotated[str, AfterValidator(check_url)] = Field(
        title="Base URL", json_schema_extra={"pattern": "^https?://"}
    )
    """Such as https://erp.example.com/api; endpoints are appended."""
    auth: LoginSettings = Field(LoginSettings(), title="Login")
    test: TestCall = Field(TestCall(), title="Connection test")
    headers: Annotated[
        Mapping[str, str],
        fields.headers_without("host", "connection", "authorization", "te", "upgrade"),
    ] = advanced({}, "Further headers")
    """Sent with every call; credentials belong into the login."""
    timeouts: Timeouts = advanced(Timeouts(), "Time-outs")
    max_answer_bytes: fields.Whole = advanced(
        32 * MEGABYTE, "Largest answer in bytes", ge=1000, le=1000 * MEGABYTE
    )
    ca_file: str | None = advanced(None, "Own CA")
    """Path of a file, where the issuer is not generally known. Certificates are always verified."""
    idempotency_header: fields.HeaderName = advanced("Idempotency-Key", "Idempotency header")
    """Takes a write's key; empty: none is sent."""
    errors: Errors = advanced(Errors(), "Errors of this API")

    @model_validator(mode="before")
    @classmethod
    def _always_verified(cls, given: object) -> object:
        if isinstance(given, Mapping):
            message = "certificates are always verified; name your own CA in caFile instead"
            switches = [name for name in ("verify", "verifyTls", "insecure") if name in given]
            refuse([(name, message) for name in switches])
        return given


def secret_problems(login: LoginSettings, secrets: Mapping[str, str]) -> Iterator[Problem]:
    """Name every secret that does not belong to a login, is missing, or cannot be sent."""
    wanted = SECRETS.get(login.type)
    for name, value in sorted(secrets.items()):
        if name != wanted:
            message = f"unknown secret; `auth.type` {login.type} takes {wanted or 'none'}"
            yield Problem(f"$.secrets.{name}", message)
        elif login.type in ("apiKey", "bearer") and (
            not value.isascii() or any(c in value for c in "\r\n\0")
        ):
            message = "must be ASCII text on one line, as it travels in a header"
            yield Problem(f"$.secrets.{name}", message)
    if wanted and not secrets.get(wanted):
        yield Problem(f"$.secrets.{wanted}", f"is required by `auth.type` {login.type}")
