"""The rules of a subscription to alerts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.notification.incident import SUBSCRIBED

MOST_ADDRESSES = 20
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\[\]\x00-\x1f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250})")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


class SubscriptionConfig(msgspec.Struct, frozen=True, rename="camel"):
    """A subscription as a person sets it up.

    Attributes:
        kind: webhook or email.
        events: run_failed, partial_success, dlq_growth; the recovery of each is included.
        instances: names; none means all.
    """

    name: str
    kind: str
    events: tuple[str, ...]
    url: str | None = None
    addresses: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    active: bool = True


def check_subscription(config: SubscriptionConfig) -> None:
    """Raise InvalidInputError that names every mistake."""
    problems = list(_problems(config))
    if problems:
        raise InvalidInputError(problems)


def _problems(config: SubscriptionConfig) -> Iterator[Problem]:
    if not _PLAIN.fullmatch(config.name) or config.name != config.name.strip():
        yield Problem("$.name", "must be 1 to 200 characters in one line")
    known = [str(alert) for alert in SUBSCRIBED]
    if not config.events:
        yield Problem("$.events", f"choose at least one of {', '.join(known)}")
    for place, event in enumerate(config.events):
        if event not in known:
            yield Problem(f"$.events[{place}]", f"must be one of {', '.join(known)}")
    if len(set(config.events)) != len(config.events):
        yield Problem("$.events", "names one twice")
    if config.kind == "webhook":
        yield from _url_problems(config.url or "")
    else:
        yield from _address_problems(config.addresses)


def _url_problems(url: str) -> Iterator[Problem]:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        yield Problem("$.url", f"is no address: {error}")
        return
    if parts.scheme not in ("https", "http") or not host:
        yield Problem("$.url", "must be an address such as https://example.com/hooks/syncline")
    elif not url.isascii() or re.search(r"[\s\x00-\x1f\x7f]", url) or len(url) > 2000:
        yield Problem("$.url", "must be at most 2,000 ASCII characters without spaces")
    elif parts.username is not None or parts.password is not None:
        yield Problem("$.url", "must hold no user or password: the signature proves who sends it")
    elif parts.fragment:
        yield Problem("$.url", "must not have a part after #: it is never sent")


def _address_problems(addresses: Sequence[str]) -> Iterator[Problem]:
    if not 1 <= len(addresses) <= MOST_ADDRESSES:
        yield Problem("$.addresses", f"name 1 to {MOST_ADDRESSES} e-mail addresses")
    for place, address in enumerate(addresses):
        if not _ADDRESS.fullmatch(address):
            yield Problem(f"$.addresses[{place}]", "must be an address such as ops@example.com")
    if len({a.lower() for a in addresses}) != len(addresses):
        yield Problem("$.addresses", "names one twice")
