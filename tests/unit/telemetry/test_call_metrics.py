"""What is counted of the calls of profiles: names have a bound, tenants are named if wanted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncline.telemetry.call_metrics import CallMetrics
from syncline.telemetry.metrics import METRICS, REGISTRY, BoundedValues


@pytest.fixture
def names() -> Iterator[None]:
    METRICS.has_names = True
    yield
    METRICS.has_names = False


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"syncline_{name}", labels)


def test_calls_are_counted_by_profile_and_not_by_tenant() -> None:
    calls = CallMetrics("acme", "their-shop")
    assert value("call_seconds_count", tenant="", profile="their-shop") == 0
    calls.took(400.0)
    calls.failed("timeout")
    calls.answered("503")
    labels = {"tenant": "", "profile": "their-shop"}
    assert value("call_seconds_bucket", **labels, le="300.0") == 0
    assert value("call_seconds_bucket", **labels, le="600.0") == 1
    assert value("failed_calls_total", **labels, code="timeout") == 1
    assert value("answers_total", **labels, status="503") == 1


@pytest.mark.usefixtures("names")
def test_tenants_are_named_where_that_is_chosen() -> None:
    CallMetrics("acme", "their-shop").answered("200")
    assert value("answers_total", tenant="acme", profile="their-shop", status="200") == 1


def test_a_profile_without_a_name_is_not_counted() -> None:
    calls = CallMetrics("", "")
    calls.took(1.0)
    calls.failed("timeout")
    calls.answered("200")
    assert value("call_seconds_count", tenant="", profile="") is None


def test_names_that_people_choose_have_a_bound() -> None:
    few = BoundedValues(2)
    assert [few.bounded(name) for name in ("a", "b", "c", "a", "d")] == [
        "a", "b", "others", "a", "others",
    ]  # fmt: skip
