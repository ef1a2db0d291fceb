"""Which addresses may be called, and that a name's every address is looked at."""

from __future__ import annotations

import socket
import ssl

import pytest

from syncline.connectors.addresses import AllowedAddresses, Resolve
from syncline.connectors.http.client.connections import ConnectError, GuardedConnector
from syncline.connectors.port import ConnectorError

FORBIDDEN = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.5", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "169.254.169.254", "224.0.0.1", "192.0.0.8", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1",
    "fec0::1", "ff02::1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::", "64:ff9b::a00:1", "2002:a00:1::", "::10.0.0.1", "fd00:ec2::254",
    "fe80::1%eth0",
]  # fmt: skip
METADATA = [
    "169.254.169.254", "::ffff:169.254.169.254", "168.63.129.16", "::ffff:168.63.129.16",
    "100.100.100.200", "192.0.0.192", "169.254.170.2", "169.254.170.23", "169.254.42.42",
    "169.254.0.23", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fe80::a9fe:a9fe%eth0",
    "0.0.0.0", "::",
]  # fmt: skip
NAMES = {"db.local": ["10.0.0.5"], "alias.example": ["10.0.0.5"], "other.local": ["10.0.0.6"]}


async def resolved(host: str, _port: int) -> list[str]:
    if host not in NAMES:
        raise OSError("Name or service not known")
    return NAMES[host]


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_private_addresses_are_refused_in_every_disguise(address: str) -> None:
    assert not await AllowedAddresses(()).permits("api.example.com", 443, address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
async def test_public_addresses_are_allowed(address: str) -> None:
    assert await AllowedAddresses(()).permits("api.example.com", 443, address)


@pytest.mark.parametrize("entry", ["10.0.0.0/8", "10.0.0.5", "ERP.local", "*.local"])
async def test_the_operator_allows_networks_addresses_and_names(entry: str) -> None:
    assert await AllowedAddresses((entry,)).permits("erp.local", 80, "10.0.0.5")
    assert not await AllowedAddresses((entry,)).permits("other.example", 80, "192.168.0.1")


@pytest.mark.parametrize("entry", ["10.0.0.0/8:80", "10.0.0.5:80", "erp.local:80", "*.local:80"])
async def test_the_operator_allows_one_port(entry: str) -> None:
    allowed = AllowedAddresses((entry,))
    assert await allowed.permits("erp.local", 80, "10.0.0.5")
    assert not await allowed.permits("erp.local", 5432, "10.0.0.5")


@pytest.mark.parametrize("address", METADATA)
async def test_where_clouds_give_secrets_is_never_allowed(address: str) -> None:
    allowed = AllowedAddresses(("0.0.0.0/0", "::/0", "erp.local", "erp.local:80", f"{address}:80"))
    assert not await allowed.permits("erp.local", 80, address)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("db.local", "10.0.0.5"), ("10.0.0.5", "10.0.0.5"), ("alias.example", "10.0.0.5"),
        ("::ffff:10.0.0.5", "::ffff:10.0.0.5"), ("db.local.", "10.0.0.9"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("own", ["db.local:5432", "10.0.0.5:5432"])
async def test_an_own_server_is_refused_under_each_name(host: str, address: str, own: str) -> None:
    if host == "db.local." and not own.startswith("db"):
        return
    allowed = AllowedAddresses(("10.0.0.0/8", "*.example", "::/0"), (own,), resolved)
    assert not await allowed.permits(host, 5432, address)
    assert await allowed.permits(host, 5433, address)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("own", ["127.0.0.1:15432", "[::1]:15432", "0.0.0.0:15432"])
async def test_an_own_server_here_is_refused_at_all_addresses_of_this_machine(
    address: str, own: str
) -> None:
    allowed = AllowedAddresses(("127.0.0.0/8", "::/0"), (own,))
    assert not await allowed.permits("localhost", 15432, address)
    assert await allowed.permits("localhost", 15433, address)


async def test_the_address_of_a_network_card_leads_to_an_own_server_too() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: it only chooses the card
        card = probe.getsockname()[0]
    allowed = AllowedAddresses(("0.0.0.0/0",), ("127.0.0.1:15432",))
    assert not await allowed.permits(card, 15432, card)


async def test_an_entry_with_a_port_opens_an_own_server() -> None:
    allow = ("127.0.0.0/8", "::1", "127.0.0.1:15432", "db.local:5432")
    allowed = AllowedAddresses(allow, ("127.0.0.1:15432", "10.0.0.5:5432"), resolved)
    for address in ("127.0.0.1", "::1"):
        assert await allowed.permits("localhost", 15432, address)
    assert await allowed.permits("db.local", 5432, "10.0.0.5")


async def test_a_denied_name_that_nobody_knows_denies_nothing_else() -> None:
    allowed = AllowedAddresses(("10.0.0.0/8",), ("nowhere.local:5432",), resolved)
    assert await allowed.permits("db.local", 5432, "10.0.0.5")


async def test_why_an_address_is_refused_stays_in_the_log() -> None:
    allowed = AllowedAddresses(("10.0.0.6",), ("other.local:80",), resolved)
    said = []
    for host in ("db.local", "other.local"):
        with pytest.raises(ConnectorError) as refused:
            await allowed.checked(host, 80)
        assert NAMES[host][0] not in str(refused.value)
        said.append(str(refused.value).replace(host, "HOST"))
    assert said[0] == said[1]


def connector(resolver: Resolve) -> GuardedConnector:
    return GuardedConnector(AllowedAddresses((), (), resolver), 5.0, ssl.create_default_context())


async def test_one_forbidden_address_of_a_name_refuses_it_all() -> None:
    async def both(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34", "127.0.0.1"]

    with pytest.raises(ConnectorError, match=r"rebound\.example may not be called"):
        await connector(both).connected("rebound.example", 80)


async def test_an_unknown_name_cannot_be_connected_to() -> None:
    with pytest.raises(ConnectError, match=r"nowhere\.example is not known"):
        await connector(resolved).connected("nowhere.example", 80)
