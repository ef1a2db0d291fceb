"""A subscription to alerts: its fields, each with its check."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from syncline.domain.document_fields import CONFIG, Switch, Text
from syncline.domain.secret_holder import SecretHolder

MOST_ADDRESSES = 20
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\[\]\x00-\x1f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250})")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


def _one_line(name: str) -> str:
    if not _PLAIN.fullmatch(name) or name != name.strip():
        raise ValueError("must be 1 to 200 characters in one line")
    return name


def _each_once(texts: tuple[str, ...]) -> tuple[str, ...]:
    if len({text.lower() for text in texts}) != len(texts):
        raise ValueError("names one twice")
    return texts


def _some_events(events: tuple[str, ...]) -> tuple[str, ...]:
    if not events:
        raise ValueError(f"choose at least one of {', '.join(ALERTS)}")
    return events


def _callable_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"is no address: {error}") from None
    if parts.scheme not in ("https", "http") or not host:
        raise ValueError("must be an address such as https://example.com/hooks/syncline")
    if not url.isascii() or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError("must be at most 2,000 ASCII characters without spaces")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no user or password: the signature tells who sends it")
    if parts.fragment:
        raise ValueError("must not have a part behind #: it is never sent")
    return url


def _mail_address(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise ValueError("must be an address such as ops@example.com")
    return address


def _few(addresses: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(addresses) <= MOST_ADDRESSES:
        raise ValueError(f"name 1 to {MOST_ADDRESSES} e-mail addresses")
    return addresses


ALERTS = ("run_failed", "partial_success", "dlq_growth")
"""What one subscribes to if one does not choose; the recovery of each comes with it."""
_EVENT = re.compile(
    r"run_failed|partial_success|dlq_growth|schedule_missed"
    r"|not_synced:(?P<hours>[1-9]\d{0,3})|profile_waiting:(?P<minutes>[1-9]\d{0,4})"
)


def _event(event: str) -> str:
    if not _EVENT.fullmatch(event):
        raise ValueError(
            f"must be {', '.join(ALERTS)}, schedule_missed, not_synced:HOURS (1 to 9999), such as "
            "not_synced:24, or profile_waiting:MINUTES (1 to 99999), such as profile_waiting:15"
        )
    return event


Format = Literal["cloudevents", "slack", "teams"]
"""What a webhook is sent: a signed CloudEvent, or a message for a channel of Slack or Teams."""
Name = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]
Events = Annotated[
    tuple[Annotated[str, Field(max_length=100), AfterValidator(_event)], ...],
    Field(max_length=20, strict=False),  # requests bring lists
    AfterValidator(_some_events),
    AfterValidator(_each_once),
]
Url = Annotated[str, Field(max_length=2000), AfterValidator(_callable_url)]
_Address = Annotated[str, Field(max_length=320), AfterValidator(_mail_address)]
Addresses = Annotated[
    tuple[_Address, ...],
    Field(max_length=100, strict=False),
    AfterValidator(_few),
    AfterValidator(_each_once),
]


@dataclass(frozen=True, kw_only=True)
class SubscriptionSettings:
    """A subscription without its secrets."""

    __pydantic_config__ = CONFIG

    name: Annotated[Name, Field(description="Unique: one line of at most 200 characters.")]
    url: Annotated[Url | None, Field(description="Address of a webhook.")] = None
    format: Annotated[Format, Field(description="What a webhook is sent.")] = "cloudevents"
    addresses: Annotated[
        Addresses, Field(description="E-mail addresses, in place of a webhook.")
    ] = ()
    events: Annotated[Events, Field(description="Which alerts; their recovery comes with it.")] = (
        ALERTS
    )
    instances: Annotated[
        tuple[Text, ...], Field(max_length=200, description="Their names; none: all.")
    ] = ()
    active: Annotated[Switch, Field(description="Whether anything is sent.")] = True

    @property
    def medium(self) -> str:
        """What it sends by: `email` or `webhook`."""
        return "email" if self.addresses else "webhook"


@dataclass(frozen=True, kw_only=True, repr=False)
class SubscriptionConfig(SubscriptionSettings, SecretHolder):
    """A subscription with its secrets.

    `signing` signs a webhook of CloudEvents; `url` is the address of a channel of Slack or Teams:
    whoever knows it can post there.
    """

    made_secrets: ClassVar[frozenset[str]] = frozenset({"signing"})

    @property
    def is_signed(self) -> bool:
        return self.medium == "webhook" and self.format == "cloudevents"

    @property
    def webhook_url(self) -> str | None:
        """A webhook's address, wherever it is given."""
        return self.url or self.secrets.get("url")
