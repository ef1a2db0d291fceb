"""What of a subscription goes together: a webhook or addresses, and which secrets belong to it."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Iterator

from syncline.domain.configuration.comparison import kept_secrets
from syncline.domain.configuration.documents import MASK
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.notification.subscription import SubscriptionConfig, Url
from syncline.domain.validation_errors import validated

_LEAST, _MOST = 24, 64
"""Bytes of a signing secret, as Standard Webhooks has them."""
_PREFIX = "whsec_"


def subscription_problems(
    config: SubscriptionConfig, stored: SubscriptionConfig | None
) -> Iterator[Problem]:
    """Yield what cannot be stored of a subscription; no secret is repeated."""
    try:
        secrets, _ = kept_secrets(config, stored)
    except InvalidInputError as error:
        yield from error.problems
        return
    whole = dataclasses.replace(config, secrets=secrets)
    if stored is not None and stored.medium != whole.medium:
        path = "$.addresses" if whole.addresses else "$.url"
        yield Problem(path, f"cannot change from {stored.medium!r}: make another subscription")
    yield from _email_problems(whole) if whole.addresses else _webhook_problems(whole)
    yield from _secret_problems(config)


def _email_problems(config: SubscriptionConfig) -> Iterator[Problem]:
    if config.webhook_url:
        path = "$.url" if config.url else "$.secrets.url"
        yield Problem(path, "stands beside `addresses`: give one of them")
    if config.format != "cloudevents":
        yield Problem("$.format", "is of a webhook, and there are `addresses`")


def _webhook_problems(config: SubscriptionConfig) -> Iterator[Problem]:
    if config.is_signed and not config.url:
        yield Problem("$.url", "is required, or `addresses` for e-mail")
    if config.is_signed and "url" in config.secrets:
        yield Problem("$.secrets.url", "is of Slack and Teams: give a webhook's address as `url`")
    if not config.is_signed and config.url:
        words = "who knows this address can post there: give it by reference, as `secrets.url`"
        yield Problem("$.url", words)
    elif not config.is_signed and "url" not in config.secrets:
        yield Problem("$.secrets.url", "is required: the address of the channel")


def _secret_problems(config: SubscriptionConfig) -> Iterator[Problem]:
    """Look at the secrets that the document gives; one that is stored was looked at then."""
    for name in sorted(config.secrets.keys() - {"signing", "url"}):
        yield Problem(f"$.secrets.{name}", "unknown secret; there are `signing` and `url`")
    given = {name: secret for name, secret in config.secrets.items() if secret != MASK}
    if "signing" in config.secrets and not config.is_signed:
        yield Problem("$.secrets.signing", "only webhooks of the format `cloudevents` are signed")
    elif "signing" in given and not _is_signing(given["signing"]):
        words = f"must be `{_PREFIX}` and {_LEAST} to {_MOST} bytes in base64"
        yield Problem("$.secrets.signing", words)
    if "url" in given and not _is_url(given["url"]):
        yield Problem("$.secrets.url", "must be an address such as https://hooks.example.com/T0/B0")


def _is_signing(secret: str) -> bool:
    if not secret.startswith(_PREFIX):
        return False
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):  # no base64, or no ASCII
        return False
    return _LEAST <= len(key) <= _MOST


def _is_url(url: str) -> bool:
    try:
        validated(Url, url)
    except InvalidInputError:  # its words would repeat the address
        return False
    return True
