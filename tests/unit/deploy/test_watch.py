"""Rules of Prometheus: each alert fires where it should, and leads to a paragraph that there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncline.telemetry.metrics import REGISTRY

ROOT = Path(__file__).parents[3]
WATCH = ROOT / "deploy" / "watch"
GROUPS = yaml.safe_load((WATCH / "rules.yml").read_text())["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
EXPORTED = {
    family.name + suffix
    for family in REGISTRY.collect()
    for suffix in {
        "counter": ("_total",), "info": ("_info",), "histogram": ("_bucket", "_count", "_sum"),
    }.get(family.type, ("",))
}  # fmt: skip


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def named(expression: str) -> set[str]:
    """Return the metrics that a query names."""
    return set(re.findall(r"\bsyncline[\w:]+", re.sub(r'"[^"]*"', "", expression)))


def test_promtool_finds_that_alerts_fire_where_they_should_and_nowhere_else() -> None:
    promtool = shutil.which("promtool")
    assert promtool, "Debian's package `prometheus` has it"
    command = [promtool, "test", "rules", "rules_test.yml"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=WATCH)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_both_ways() -> None:
    tests = yaml.safe_load((WATCH / "rules_test.yml").read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    names = {rule["alert"] for rule in ALERTS}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == names
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == names


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"].endswith(".")
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor in anchors(page)


def test_rules_name_metrics_that_there_are() -> None:
    used = {name for rule in RULES for name in named(rule["expr"])}
    assert used - EXPORTED - RECORDED == set()
    assert len(used) > 20
