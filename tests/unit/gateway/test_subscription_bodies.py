"""Mistakes of a subscription are named, each with its path."""

from __future__ import annotations

import pytest

from syncline.domain.errors import InvalidInputError
from syncline.domain.validation_errors import validated
from syncline_gateway.routes.email_subscriptions import EmailBody
from syncline_gateway.routes.webhooks import WebhookBody
from syncline_gateway.subscriptions import SubscriptionBody

EVENTS = ["run_failed"]
Given = tuple[type[SubscriptionBody], dict[str, object]]


def hook(url: str, **more: object) -> Given:
    return WebhookBody, {"name": "ops", "url": url} | more


def mail(*addresses: str) -> Given:
    return EmailBody, {"name": "ops", "addresses": list(addresses)}


@pytest.mark.parametrize(
    "config",
    [
        hook("https://example.com/hook?channel=7"),
        hook("http://10.1.2.3:8080/"),
        hook("https://[2001:db8::1]/x", instances=["erp-shop"]),
        hook("https://hooks.slack.com/services/T/B/x", format="slack"),
        hook("https://x", events=["not_synced:24", "schedule_missed", "profile_waiting:15"]),
        mail("ops@example.com", "o'brien+x@mail.example.org"),
    ],
)
def test_what_is_right(config: Given) -> None:
    validated(*config)


@pytest.mark.parametrize(
    ("config", "path"),
    [
        (hook(""), "$.url"),
        (hook("example.com/hook"), "$.url"),
        (hook("ftp://example.com"), "$.url"),
        (hook("https://user:secret@example.com/"), "$.url"),
        (hook("https://example.com/a b"), "$.url"),
        (hook("https://example.com/\r\nx-evil: 1"), "$.url"),
        (hook("https://example.com/#part"), "$.url"),
        (hook("https://example.com:99999/"), "$.url"),
        (hook("https://[::1/"), "$.url"),
        (hook("https://example.com/" + "x" * 2000), "$.url"),
        (hook("https://example.com", name=""), "$.name"),
        (hook("https://example.com", name="two\nlines"), "$.name"),
        (hook("https://example.com", events=[]), "$.events"),
        (hook("https://example.com", events=["recovered"]), "$.events[0]"),
        (hook("https://example.com", events=EVENTS * 2), "$.events"),
        (hook("https://example.com", events=["not_synced"]), "$.events[0]"),
        (hook("https://example.com", events=["not_synced:0"]), "$.events[0]"),
        (hook("https://example.com", events=["profile_waiting:1h"]), "$.events[0]"),
        (hook("https://example.com", format="irc"), "$.format"),
        (mail(), "$.addresses"),
        (mail("ops"), "$.addresses[0]"),
        (mail("a@example.com", "ops@example.com\r\nBcc: x@example.com"), "$.addresses[1]"),
        (mail("a@example.com", "A@example.com"), "$.addresses"),
        (mail(*(f"a{n}@example.com" for n in range(21))), "$.addresses"),
    ],
)
def test_what_is_wrong(config: Given, path: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        validated(*config)
    assert [problem.path for problem in refused.value.problems] == [path]
