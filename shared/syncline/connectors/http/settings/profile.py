"""A profile's settings as typed values, read from a person's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import msgspec

from syncline.connectors.http.answers.answer import Errors, Rule
from syncline.domain.errors import Category, Problem
from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.mapping.reading import Reader

HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "authorization", "te", "upgrade"}
)
_UNSAFE = re.compile(r"[\s\\\x00-\x1f\x7f]")
MEGABYTE = 1_000_000


class LoginKind(StrEnum):
    """How calls show who makes them."""

    NONE = "none"
    API_KEY = "apiKey"
    BEARER = "bearer"
    BASIC = "basic"
    OAUTH2 = "oauth2"


SECRETS: Mapping[LoginKind, str] = {
    LoginKind.API_KEY: "apiKey",
    LoginKind.BEARER: "token",
    LoginKind.BASIC: "password",
    LoginKind.OAUTH2: "clientSecret",
}


class ClientAuth(StrEnum):
    """Where an OAuth2 client shows its secret."""

    BASIC = "basic"
    BODY = "body"


class Login(msgspec.Struct, frozen=True):
    """The profile's `auth` block, without secrets."""

    kind: LoginKind = LoginKind.NONE
    header: str = "X-Api-Key"
    username: str = ""
    token_url: str = ""
    client_id: str = ""
    scope: str = ""
    audience: str = ""
    client_auth: ClientAuth = ClientAuth.BASIC


class Times(msgspec.Struct, frozen=True):
    """Seconds to connect, and for a whole call."""

    connect: float = 5.0
    total: float = 60.0


class Settings(msgspec.Struct, frozen=True):
    """A profile.

    Attributes:
        base_url: without a slash at its end; endpoints are appended.
        idempotency_header: takes a write's key; "" sends none.
        test_endpoint: read by the connection test.
    """

    base_url: str
    login: Login
    headers: Mapping[str, str]
    times: Times
    max_answer: int
    ca_file: str | None
    errors: Errors
    idempotency_header: str
    test_endpoint: str


def parse_settings(
    config: Mapping[str, Any], secrets: Mapping[str, str]
) -> tuple[Settings, list[Problem]]:
    """Read a profile; what is wrong with it is told by JSON path."""
    problems: list[Problem] = []
    r = Reader(config, "$.config", problems)
    base_url = r.text("baseUrl", required=True)
    if base_url:
        _check_url(r, "baseUrl", base_url)
    login = _login(r.child("auth"), secrets)
    times = r.child("timeouts")
    for name in ("verify", "verifyTls", "insecure"):
        if r.anything(name) is not None:
            r.problem(name, "certificates are always verified; name your own CA in caFile instead")
    settings = Settings(
        base_url=base_url.rstrip("/"),
        login=login,
        headers=_headers(r, "headers"),
        times=Times(number(times, "connect", 5, 0.1, 60), number(times, "total", 60, 1, 600)),
        max_answer=int(number(r, "maxAnswerBytes", 32 * MEGABYTE, 1000, 1000 * MEGABYTE)),
        ca_file=r.text("caFile") or None,
        errors=_errors(r.child("errors")),
        idempotency_header=_header(r, "idempotencyHeader", "Idempotency-Key"),
        test_endpoint=endpoint(r.child("test"), "endpoint", required=False, known=()),
    )
    times.refuse_unknown()
    r.refuse_unknown()
    return settings, problems


def _login(r: Reader, secrets: Mapping[str, str]) -> Login:
    kind = r.choice("type", LoginKind, LoginKind.NONE)
    needed = {
        LoginKind.BASIC: ("username",),
        LoginKind.OAUTH2: ("tokenUrl", "clientId"),
    }.get(kind, ())
    login = Login(
        kind=kind,
        header=_header(r, "header", "X-Api-Key") or "X-Api-Key",
        username=r.text("username", required="username" in needed),
        token_url=r.text("tokenUrl", required="tokenUrl" in needed),
        client_id=r.text("clientId", required="clientId" in needed),
        scope=r.text("scope"),
        audience=r.text("audience"),
        client_auth=r.choice("clientAuth", ClientAuth, ClientAuth.BASIC),
    )
    if login.token_url and not login.token_url.startswith("/"):
        _check_url(r, "tokenUrl", login.token_url)
    if ":" in login.username:
        r.problem("username", "must not hold a colon: Basic login ends the name there")
    r.refuse_unknown()
    wanted = SECRETS.get(kind)
    for name, value in sorted(secrets.items()):
        if name != wanted:
            hint = f"`auth.type` {kind} takes {wanted or 'none'}"
            r.problems.append(Problem(f"$.secrets.{name}", f"unknown secret; {hint}"))
        elif not value.isascii() or any(c in value for c in "\r\n\0"):
            message = "must be ASCII text on one line, as it travels in a header"
            if kind in (LoginKind.API_KEY, LoginKind.BEARER):
                r.problems.append(Problem(f"$.secrets.{name}", message))
    if wanted and not secrets.get(wanted):
        r.problems.append(Problem(f"$.secrets.{wanted}", f"is required by `auth.type` {kind}"))
    return login


def _errors(r: Reader) -> Errors:
    rules = []
    for rule in r.children("rules"):
        status = rule.anything("status")
        if status is not None and (type(status) is not int or not 200 <= status <= 599):
            rule.problem("status", "must be a status such as 500")
            status = None
        contains = rule.text("contains")
        if status is None and not contains:
            rule.problem(None, "needs `status` or `contains`, or it would fit every answer")
        category = rule.choice("category", Category, Category.PERMANENT)
        rule.refuse_unknown()
        rules.append(Rule(status, contains, category))
    errors = Errors(path(r, "message"), path(r, "code"), path(r, "inSuccess"), rules)
    r.refuse_unknown()
    return errors


def path(r: Reader, name: str) -> Callable[[Any], Any] | None:
    """Read a JSON path such as `data[0].id`; None where it is not given."""
    return path_in(r, name, r.text(name))


def path_in(r: Reader, name: str, text: str | None) -> Callable[[Any], Any] | None:
    """Read a JSON path that stands somewhere else; a mistake is told of `name`."""
    if not text:
        return None
    try:
        return reader(parse_path(text))
    except ValueError as error:
        r.problem(name, str(error))
        return None


def number(r: Reader, name: str, default: float, low: float, high: float) -> float:
    value = r.anything(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        r.problem(name, f"must be a number from {low:g} to {high:g}")
        return default
    return value


def whole(r: Reader, name: str, default: int, low: int, high: int) -> int:
    value = number(r, name, default, low, high)
    if value != int(value):
        r.problem(name, f"must be a whole number from {low} to {high}")
    return int(value)


def _headers(r: Reader, name: str) -> dict[str, str]:
    headers = {}
    for key, value in r.mapping(name).items():
        if not HEADER.fullmatch(key) or key.lower() in _OURS:
            hint = (
                "credentials belong into `auth` and secrets"
                if key.lower() == "authorization"
                else ""
            )
            r.problem(f"{name}.{key}", f"cannot be set; {hint}" if hint else "cannot be set")
        elif not isinstance(value, str) or not value.isascii() or not value.isprintable():
            r.problem(f"{name}.{key}", "must be ASCII text on one line")
        else:
            headers[key] = value
    return headers


def _header(r: Reader, name: str, default: str) -> str:
    value = r.anything(name)
    if value is None:
        return default
    if not isinstance(value, str) or (value and not HEADER.fullmatch(value)):
        r.problem(name, "must be the name of a header, such as X-Api-Key")
        return default
    return value


def endpoint(r: Reader, name: str, *, required: bool, known: Sequence[str]) -> str:
    """Read a path under the base URL.

    Args:
        known: placeholders it may hold, such as `id` for `{id}`.
    """
    text = r.text(name, required=required)
    if not text:
        return ""
    if not text.startswith("/") or text.startswith("//") or _UNSAFE.search(text) or "#" in text:
        r.problem(name, "must be a path under the profile's baseUrl, such as /items")
    check_placeholders(r, name, text, known)
    return text


def check_placeholders(r: Reader, name: str, text: str, known: Sequence[str]) -> None:
    for found in re.findall(r"\{([A-Za-z]+)\}", text):
        if found not in known:
            may = " or ".join(f"{{{k}}}" for k in known) or "none"
            r.problem(name, f"{{{found}}} means nothing here; it may hold {may}")


def _check_url(r: Reader, name: str, url: str) -> None:
    parts = None
    if not _UNSAFE.search(url):
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:  # refused below, with an example
            parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        r.problem(name, "must be a URL such as https://erp.example.com/api")
    elif parts.username is not None or parts.password is not None or "@" in parts.netloc:
        r.problem(name, "must hold no credentials: they belong into `auth` and secrets")
    elif parts.query or parts.fragment:
        r.problem(name, "must end with its path: no `?` and no `#`")
