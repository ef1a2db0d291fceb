"""A real mail server for tests, which keeps what it takes."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from syncline.actions.notifications.email import Smtp
from tests.support.certificates import Authority
from tests.support.ports import free_port

USER, PASSWORD = "mailer", "canary-smtp-password"


class MailServer:
    """Takes mails; refuses recipients that begin with `nobody`; busy while `busy` is set."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.busy = False
        self.port = free_port()

    def smtp(self, password: str = PASSWORD) -> Smtp:
        sender = "Syncline <syncline@example.com>"
        return Smtp("127.0.0.1", self.port, "starttls", USER, password, sender)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.busy:
            return "451 try again later"
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.mails.append(mail)
        self.recipients.append(envelope.rcpt_tos)
        return "250 taken"


def _log_in(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
) -> AuthResult:
    right = data == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=right)


@asynccontextmanager
async def mail_server(authority: Authority, folder: Path) -> AsyncIterator[MailServer]:
    """Run a mail server that asks for TLS and a login."""
    server = MailServer()
    certificate = authority.sign()
    both = folder / "mail.pem"
    both.write_text(certificate.key + certificate.certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(both)
    controller = Controller(
        server, hostname="127.0.0.1", port=server.port,
        authenticator=_log_in, auth_required=True, tls_context=context,
        require_starttls=True,
    )  # fmt: skip
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@asynccontextmanager
async def trusted_mail_server(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MailServer]:
    """Run a mail server whose certificate this process trusts."""
    authority = Authority()
    trusted = folder / "authority.pem"
    trusted.write_text(authority.certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with mail_server(authority, folder) as server:
        yield server
