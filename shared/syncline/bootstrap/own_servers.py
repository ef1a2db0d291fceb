"""The servers of the installation itself, which no connector may call."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

_POSTGRES = 5432


def own_servers(dsn: str, brokers: str, health_host: str, health_port: int) -> tuple[str, ...]:
    """Return `host:port` of PostgreSQL, of the brokers, and of this process's health server."""
    health = [_place(health_host, health_port)] if health_port else []
    return (*_of_dsn(dsn), *(part.strip() for part in brokers.split(",")), *health)


def _of_dsn(dsn: str) -> Iterator[str]:
    """Read where a DSN leads; a socket's folder is of a server that may listen here too."""
    parts = urlsplit(dsn)
    query = parse_qs(parts.query)
    hosts = parts.netloc.rpartition("@")[2] or query.get("host", [""])[0]
    ports = query.get("port", [str(_POSTGRES)])[0].split(",")
    for number, text in enumerate(hosts.split(",")):
        host, port = unquote(text), ports[min(number, len(ports) - 1)]
        if not host.endswith("]") and host.count(":") == 1:
            host, _, port = host.partition(":")
        elif "]:" in host:
            host, _, port = host.rpartition(":")
        if not host or host.startswith("/"):
            host = "127.0.0.1"
        yield _place(host, int(port))


def _place(host: str, port: int) -> str:
    bare = host.strip("[]")
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"
