"""Which addresses may be called, and that a name's every address is looked at."""

from __future__ import annotations

import ssl

import pytest

from syncline.connectors.http.client.addresses import AllowedAddresses, Resolve
from syncline.connectors.http.client.connections import ConnectError, GuardedConnector
from syncline.connectors.port import ConnectorError

FORBIDDEN = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.5", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "169.254.169.254", "224.0.0.1", "192.0.0.8", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1",
    "fec0::1", "ff02::1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::", "64:ff9b::a00:1", "2002:a00:1::", "::10.0.0.1", "fd00:ec2::254",
    "fe80::1%eth0",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_private_addresses_are_refused_in_every_disguise(address: str) -> None:
    assert not AllowedAddresses(()).permits("api.example.com", address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert AllowedAddresses(()).permits("api.example.com", address)


@pytest.mark.parametrize("entry", ["10.0.0.0/8", "10.0.0.5", "ERP.local", "*.local"])
def test_the_operator_allows_networks_addresses_and_names(entry: str) -> None:
    assert AllowedAddresses((entry,)).permits("erp.local", "10.0.0.5")
    assert not AllowedAddresses((entry,)).permits("other.example", "192.168.0.1")


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254"])
def test_where_clouds_give_secrets_is_never_allowed(address: str) -> None:
    assert not AllowedAddresses(("0.0.0.0/0", "::/0", "erp.local")).permits("erp.local", address)


def connector(resolver: Resolve) -> GuardedConnector:
    return GuardedConnector(AllowedAddresses(()), resolver, 5.0, ssl.create_default_context())


async def test_one_forbidden_address_of_a_name_refuses_it_all() -> None:
    async def both(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34", "127.0.0.1"]

    with pytest.raises(ConnectorError, match=r"rebound\.example is 127\.0\.0\.1"):
        await connector(both).connected("rebound.example", 80)


async def test_an_unknown_name_cannot_be_connected_to() -> None:
    async def unknown(_host: str, _port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(ConnectError, match=r"nowhere\.example is not known"):
        await connector(unknown).connected("nowhere.example", 80)
