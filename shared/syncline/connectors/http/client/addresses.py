"""Where a call may go: which addresses are public, and which others the operator allows."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

from syncline.domain.errors import Category, Failure

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]

_NEVER = tuple(
    ipaddress.ip_network(net) for net in ("169.254.169.254/32", "fd00:ec2::254/128", "0.0.0.0/8")
)
_EMBEDDING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.ip_network("::/96")


class AllowedAddresses:
    """What the operator allows beside the public internet: networks, addresses and host names.

    A host name may begin with `*.`. The address that clouds give secrets at is never allowed.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        self._names: list[str] = []
        for entry in entries:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:  # no network, so a host name
                self._names.append(entry.lower())

    def permits(self, host: str, address: str) -> bool:
        """Tell whether a host may be called at an address it resolved to."""
        ip = ipaddress.ip_address(address.partition("%")[0])
        inner = _embedded(ip)
        if any(_within(part, _NEVER) for part in (ip, inner) if part is not None):
            return False
        if _within(ip, self._networks) or any(fnmatchcase(host.lower(), n) for n in self._names):
            return True
        return is_public(ip)


def is_public(ip: Address) -> bool:
    """Tell whether an address lies in the public internet, also by an IPv4 address inside it."""
    inner = _embedded(ip)
    if inner is not None:
        return is_public(inner)
    site_local = isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local
    special = ip.is_multicast or ip.is_reserved or ip.is_unspecified or site_local
    return ip.is_global and not special and not _within(ip, _SPECIAL)


_SPECIAL = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("192.88.99.0/24"))


def _embedded(ip: Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    found = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
    if found is None and (_within(ip, _EMBEDDING) or (ip in _COMPATIBLE and int(ip) > 1)):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return found


def _within(ip: Address, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    return any(ip.version == net.version and ip in net for net in networks)


async def resolve(host: str, port: int) -> list[str]:
    """Return all addresses of a host, in the system's order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def not_allowed(host: str, address: str) -> Failure:
    """Say that a host lies in a private network."""
    message = (
        f"{host} is {address}, which is no public address: whoever runs Syncline may allow it in "
        "SYNCLINE_OUTBOUND_ALLOW"
    )
    return Failure(Category.PERMANENT, "address_not_allowed", message)
