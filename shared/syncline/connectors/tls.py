"""TLS to servers that are connected to at an address that was checked, not by their name."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

from syncline.connectors.errors import refusal


class NamedContext(ssl.SSLContext):
    """Names the server in TLS, and checks its certificate for that name: not for the address.

    Attributes:
        name_of: returns the name of an address that a driver gives as the server's name.
        checks_name: a driver that wraps sockets cannot turn that off: Oracle's does, and checks
            names by rules of its own.
    """

    name_of: Callable[[str], str]
    checks_name = False

    def wrap_socket(
        self,
        sock: socket.socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLSocket:
        self.check_hostname = self.checks_name
        name = self.name_of(str(server_hostname or ""))
        return super().wrap_socket(
            sock, server_side, do_handshake_on_connect, suppress_ragged_eofs, name, session
        )

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        name = self.name_of(str(server_hostname or ""))
        return super().wrap_bio(incoming, outgoing, server_side, name, session)


def named_context(name_of: Callable[[str], str]) -> NamedContext:
    """Return a client's rules of TLS 1.2 or later, which trust nobody yet."""
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.name_of = name_of
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def trust(context: ssl.SSLContext, authority: str, setting: str) -> None:
    """Trust the issuers in a file; without a file those that the machine trusts.

    Args:
        authority: path of the file, or "".
        setting: of the profile that names the file.

    Raises ConnectorError where the file cannot be read.
    """
    if not authority:
        context.load_default_certs()
        return
    try:
        context.load_verify_locations(authority)
    except OSError as error:
        message = f"{setting}: {authority!r} cannot be used as a certificate: {error.strerror}"
        raise refusal("invalid_certificate", message) from error
