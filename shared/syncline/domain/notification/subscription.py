"""The fields of a subscription to alerts, each with its check, and what is stored of them."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from pydantic import AfterValidator, Field

MOST_ADDRESSES = 20
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\[\]\x00-\x1f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250})")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


def _one_line(name: str) -> str:
    if not _PLAIN.fullmatch(name) or name != name.strip():
        raise ValueError("must be 1 to 200 characters in one line")
    return name


def _each_once(texts: list[str]) -> list[str]:
    if len({text.lower() for text in texts}) != len(texts):
        raise ValueError("names one twice")
    return texts


def _some_events(events: list[str]) -> list[str]:
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


def _few(addresses: list[str]) -> list[str]:
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
    list[Annotated[str, Field(max_length=100), AfterValidator(_event)]],
    Field(max_length=20),
    AfterValidator(_some_events),
    AfterValidator(_each_once),
]
Url = Annotated[str, Field(max_length=2000), AfterValidator(_callable_url)]
_Address = Annotated[str, Field(max_length=320), AfterValidator(_mail_address)]
Addresses = Annotated[
    list[_Address], Field(max_length=100), AfterValidator(_few), AfterValidator(_each_once)
]


class SubscriptionConfig(msgspec.Struct, frozen=True, rename="camel"):
    """A subscription as a person sets it up.

    Attributes:
        kind: webhook or email.
        events: some of ALERTS, or `not_synced:24` (hours), `schedule_missed`,
            `profile_waiting:15` (minutes).
        format: of a webhook.
        instances: names; none means all.
    """

    name: str
    kind: str
    events: tuple[str, ...]
    url: str | None = None
    addresses: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    active: bool = True
    format: Format = "cloudevents"
