"""What sends notifications, made from the settings."""

from __future__ import annotations

from syncline.actions.notifications.email import Mailer, Smtp
from syncline.actions.notifications.senders import Senders
from syncline.bootstrap.settings import Settings
from syncline.connectors.addresses import AllowedAddresses
from syncline.domain.access import DEFAULT_TENANT
from syncline.runtime.clock import Clock


def senders_of(settings: Settings, clock: Clock) -> Senders:
    """Return the senders of this installation; close them at the end."""
    smtp = Smtp(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_tls,
        settings.smtp_user,
        settings.smtp_password.get_secret_value(),
        settings.smtp_from,
    )
    allowed = AllowedAddresses.of(settings.surroundings(DEFAULT_TENANT))
    return Senders(allowed, Mailer(smtp), settings.public_url or "", clock)
