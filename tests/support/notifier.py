"""A notifier on one database: its subscriptions, its deliveries, and the stage that decides."""

from __future__ import annotations

from uuid import uuid4

from syncline.actions.notifications.email import Mailer, Smtp
from syncline.actions.notifications.senders import Senders
from syncline.connectors.addresses import AllowedAddresses
from syncline.domain.notification.incident import AlertTiming
from syncline.domain.notification.subscription import SubscriptionConfig
from syncline.postgres.database.database import Database
from syncline.postgres.notifications.alert_states import Alerting
from syncline.postgres.notifications.deliveries import Deliveries
from syncline.postgres.notifications.subscriptions import Subscriptions
from syncline.runtime.clock import SystemClock
from syncline.security.secrets import Keyring, generate_key
from syncline.security.signature import new_signing_secret
from syncline_notifier.deliveries import DeliverySender
from syncline_notifier.handler import NotifierHandler

EVENTS = ("run_failed", "partial_success", "dlq_growth")


async def confirm_all(database: Database) -> None:
    """Let the owners of all addresses of subscriptions have confirmed them."""
    await database.execute(
        "insert into mail_addresses (tenant, address, confirmed_at) select distinct s.tenant, "
        "lower(a), now() from subscriptions s, unnest(s.addresses) a on conflict do nothing"
    )


class Notifier:
    """A notifier process, or several, on one database."""

    def __init__(self, database: Database, smtp: Smtp) -> None:
        self.database = database
        self.keys = Keyring.parse(generate_key())
        self.subscriptions = Subscriptions(database, self.keys)
        self.deliveries = Deliveries(database, self.keys)
        self.smtp = smtp
        self.allowed: tuple[str, ...] = ("127.0.0.0/8",)
        self._all_senders: list[Senders] = []

    def sender(self) -> DeliverySender:
        clock = SystemClock()
        senders = Senders(
            AllowedAddresses(self.allowed),
            Mailer(self.smtp),
            "https://syncline.example.com/",
            clock,
        )
        self._all_senders.append(senders)
        return DeliverySender(self.deliveries, senders, clock)

    def stage(self, threshold: int = 4) -> NotifierHandler:
        alerting = Alerting(self.database, AlertTiming(window=0, hold=0, flaps=0))
        return NotifierHandler(alerting, self.sender(), threshold, SystemClock())

    async def webhook(self, url: str, *events: str, **more: object) -> str:
        secret = new_signing_secret()
        fields = {"name": f"hook-{uuid4()}", "url": url} | more
        config = SubscriptionConfig(events=events or EVENTS, **fields)  # type: ignore[arg-type]
        await self.subscriptions.create("default", "test", config, secret)
        return secret

    async def mail(self, *addresses: str) -> str:
        config = SubscriptionConfig(name="people", events=EVENTS, addresses=addresses)
        id_ = await self.subscriptions.create("default", "test", config, None)
        await confirm_all(self.database)
        return id_

    async def deliver(self) -> int:
        """Deliver what is due, and what would be due later, now."""
        await self.database.execute("update deliveries set next_at = now() where holder is null")
        return await self.sender().deliver_due()

    async def states(self) -> list[tuple[str, int]]:
        rows = await self.database.fetch("select state, attempts from deliveries order by id")
        return [(row["state"], row["attempts"]) for row in rows]

    async def answers(self) -> list[str]:
        rows = await self.database.fetch("select tries from deliveries order by id")
        return [row["tries"][-1]["answer"] for row in rows]

    async def close(self) -> None:
        for senders in self._all_senders:
            await senders.close()
