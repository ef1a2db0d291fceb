"""Kinds of settings: what may stand in one, and the words for what may not."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, AllowInfNan, Field, SecretStr

from syncline.security.message_keys import MessageKeys
from syncline.security.secrets import Keyring, SecretsError

LONGEST = 1000
"""Characters of a setting that is no list."""
LONGEST_LIST = 20_000
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_PATTERN = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*\.?")
_TLS = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_DSN = "must be `postgresql://user:password@host:port/database`"


def _plain(text: str) -> str:
    if not text.isprintable():
        raise ValueError("may hold no line end and no other control character")
    return text


def _hidden(check: Callable[[str], str]) -> Callable[[SecretStr], SecretStr]:
    """Return a check of what a secret holds; its words never repeat it."""

    def checked(secret: SecretStr) -> SecretStr:
        check(secret.get_secret_value())
        return secret

    return checked


def _dsn(text: str) -> str:
    parts = urlsplit(_plain(text))
    hosts = parts.netloc.rpartition("@")[2]
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError(f"{_DSN}; it begins otherwise")
    if hosts and not all(map(_is_place, hosts.split(","))):
        raise ValueError(f"{_DSN}; its host or port is none")
    mode = parse_qs(parts.query).get("sslmode", [_TLS[0]])[0]
    if mode not in _TLS:
        raise ValueError(f"its `sslmode` must be one of {', '.join(_TLS)}")
    return text


def _is_place(text: str) -> bool:
    """Tell whether a text is a host with or without a port."""
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    return _is_host((host or text).strip("[]")) and (not colon or _is_port(port))


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= 65535


def _is_host(text: str) -> bool:
    is_name = len(text) < 256 and _HOST.fullmatch(text)
    return bool(is_name) or ("/" not in text and _is_network(text))


def _brokers(text: str) -> str:
    parts = [part.strip() for part in text.split(",")]
    wrong = [part for part in parts if ":" not in part or not _is_place(part)]
    if wrong:
        raise ValueError(f"must be `host:port,host:port`; {_short(wrong[0])} is not `host:port`")
    return ",".join(parts)


def _prefix(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", text):
        raise ValueError("may have letters, digits, `.`, `_` and `-` alone, at most 100")
    return text


def _role_names(text: str) -> str:
    if text and not re.fullmatch(r"(?:[a-z_][a-z0-9_]{0,40})?SERVICE[a-z0-9_]{0,10}", text):
        raise ValueError(
            "must be a name in lower-case letters, digits and `_` with SERVICE in it, such as "
            "`syncline_SERVICE`"
        )
    return text


def _process_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{0,200}", text.replace("{host}", "")):
        raise ValueError("may have letters, digits, `.`, `_`, `-` and `{host}` alone, at most 200")
    return text


def _host(text: str) -> str:
    if not _is_host(text.strip("[]")):
        raise ValueError(
            f"must be an address or host name alone, such as `127.0.0.1`, not {_short(text)}"
        )
    return text.strip("[]")


def _mail_host(text: str) -> str:
    if not _is_host(text):
        raise ValueError(
            f"must be a host name alone, such as `mail.example.com`, not {_short(text)}"
        )
    return text


def _folders(text: str) -> str:
    wrong = [part for part in text.split(":") if part and not part.startswith("/")]
    if wrong:
        raise ValueError(
            f"must be absolute folders, separated by `:`, such as `/srv/in:/srv/out`; "
            f"{_short(wrong[0])} is not absolute"
        )
    return _plain(text)


def _allowed(text: str) -> str:
    for part in parts_of(text):
        if not _is_allowance(part):
            raise ValueError(
                f"must be networks and host names such as `10.0.0.0/8,erp.local,*.erp.local`, with "
                f"or without `:port`; {_short(part)} is neither"
            )
    return text


def _is_allowance(text: str) -> bool:
    """Tell whether a text is a network or a host name, with or without a port."""
    if _is_network(text) or _PATTERN.fullmatch(text):
        return True
    host, _, port = text.rpartition(":")
    return _is_port(port) and bool(_is_network(host.strip("[]")) or _PATTERN.fullmatch(host))


def _proxies(text: str) -> str:
    for part in parts_of(text):
        if not _is_network(part):
            raise ValueError(
                f"must be addresses and networks such as `10.0.0.7,10.1.0.0/16`; "
                f"{_short(part)} is neither"
            )
        if not _is_network(part, strict=True):
            raise ValueError(
                f"{_short(part)} is an address within a network; the network is "
                f"`{ip_network(part, strict=False)}`"
            )
    return ",".join(parts_of(text))


def parts_of(text: str) -> list[str]:
    """Return the entries of a list that is separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _is_network(text: str, *, strict: bool = False) -> bool:
    """Tell whether a text is an address or a network; `strict`: not an address within one."""
    try:
        return bool(ip_network(text, strict=strict))
    except ValueError:  # the setting's check names the text
        return False


def _public_url(text: str) -> str:
    if not re.fullmatch(r"https?://[^/?#\s]+", text) or not _has_host(text):
        raise ValueError(
            "must be scheme and host alone, such as `https://sync.example.com`, "
            f"with no path behind it, not {_short(text)}"
        )
    return text


def _collector(text: str) -> str:
    if not re.match(r"https?://[^/?#\s]+", text) or not _has_host(_plain(text)):
        raise ValueError(f"must be a URL such as `http://collector:4318`, not {_short(text)}")
    return text


def _has_host(text: str) -> bool:
    return _is_place(urlsplit(text).netloc.rpartition("@")[2])


def _sender(text: str) -> str:
    address = re.fullmatch(r"(?:[^<>\s][^<>]*)?<([^<>\s]+)>|([^<>\s]+)", _plain(text))
    mailbox = (address[1] or address[2] or "") if address else ""
    name, at, host = mailbox.rpartition("@")
    if not (at and name and _is_host(host)):
        raise ValueError(f"must be an address such as `sync@example.com`, not {_short(text)}")
    return text


def _file(path: Path) -> Path:
    shown = _short(str(path))
    try:
        if path.is_dir():
            raise ValueError(f"must name a file; {shown} is a folder")
        if not path.is_file():
            raise ValueError(f"names {shown}, which is not there")
    except OSError as error:
        raise ValueError(f"names {shown}: {error.strerror}") from None
    if not os.access(path, os.R_OK):
        raise ValueError(f"names {shown}, which this user may not read")
    return path


def _file_name(text: str) -> str:
    _file(Path(_plain(text)))
    return text


def _keys(text: str) -> str:
    try:
        Keyring.parse(text)
    except SecretsError as error:
        raise ValueError(str(error)) from None
    return text


def _message_keys(text: str) -> str:
    try:
        MessageKeys.parse(text)
    except SecretsError as error:
        raise ValueError(str(error)) from None
    return text


def _file_of(check: Callable[[str], str]) -> Callable[[Path], Path]:
    """Return a check of a file that holds keys."""

    def checked(path: Path) -> Path:
        try:
            text = _file(path).read_text()
        except (OSError, UnicodeDecodeError):
            raise ValueError(f"names {_short(str(path))}, which holds no text") from None
        check(text)
        return path

    return checked


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:79]}…")


_Short = Field(max_length=LONGEST)
Number = Annotated[float, AllowInfNan(False)]
Text = Annotated[str, _Short, AfterValidator(_plain)]
Secret = Annotated[SecretStr, _Short, AfterValidator(_hidden(_plain))]
Dsn = Annotated[SecretStr, _Short, AfterValidator(_hidden(_dsn))]
Keys = Annotated[SecretStr, Field(max_length=LONGEST_LIST), AfterValidator(_hidden(_keys))]
KeysFile = Annotated[Path, AfterValidator(_file_of(_keys))]
MessageRing = Annotated[
    SecretStr, Field(max_length=LONGEST_LIST), AfterValidator(_hidden(_message_keys))
]
MessageRingFile = Annotated[Path, AfterValidator(_file_of(_message_keys))]
Brokers = Annotated[str, Field(max_length=LONGEST_LIST), AfterValidator(_brokers)]
Prefix = Annotated[str, AfterValidator(_prefix)]
RoleNames = Annotated[str, AfterValidator(_role_names)]
ProcessName = Annotated[str, AfterValidator(_process_name)]
Host = Annotated[str, AfterValidator(_host)]
MailHost = Annotated[str, AfterValidator(_mail_host)]
Folders = Annotated[str, Field(max_length=LONGEST_LIST), AfterValidator(_folders)]
Allowances = Annotated[str, Field(max_length=LONGEST_LIST), AfterValidator(_allowed)]
Proxies = Annotated[str, Field(max_length=LONGEST_LIST), AfterValidator(_proxies)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Collector = Annotated[str, _Short, AfterValidator(_collector)]
Sender = Annotated[str, _Short, AfterValidator(_sender)]
File = Annotated[str, AfterValidator(_file_name)]
