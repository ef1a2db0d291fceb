"""Export: documents that load again as they were, without a secret in them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from syncline.domain.configuration.comparison import compare
from syncline.domain.configuration.documents import (
    InstanceConfig,
    MappingConfig,
    ProfileConfig,
    TenantConfiguration,
)
from syncline.domain.failure_budget import FailureBudget
from syncline.resources.export import documents, to_yaml
from syncline.resources.loader import load
from syncline.resources.yaml_core import read_all

ENV = {"ERP_PASSWORD": "s3cret"}


def test_export_loads_as_what_was_exported(good: Path, tmp_path: Path) -> None:
    stored = load([str(good)], ENV)
    copy = tmp_path / "copy.yaml"
    copy.write_text(to_yaml(documents(stored)))
    steps = compare(load([str(copy)], ENV), stored)
    assert [step.action for step in steps] == ["unchanged"] * 3


def test_a_failure_budget_comes_out_as_it_was_written(tmp_path: Path) -> None:
    budget = FailureBudget(percent=5)
    instance = InstanceConfig(name="i", source="a", target="b", failure_budget=budget)
    (document,) = documents(TenantConfiguration(instances={"i": instance}))
    assert document["failureBudget"] == {"percent": 5}
    copy = tmp_path / "copy.yaml"
    copy.write_text(to_yaml([document]))
    assert load([str(copy)], {}).instances["i"] == instance


def test_export_names_the_secret_and_not_its_value(good: Path) -> None:
    text = to_yaml(documents(load([str(good)], ENV)))
    assert "fromEnv: ERP_PASSWORD" in text
    assert "s3cret" not in text


def test_export_invents_a_variable_for_a_secret_given_by_hand() -> None:
    profile = ProfileConfig(name="my shop", connector="http", secrets={"apiKey": "t0p"})
    (document,) = documents(TenantConfiguration({"my shop": profile}))
    assert document["secrets"] == {"apiKey": {"fromEnv": "MY_SHOP_API_KEY"}}


@pytest.mark.parametrize(
    "value", ["no", "1e5", "007", "12:30", "", "true", "2024-01-01", " padded", 1.5, 10**20, True]
)
def test_values_survive_the_round_trip(value: object) -> None:
    document = {"static": [{"target": "x", "value": value}]}
    text = to_yaml([document])
    assert read_all(text)[0].value == document


def test_keys_come_in_reading_order() -> None:
    document = {"transformation": {"fields": []}, "extraction": {}, "entityType": "item"}
    mapping = MappingConfig(name="m", document=document)
    (found,) = documents(TenantConfiguration(mappings={"m": mapping}))
    assert list(found) == ["kind", "name", "entityType", "extraction", "transformation"]


def test_decimals_of_the_database_come_out_as_numbers() -> None:
    mapping = MappingConfig(name="m", document={"a": Decimal("1.50"), "b": Decimal(2)})
    assert documents(TenantConfiguration(mappings={"m": mapping}))[0] | {} == {
        "kind": "Mapping",
        "name": "m",
        "a": 1.5,
        "b": 2,
    }
