"""Notifications as e-mail: plain text with the facts of the run and a link to the console."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from typing import Literal

import aiosmtplib
import msgspec

from syncline.contracts.alerts import AlertData
from syncline.domain.notification.incident import Alert
from syncline.telemetry.masking import SECRETS

WITHIN = 20.0
"""Seconds for a whole mail."""
UNCONFIRMED = "no address is confirmed yet: the owner of each was asked by e-mail"
_QUESTION = """\
Somebody wants Syncline to write to this address when syncs fail and when they work again
(tenant {tenant}). If you want that, confirm it within 7 days:

{link}

If you do not, do nothing: no other mail comes.
"""
NOT_CONFIGURED = "SYNCLINE_SMTP_HOST is not set: this installation sends no e-mail"


class Smtp(msgspec.Struct, frozen=True):
    """The mail server; no host means that there is none."""

    host: str = ""
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = ""
    sender: str = "syncline@localhost"


class MailReply(msgspec.Struct, frozen=True):
    """What the mail server answered."""

    ok: bool
    status: int | None
    words: str


class Mailer:
    """Sends mails one by one; a connection is not kept."""

    def __init__(self, smtp: Smtp) -> None:
        self._smtp = smtp
        SECRETS.know([smtp.password])

    async def send(
        self, addresses: Sequence[str], subscription: str, id_: str, at: datetime, data: AlertData
    ) -> MailReply:
        """Send one mail to all addresses. It is sent when the server took it for any of them."""
        if self._smtp.host and not addresses:
            return MailReply(False, None, UNCONFIRMED)
        mail = self._mail(addresses, id_, at, headline(data))
        mail.set_content("\n".join(_lines(data, subscription)))
        return await self._sent(mail, addresses)

    async def ask(self, address: str, id_: str, at: datetime, tenant: str, link: str) -> MailReply:
        """Ask the owner of an address whether notifications are wanted there."""
        mail = self._mail([address], id_, at, "confirm your address")
        mail.set_content(_QUESTION.format(tenant=tenant, link=link))
        return await self._sent(mail, [address])

    async def _sent(self, mail: EmailMessage, addresses: Sequence[str]) -> MailReply:
        smtp = self._smtp
        if not smtp.host:
            return MailReply(False, None, NOT_CONFIGURED)
        try:
            refused, words = await aiosmtplib.send(
                mail,
                recipients=list(addresses),
                sender=parseaddr(smtp.sender)[1],
                hostname=smtp.host,
                port=smtp.port,
                username=smtp.user or None,
                password=smtp.password or None,
                use_tls=smtp.tls == "tls",
                start_tls=smtp.tls == "starttls",
                timeout=WITHIN,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            answers = "; ".join(f"{r.recipient}: {r.code} {r.message}" for r in error.recipients)
            return MailReply(False, error.recipients[0].code, answers)
        except aiosmtplib.SMTPResponseException as error:
            return MailReply(False, error.code, error.message)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return MailReply(False, None, f"{smtp.host}: {str(error) or type(error).__name__}")
        others = "".join(f"; refused {who}: {r.code} {r.message}" for who, r in refused.items())
        return MailReply(True, 250, words + others)

    def _mail(self, addresses: Sequence[str], id_: str, at: datetime, subject: str) -> EmailMessage:
        mail = EmailMessage(SMTP_POLICY)
        domain = parseaddr(self._smtp.sender)[1].rpartition("@")[2] or "localhost"
        mail["From"] = self._smtp.sender
        mail["To"] = ", ".join(addresses)
        mail["Subject"] = f"[Syncline] {subject}"
        mail["Date"] = format_datetime(at)
        mail["Message-ID"] = f"<{id_}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        return mail


def headline(data: AlertData) -> str:
    """Say in one line what happened: `erp-shop, item: run failed`."""
    subject = ", ".join(filter(None, (data.instance, data.entity_type)))
    if data.count:
        subject = f"{data.count} streams" + (f" of {data.system}" if data.system else "")
    subject = subject or data.tenant
    label = Alert(data.alert).label
    words = label if label.startswith("DLQ") else label[0].lower() + label[1:]
    return re.sub(r"\s+", " ", f"{subject}: {words}")[:200]


_RECORDS = "{0.total} in all, {0.success} written, {0.skipped} skipped, {0.failed} failed"
_PENDING = "{0.pending} (told from {0.threshold} on)"


def facts_of(data: AlertData) -> dict[str, str]:
    """Return what is known of it, by the names that people read."""
    facts = {
        "Tenant": data.tenant,
        "System": data.system,
        "Over": ", ".join(Alert(name).label for name in data.recovered_from or ()),
        "Reason": data.reason,
        "Records": None if data.total is None else _RECORDS.format(data),
        "Started": data.started_at,
        "Finished": data.finished_at,
        "Mode": data.mode,
        "Triggered by": data.trigger,
        "Correlation ID": data.correlation_id,
        "Waiting in the DLQ": None if data.pending is None else _PENDING.format(data),
        "Now": None if data.failing is None else "it fails" if data.failing else "it works",
    }
    return {name: value for name, value in facts.items() if value}


def _lines(data: AlertData, subscription: str) -> Iterator[str]:
    yield headline(data)
    yield ""
    for name, value in facts_of(data).items():
        yield f"{name}: {value}"
    yield from _streams(data)
    if data.link:
        yield ""
        yield f"See more: {data.link}"
    yield ""
    yield _WHY[Alert(data.alert)].format(subscription)


def _streams(data: AlertData) -> Iterator[str]:
    if not data.streams:
        return
    yield ""
    yield "Streams:"
    for stream in data.streams:
        name = ", ".join(filter(None, (stream.instance, stream.entity_type)))
        reason = f": {stream.reason}" if stream.reason and stream.reason != data.reason else ""
        label = Alert(stream.alert).label
        yield re.sub(r"\s+", " ", f"- {name}: {label[0].lower()}{label[1:]}{reason}")[:500]
    if data.count and data.count > len(data.streams):
        yield f"and {data.count - len(data.streams)} more"


_QUIET = "Nothing more is sent of this until it is over. Notification: {}."
_WHY = {
    Alert.RUN_FAILED: _QUIET,
    Alert.NEEDS_ATTENTION: "Resume the run, which accepts what has failed, or cancel it. " + _QUIET,
    Alert.SYSTEM_AWAY: "Runs wait for it, and go on by themselves. " + _QUIET,
    Alert.PARTIAL_SUCCESS: _QUIET,
    Alert.DLQ_GROWTH: _QUIET,
    Alert.NOT_SYNCED: _QUIET,
    Alert.SCHEDULE_MISSED: _QUIET,
    Alert.PROFILE_WAITING: _QUIET,
    Alert.RECOVERED: "Notification: {}.",
    Alert.FLAPPING: "It fails and recovers in turn. Nothing more is sent of this until one of both "
    "holds. Notification: {}.",
    Alert.TEST: "A test: somebody asked for it in the console or the API. Notification: {}.",
}
