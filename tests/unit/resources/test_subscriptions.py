"""Subscriptions in files: what goes together, what is a secret, what stays and what goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncline.domain.configuration.comparison import compare
from syncline.domain.configuration.documents import (
    InstanceConfig,
    Kind,
    ProfileConfig,
    TenantConfiguration,
)
from syncline.domain.notification.subscription import SubscriptionConfig
from syncline.resources.checks import check
from syncline.resources.export import documents, to_yaml
from syncline.resources.loader import DocumentSet, load
from syncline.resources.plan import unwanted, users_of

SIGNING = "whsec_" + "QUJD" * 8
CHANNEL = "https://hooks.slack.com/services/T0/B0/canary"
ENV = {"OPS_SIGNING": SIGNING, "OPS_URL": CHANNEL, "SHORT": "whsec_QUJD", "WORD": "canary"}
HOOK = "url: https://example.com/hook\n"
MAIL = "addresses: [ops@example.com]\n"
SLACK = "format: slack\nsecrets: {url: {fromEnv: OPS_URL}}\n"
STORED_HOOK = SubscriptionConfig(
    name="ops", url="https://example.com/hook", secrets={"signing": "whsec_made"}
)
STORED_SLACK = SubscriptionConfig(name="ops", format="slack", secrets={"url": CHANNEL})
STORED_MAIL = SubscriptionConfig(name="ops", addresses=("ops@example.com",))


def written(folder: Path, rest: str) -> DocumentSet:
    (folder / "a.yaml").write_text(f"kind: Subscription\nname: ops\n{rest}")
    return load([str(folder / "a.yaml")], ENV)


def having(*subscriptions: SubscriptionConfig) -> TenantConfiguration:
    return TenantConfiguration(subscriptions={each.name: each for each in subscriptions})


def said(loaded: DocumentSet, stored: TenantConfiguration | None = None) -> list[str]:
    found = check(loaded, stored or TenantConfiguration())
    return [f"{mistake.path}: {mistake.message}" for mistake in found]


@pytest.mark.parametrize("rest", [HOOK, MAIL, SLACK, HOOK + "events: ['not_synced:24']\n"])
def test_good_ones_have_no_mistakes(tmp_path: Path, rest: str) -> None:
    assert said(written(tmp_path, rest)) == []


@pytest.mark.parametrize(
    ("rest", "mistake"),
    [
        ("", "$.url: is required, or `addresses` for e-mail"),
        (HOOK + MAIL, "$.url: stands beside `addresses`"),
        (MAIL + SLACK, "$.secrets.url: stands beside `addresses`"),
        (MAIL + "format: teams\n", "$.format: is of a webhook"),
        (HOOK + "format: slack\n", "$.url: who knows this address can post there"),
        ("format: teams\n", "$.secrets.url: is required"),
        ("secrets: {url: {fromEnv: OPS_URL}}\n", "$.secrets.url: is of Slack and Teams"),
        (SLACK.replace("OPS_URL", "WORD"), "$.secrets.url: must be an address"),
        (SLACK.replace("OPS_URL", "NONE"), "$.secrets.url: the environment variable NONE is not"),
        (MAIL + "secrets: {signing: {fromEnv: OPS_SIGNING}}\n", "$.secrets.signing: only webhooks"),
        (HOOK + "secrets: {signing: {fromEnv: WORD}}\n", "$.secrets.signing: must be `whsec_`"),
        (HOOK + "secrets: {signing: {fromEnv: SHORT}}\n", "$.secrets.signing: must be `whsec_`"),
        (HOOK + f"secrets: {{signing: {SIGNING}}}\n", "$.secrets.signing: must be a reference"),
        (HOOK + "secrets: {token: {fromEnv: WORD}}\n", "$.secrets.token: unknown secret"),
        (HOOK + "secrets: {signing: '***'}\n", "$.secrets.signing: there is no stored secret"),
        (HOOK + "events: [run_faild]\n", "$.events[0]: must be run_failed"),
        (HOOK + "events: []\n", "$.events: choose at least one"),
        ("addresses: [ops]\n", "$.addresses[0]: must be an address such as"),
        ("addresses: [a@x.de, A@x.de]\n", "$.addresses: names one twice"),
        ("addresses: []\n", "$.addresses: name 1 to 20"),
        (HOOK + "instances: [shop]\n", "$.instances[0]: there is no instance 'shop'"),
    ],
)
def test_what_does_not_go_together_is_said_without_a_secret(
    tmp_path: Path, rest: str, mistake: str
) -> None:
    found = said(written(tmp_path, rest))
    assert any(mistake in one for one in found), found
    assert not any("canary" in one or SIGNING in one for one in found)


def test_one_mistake_is_said_once(tmp_path: Path) -> None:
    assert len(said(written(tmp_path, SLACK.replace("OPS_URL", "NONE")))) == 1


@pytest.mark.parametrize(
    ("rest", "stored", "mistake"),
    [
        (MAIL, STORED_HOOK, "$.addresses: cannot change from 'webhook'"),
        (HOOK, STORED_MAIL, "$.url: cannot change from 'email'"),
    ],
)
def test_a_webhook_never_becomes_e_mail(
    tmp_path: Path, rest: str, stored: SubscriptionConfig, mistake: str
) -> None:
    assert said(written(tmp_path, rest), having(stored)) == [
        f"{mistake}: make another subscription"
    ]


@pytest.mark.parametrize(
    ("rest", "stored"),
    [
        (HOOK, STORED_HOOK),
        (HOOK + "secrets: {signing: '***'}\n", STORED_HOOK),
        (SLACK, STORED_SLACK),
        ("format: slack\nsecrets: {url: '***'}\n", STORED_SLACK),
        (MAIL, STORED_MAIL),
    ],
)
def test_what_is_stored_already_is_no_change(
    tmp_path: Path, rest: str, stored: SubscriptionConfig
) -> None:
    loaded = written(tmp_path, rest)
    assert said(loaded, having(stored)) == []
    assert [step.action for step in compare(loaded, having(stored))] == ["unchanged"]


def test_another_signing_secret_is_a_change_that_shows_neither(tmp_path: Path) -> None:
    loaded = written(tmp_path, HOOK + "secrets: {signing: {fromEnv: OPS_SIGNING}}\n")
    (step,) = compare(loaded, having(STORED_HOOK))
    assert step.action == "changed"
    assert [(d.path, d.old, d.new) for d in step.differences] == [
        ("$.secrets.signing", "***", "***")
    ]


def test_export_is_short_and_names_no_secret() -> None:
    stored = having(STORED_HOOK)
    assert documents(stored) == [
        {"kind": "Subscription", "name": "ops", "url": "https://example.com/hook"}
    ]
    text = to_yaml(documents(having(STORED_SLACK)))
    assert "fromEnv: OPS_URL" in text
    assert "canary" not in text
    assert "canary" not in repr(STORED_SLACK)


@pytest.mark.parametrize("stored", [STORED_HOOK, STORED_SLACK, STORED_MAIL])
def test_export_loads_as_what_was_exported(tmp_path: Path, stored: SubscriptionConfig) -> None:
    (tmp_path / "copy.yaml").write_text(to_yaml(documents(having(stored))))
    loaded = load([str(tmp_path / "copy.yaml")], ENV)
    assert said(loaded, having(stored)) == []
    assert [step.action for step in compare(loaded, having(stored))] == ["unchanged"]


def test_prune_leaves_subscriptions_alone_where_the_files_hold_none(tmp_path: Path) -> None:
    profile = ProfileConfig(name="erp", connector="http")
    stored = TenantConfiguration({"erp": profile}, subscriptions={"ops": STORED_HOOK})
    assert unwanted(TenantConfiguration(), stored) == [(Kind.PROFILE, "erp")]
    other = having(SubscriptionConfig(name="people", addresses=("ops@example.com",)))
    assert unwanted(other, stored) == [(Kind.PROFILE, "erp"), (Kind.SUBSCRIPTION, "ops")]


def test_an_instance_is_in_use_by_who_is_told_of_it() -> None:
    instance = InstanceConfig(name="shop", source="a", target="b")
    limited = SubscriptionConfig(name="ops", addresses=("a@x.de",), instances=("shop",))
    stored = TenantConfiguration(
        instances={"shop": instance}, subscriptions={"ops": limited, "all": STORED_MAIL}
    )
    assert users_of(stored, Kind.INSTANCE, "shop") == ["subscription 'ops'"]
