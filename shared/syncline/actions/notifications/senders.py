"""Sends one notification to one destination; a failure is returned as the result, not raised."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote, urlsplit

import msgspec

from syncline.actions.notifications.chat import slack_message, teams_message
from syncline.actions.notifications.email import Mailer, MailReply
from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.http.answers.answer import Answer
from syncline.connectors.http.client.client import Client, Request
from syncline.connectors.http.settings.profile import Timeouts
from syncline.connectors.port import ConnectorError
from syncline.contracts.alerts import AlertData, alert_event
from syncline.contracts.messages import encode
from syncline.domain.errors import RetriableError
from syncline.domain.notification.incident import Alert
from syncline.postgres.notifications.deliveries import Destination, Try
from syncline.runtime.clock import Clock
from syncline.security.signature import signed_headers
from syncline.telemetry.masking import SECRETS

TIMES = Timeouts(connect=5.0, total=15.0)
MAX_ANSWER = 1_000_000
SHOWN = 500
"""Characters of an answer that are kept."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_GONE = 410
_CHATS = {"slack": slack_message, "teams": teams_message}


class SendResult(msgspec.Struct, frozen=True):
    """An attempt, and what it means for the next: `gone` asks for none."""

    entry: Try
    retry_after: float | None = None
    gone: bool = False


class Senders:
    """Sends signed webhooks, through the guard of outgoing HTTP, and e-mails in plain words.

    Args:
        allowed: addresses that webhooks may lie at.
        public_url: where people open the console; without it messages hold no link.
    """

    def __init__(
        self, allowed: AllowedAddresses, mailer: Mailer, public_url: str, clock: Clock
    ) -> None:
        self._client = Client(allowed, TIMES, MAX_ANSWER)
        self._mailer = mailer
        self._public_url = public_url.rstrip("/")
        self._clock = clock

    async def close(self) -> None:
        await self._client.close()

    async def send(
        self, destination: Destination, id_: str, at: datetime, data: AlertData
    ) -> SendResult:
        """Send one notification to one receiver and return what became of it."""
        SECRETS.know(destination.signing)
        data = msgspec.structs.replace(data, link=self._link(data))
        began = self._clock.monotonic()
        now = self._clock.now()
        answer: Answer | None = None
        if destination.broken is not None:
            ok, status, words = False, None, destination.broken
        elif destination.kind == "email":
            reply = await self._mailer.send(destination.addresses, destination.name, id_, at, data)
            ok, status, words = reply.ok, reply.status, reply.words
        else:
            ok, status, words, answer = await self._post(destination, id_, at, data, now)
        seconds = round(self._clock.monotonic() - began, 3)
        entry = Try(now, ok, status, shown(words), seconds)
        gone = status == _GONE and destination.kind != "email"
        return SendResult(entry, _retry_after(answer), gone)

    async def ask(self, address: str, id_: str, tenant: str, link: str) -> MailReply:
        """Ask the owner of an e-mail address whether notifications are wanted there."""
        return await self._mailer.ask(address, id_, self._clock.now(), tenant, link)

    async def _post(
        self, destination: Destination, id_: str, at: datetime, data: AlertData, now: datetime
    ) -> tuple[bool, int | None, str, Answer | None]:
        if chat := _CHATS.get(destination.format):
            body = encode(chat(data))
            headers = {"content-type": "application/json", "user-agent": "Syncline"}
        else:
            body = alert_event(id_, at, data)
            headers = {
                "content-type": "application/cloudevents+json; charset=utf-8",
                "user-agent": "Syncline",
                **signed_headers(id_, int(now.timestamp()), body, destination.signing),
            }
        url = destination.url or ""
        where = urlsplit(url).hostname or "the webhook"
        try:
            answer = await self._client.send(Request("POST", url, headers, body, where))
        except (RetriableError, ConnectorError) as error:
            return False, None, str(error), None
        words = answer.body.decode(errors="replace")
        if 300 <= answer.status < 400:
            words = f"a redirect to {answer.headers.get('location', '?')}, which is not followed"
        return answer.ok, answer.status, words, answer

    def _link(self, data: AlertData) -> str | None:
        if not self._public_url or data.alert == Alert.TEST:
            return None
        if data.correlation_id is not None:
            return f"{self._public_url}/runs/{data.correlation_id}"
        if data.instance is None:
            grown = any(s.alert == Alert.DLQ_GROWTH for s in data.streams or ())
            return f"{self._public_url}/{'dlq' if grown else 'runs'}"
        return f"{self._public_url}/dlq?instance={quote(data.instance or '', safe='')}"


def shown(text: str) -> str:
    """Return what the other side said as it may be kept and shown: no secret, one line, cut."""
    plain = _CONTROL.sub(" ", SECRETS.mask(text)).strip()
    return plain if len(plain) <= SHOWN else plain[: SHOWN - 1] + "…"


def _retry_after(answer: Answer | None) -> float | None:
    """Read `Retry-After` in seconds; its other form is rare and waits as usual."""
    text = answer.headers.get("retry-after", "") if answer else ""
    return float(text) if text.isascii() and text.isdigit() else None
