"""Comparing configuration, and the rule that keeps stored secrets where they were given for."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest

from syncline.domain.configuration.comparison import compare, kept_secrets
from syncline.domain.configuration.documents import (
    MASK,
    InstanceConfig,
    MappingConfig,
    ProfileConfig,
    TenantConfiguration,
)
from syncline.domain.errors import InvalidInputError

SHOP = ProfileConfig(
    name="shop",
    connector="http",
    config={"baseUrl": "https://shop", "timeout": 5},
    secrets={"token": "t0p"},
    secret_sources={"token": {"fromEnv": "TOKEN"}},
)


def profiles(*found: ProfileConfig) -> TenantConfiguration:
    return TenantConfiguration({p.name: p for p in found})


def changed(profile: ProfileConfig, **new: Any) -> ProfileConfig:
    return dataclasses.replace(profile, **new)


def actions(wanted: TenantConfiguration, stored: TenantConfiguration) -> list[str]:
    return [step.action for step in compare(wanted, stored)]


def test_compare_tells_new_changed_and_same() -> None:
    wanted = profiles(SHOP, changed(SHOP, name="erp"), changed(SHOP, name="wms", active=False))
    stored = profiles(SHOP, changed(SHOP, name="wms"))
    assert actions(wanted, stored) == ["unchanged", "created", "changed"]


def test_compare_never_shows_a_secret() -> None:
    (step,) = compare(profiles(changed(SHOP, secrets={"token": "n3w"})), profiles(SHOP))
    assert [(d.path, d.old, d.new) for d in step.differences] == [("$.secrets.token", MASK, MASK)]
    assert "n3w" not in repr(step)
    assert "t0p" not in repr(SHOP)


def test_compare_takes_a_mask_for_unchanged() -> None:
    wanted = changed(SHOP, secrets={"token": MASK}, secret_sources={})
    assert actions(profiles(wanted), profiles(SHOP)) == ["unchanged"]


def test_compare_takes_numbers_by_value_and_booleans_for_themselves() -> None:
    def mapping(value: object) -> TenantConfiguration:
        return TenantConfiguration(mappings={"m": MappingConfig(name="m", document={"v": value})})

    assert actions(mapping(0.1), mapping(Decimal("0.1"))) == ["unchanged"]
    assert actions(mapping(100.0), mapping(100)) == ["unchanged"]
    assert actions(mapping(True), mapping(1)) == ["changed"]


def test_compare_puts_what_others_build_on_first() -> None:
    wanted = TenantConfiguration(
        {"shop": SHOP},
        {"m": MappingConfig(name="m", document={})},
        {"i": InstanceConfig(name="i", source="shop", target="shop", mappings=("m",))},
    )
    assert [s.kind.value for s in compare(wanted, TenantConfiguration())] == [
        "Profile",
        "Mapping",
        "Instance",
    ]


def test_kept_secret_is_the_stored_one() -> None:
    wanted = changed(SHOP, config=SHOP.config | {"timeout": 9}, secrets={"token": MASK})
    assert kept_secrets(wanted, SHOP)[0] == {"token": "t0p"}


@pytest.mark.parametrize(
    "new",
    [
        {"config": SHOP.config | {"baseUrl": "https://evil"}},
        {"config": SHOP.config | {"oauth": {"tokenUrl": "https://evil"}}},
        {"connector": "postgresql"},
    ],
    ids=["host", "nested", "connector"],
)
def test_kept_secret_cannot_be_sent_elsewhere(new: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="give the secrets again"):
        kept_secrets(changed(SHOP, secrets={"token": MASK}, **new), SHOP)


def test_secret_given_again_may_go_elsewhere() -> None:
    wanted = changed(SHOP, config={"baseUrl": "https://new"})
    assert kept_secrets(wanted, SHOP)[0] == {"token": "t0p"}


def test_mask_without_a_stored_secret_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"\$\.secrets\.token"):
        kept_secrets(changed(SHOP, secrets={"token": MASK}), None)
