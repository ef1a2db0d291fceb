"""Where a connection may go: the address policy of every connector and webhook. Spec section 11.

Public addresses are allowed, others where the operator allows them. Where clouds give secrets is
never allowed, and the installation's own servers only by an entry that names their port.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple, TypeAlias

import structlog

from syncline.connectors.errors import ConnectorError, refusal
from syncline.connectors.facts import Surroundings

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]

FRESH = 30.0
"""Seconds for which the addresses of the installation's own servers are remembered."""
_NEVER = tuple(map(ipaddress.ip_network, (
    "0.0.0.0/8", "::/128",  # this machine, by another name
    "169.254.169.254/32", "fd00:ec2::254/128", "fd20:ce::254/128", "fe80::a9fe:a9fe/128",
    "169.254.170.2/32", "169.254.170.23/32", "fd00:ec2::23/128",  # containers at AWS
    "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32",  # Azure, Alibaba, Oracle
    "169.254.0.23/32", "169.254.42.42/32",  # Tencent, Scaleway
)))  # fmt: skip
_EMBEDDING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.ip_network("::/96")
_SPECIAL = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("192.88.99.0/24"))
log = structlog.get_logger()


class _Entry(NamedTuple):
    """A network or a name, which may begin with `*.`, with one port or all of them."""

    network: Network | None
    name: str
    port: int | None

    def names(self, host: str, port: int, ip: Address) -> bool:
        """Tell whether the entry is about a host at an address and port."""
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            return _within(ip, (self.network,))
        return fnmatchcase(host.lower().rstrip("."), self.name)


class AllowedAddresses:
    """What the operator allows beside the public internet, and what is refused all the same.

    Args:
        allow: networks, addresses and host names, each for all ports or with one (`host:port`).
            Only one with a port prevails over `deny`.
        deny: the same. A host stands for all its names and addresses here, as it does where
            `allow` names its port.
    """

    def __init__(
        self, allow: Iterable[str], deny: Iterable[str] = (), resolver: Resolve | None = None
    ) -> None:
        self._allow = [_entry(text) for text in allow]
        self._deny = [_entry(text) for text in deny]
        self._resolve = resolver or resolve
        self._known: dict[_Entry, tuple[float, list[Address]]] = {}

    @classmethod
    def of(cls, surroundings: Surroundings, resolver: Resolve | None = None) -> AllowedAddresses:
        """Return what an installation allows; `resolver` looks names up in place of the system."""
        return cls(surroundings.outbound_allow, surroundings.outbound_deny, resolver)

    async def checked(self, host: str, port: int) -> list[str]:
        """Resolve a name and return its addresses, which are to be connected to as they are.

        Raises:
            ConnectorError: one of them is not allowed, which refuses the name as a whole.
            OSError, UnicodeError: the name is not known.
        """
        addresses = await self._resolve(host, port)
        for address in addresses:
            if not await self.permits(host, port, address):
                log.warning("address_refused", host=host, port=port, address=address)
                raise not_allowed(host, port)
        return addresses

    async def permits(self, host: str, port: int, address: str) -> bool:
        """Tell whether a host may be called at an address that it resolved to."""
        ip = ipaddress.ip_address(address.partition("%")[0])
        forms = [form for form in (ip, _embedded(ip)) if form is not None]
        if any(_within(form, _NEVER) for form in forms):
            return False
        for entry in self._allow:
            if entry.port is not None and await self._concerns(entry, host, port, ip):
                return True
        for entry in self._deny:
            for form in forms:
                if await self._concerns(entry, host, port, form):
                    return False
        return is_public(ip) or any(entry.names(host, port, ip) for entry in self._allow)

    async def _concerns(self, entry: _Entry, host: str, port: int, ip: Address) -> bool:
        """Tell whether an entry means an address, be it by another name or address of its host."""
        if entry.names(host, port, ip):
            return True
        if entry.port not in (None, port) or "*" in entry.name:
            return False
        network = entry.network
        if network is None:
            meant = await self._addresses(entry)
        elif network.num_addresses == 1:
            meant = [network.network_address]
        else:
            return False
        here = entry.port is not None and any(map(_is_of_this_machine, meant))
        return ip in meant or (here and _is_of_this_machine(ip))

    async def _addresses(self, entry: _Entry) -> list[Address]:
        looked, known = self._known.get(entry, (0.0, []))
        now = time.monotonic()
        if not looked or now - looked > FRESH:
            try:
                found = await self._resolve(entry.name, entry.port or 0)
            except (OSError, UnicodeError):  # no one reaches it by this name either
                found = []
            known = [ipaddress.ip_address(each.partition("%")[0]) for each in found] or known
            self._known[entry] = (now, known)
        return known


def _entry(text: str) -> _Entry:
    """Read `10.0.0.0/8`, `erp.local`, `*.local`, and each of them with `:port` behind it."""
    network, port = _network(text), None
    before, colon, digits = text.rpartition(":")
    if network is None and colon and digits.isdigit():
        text, network, port = before, _network(before.strip("[]")), int(digits)
    return _Entry(network, "" if network else text.lower().rstrip("."), port)


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:  # no network, so a host name
        return None


def is_public(ip: Address) -> bool:
    """Tell whether an address lies in the public internet, also by an IPv4 address inside it."""
    inner = _embedded(ip)
    if inner is not None:
        return is_public(inner)
    site_local = isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local
    special = ip.is_multicast or ip.is_reserved or ip.is_unspecified or site_local
    return ip.is_global and not special and not _within(ip, _SPECIAL)


def _is_of_this_machine(ip: Address) -> bool:
    """Tell whether connecting to an address leads back to this machine: a socket can have it."""
    if ip.is_loopback or ip.is_unspecified:
        return True
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(ip), 0))
    except OSError:  # the answer is No
        return False
    return True


def _embedded(ip: Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    found = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
    if found is None and (_within(ip, _EMBEDDING) or (ip in _COMPATIBLE and int(ip) > 1)):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return found


def _within(ip: Address, networks: Sequence[Network]) -> bool:
    return any(ip.version == net.version and ip in net for net in networks)


async def resolve(host: str, port: int) -> list[str]:
    """Return all addresses of a host, in the system's order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def not_allowed(host: str, port: int) -> ConnectorError:
    """Say that a host may not be called; why is in the log alone, or tests would map a network."""
    message = (
        f"{host} may not be called at port {port}: it has no public address, or it is a server of "
        "this installation itself. Whoever runs Syncline may allow it in SYNCLINE_OUTBOUND_ALLOW, "
        f"a server of its own as `{host}:{port}`"
    )
    return refusal("address_not_allowed", message)
